"""Projects that create keys or launch jobs, and the account and secrets that they are run with."""

from __future__ import annotations

from pathlib import Path

GRAPH = """\
<graph id="bench"><version>1.0</version>
<node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
<parameters><file>$output</file></parameters></node>
</graph>
"""
SECRETS = {"BENCH_ACCESS_KEY": "A" * 32, "BENCH_SECRET_KEY": "S" * 32}
ACCOUNT = {"HDA_USER": "jane", "HDA_PASSWORD": "correct-horse"}

_KEY = """\
  k{number}:
    {{type: s3, bucket: bucket-{number}, region: waw3-2, endpoint: "https://s3.example.org",
     access_key: {{env: BENCH_ACCESS_KEY}}, secret_key: {{env: BENCH_SECRET_KEY}}}}
"""
_JOB = """\
  j{number}:
    graph: graph.xml
    inputs: {{img1: {{key: k{number}, path: "/scene-{number}.zip", uncompress: true, sub_path: xfdumanifest.xml}}}}
"""
_JOBS = """\
jobs:
  subset:
    for_each: {csv: scenes.csv}
    graph: graph.xml
    inputs: {img1: {key: eodata, path: "/${each.id}.zip", uncompress: true, sub_path: xfdumanifest.xml}}
"""


def write_keys(folder: Path, number: int) -> None:
    """Write a manifest of so many keys into a new folder."""
    _write(folder, _keys(number))


def write_keys_and_jobs(folder: Path, number: int) -> None:
    """Write a manifest of so many keys, each with a job that reads through it, into a new folder."""
    _write(folder, _keys(number) + "jobs:\n" + "".join(_JOB.format(number=i) for i in range(number)))


def write_jobs(folder: Path, number: int) -> None:
    """Write a campaign of so many jobs into a new folder."""
    _write(folder, _JOBS)
    (folder / "scenes.csv").write_text("id\n" + "".join(f"scene-{i}\n" for i in range(number)), encoding="utf-8")


def _keys(number: int) -> str:
    return "keys:\n" + "".join(_KEY.format(number=i) for i in range(number))


def _write(folder: Path, content: str) -> None:
    folder.mkdir(parents=True)
    (folder / "graph.xml").write_text(GRAPH, encoding="utf-8")
    (folder / "eocanvas.yaml").write_text(f"version: 1\nproject: bench\n{content}", encoding="utf-8")
