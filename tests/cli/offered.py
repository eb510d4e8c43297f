"""What a shell is offered in a project."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = """\
version: 1
project: coast
vars: {year: "2024"}
keys:
  scenes:
    type: s3
    bucket: scenes
    region: r
    endpoint: https://s3.example.org
    access_key: {command: [touch, ran]}
    secret_key: canary-secret
  tiles: {type: s3-public, bucket: b, region: r, endpoint: "https://s3.example.org"}
environments:
  prod: {}
  test: {jobs: {extra: {process: p, inputs: {a: 1}}}}
jobs:
  subset: {process: p, inputs: {a: 1}}
  tiles:
    process: p
    for_each: {csv: rows.csv, id: "${each.name}"}
    inputs: {a: "${each.name}"}
  found:
    process: p
    for_each: {hda: {dataset_id: "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___", dtstart: "2024-07-01"}}
    inputs: {a: "${each.id}"}
"""
GOOD = MANIFEST.replace("secret_key: canary-secret", "secret_key: {env: CANARY}")


@dataclass
class Offered:
    """A folder with a project, and what a shell is offered in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    imported: str = ""

    def __call__(self, line: str, *, point: int | None = None) -> dict[str, str]:
        """Return each candidate with its description."""
        out = self.folder.parent / "candidates"
        out.unlink(missing_ok=True)
        asked = {
            "COMP_LINE": line,
            "COMP_POINT": str(len(line) if point is None else point),
            "_ARGCOMPLETE": "1",
            # The form for fish quotes nothing and has descriptions.
            "_ARGCOMPLETE_SHELL": "fish",
            "_ARGCOMPLETE_DFS": "\t",
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(out),
        }
        environ = {**os.environ, "PYTHONPATH": str(ROOT), **asked, **self.environ}
        command = [sys.executable, "-m", "eocanvas_apply"]
        ended = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=60)
        assert ended.stdout == ""
        said = [each for each in ended.stderr.splitlines() if not each.startswith("import time:")]
        assert said == []
        self.imported = ended.stderr
        text = out.read_text(encoding="utf-8") if out.exists() else ""
        return {name: about for name, _, about in (each.partition("\t") for each in text.splitlines())}

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def events(self, *events: tuple[str, str], name: str = ".eocanvas/default.jsonl") -> None:
        lines = (f'{{"v": 1, "type": "{kind}", "address": {address}, "log": "..."}}\n' for kind, address in events)
        self.write(name, "".join(lines))


@pytest.fixture(name="offered")
def offered_project(tmp_path: Path) -> Offered:
    folder = tmp_path / "project"
    folder.mkdir()
    found = Offered(folder)
    found.write("eocanvas.yaml", GOOD)
    found.write("rows.csv", "name\nT32\nT33\n")
    return found
