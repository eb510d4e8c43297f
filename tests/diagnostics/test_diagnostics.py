"""Every folder here is a manifest with its files and the findings that it must give, all and only those.

Campaigns are expanded too; `search.json` holds the products of the catalogue, each found by a query whose fields it
has, and the day of the run is 2024-07-05. `environment.txt` names the environment. Several `*.eocanvas.yaml` are one
manifest.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import eocanvas_apply
from eocanvas_apply.campaign.expansion import expand
from eocanvas_apply.campaign.job_points import with_points
from eocanvas_apply.checks.checking import check, check_rows
from eocanvas_apply.diagnostics import Diagnostic, error, has_errors
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains
from eocanvas_apply.manifest.loading import load_layers
from eocanvas_apply.manifest_sources import PATTERN, Source

HERE = Path(__file__).parent
CASES = sorted({path.parent.name for name in ("manifest.yaml", PATTERN) for path in HERE.glob(f"*/{name}")})
ROOMS = ("documents", "manifest", "checks")
NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
# Reported by the command line, not about a text; about texts that are too long for a folder (tests/fuzz); and where the
# service says something of a text (tests/cli/test_validate_online.py).
ELSEWHERE = {
    *("ambiguous-address", "unknown-address"),
    *("yaml-too-large", "manifest-too-long"),
    *("process-input-missing", "process-input-unknown", "process-input-value"),
}


class Archive:
    """A catalogue that is a file."""

    def __init__(self, folder: Path) -> None:
        file = folder / "search.json"
        self.products = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        return [each for each in self.products if query.items() <= each.items()][:limit]


def found_in(folder: Path) -> list[dict[str, Any]]:
    def read(written: str) -> bytes:
        try:
            return (folder / written).read_bytes()
        except OSError:
            raise ManifestError(error("file-missing", f"there is no file {written}")) from None

    chosen = folder / "environment.txt"
    environment = chosen.read_text(encoding="utf-8").strip() if chosen.exists() else None
    files = sorted(folder.glob(PATTERN)) or [folder / "manifest.yaml"]
    loaded = load_layers((tuple(Source(each.name, each.read_bytes()) for each in files),), environment=environment)
    documents = with_points(load_graphs_and_chains(loaded, read), loaded, read)
    found = check(loaded, documents)
    if not has_errors(found):
        expansion = asyncio.run(expand(loaded, read, now=NOW, search=Archive(folder).search))
        found += [*expansion.diagnostics, *check_rows(loaded, documents, expansion.instances)]
    return [as_data(each) for each in found]


def as_data(found: Diagnostic) -> dict[str, Any]:
    place = found.position
    assert place is not None, found
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "hint": found.hint,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "address": found.address,
        "snippet": found.snippet,
    }


@pytest.mark.parametrize("name", CASES)
def test_a_manifest_gives_these_findings_and_no_others(name: str) -> None:
    folder = HERE / name
    found = found_in(folder)
    if os.environ.get("EOCANVAS_APPLY_RECORD"):
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        (folder / "expected.json").write_text(text, encoding="utf-8")
    assert found == json.loads((folder / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_the_folder_shows_the_code_that_it_is_named_after(name: str) -> None:
    assert name in {each["code"] for each in json.loads((HERE / name / "expected.json").read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", CASES)
def test_no_secret_is_shown(name: str) -> None:
    assert "hunter2" not in (HERE / name / "expected.json").read_text(encoding="utf-8")


def codes_in(tree: ast.Module) -> set[str]:
    names = {"error", "warning", "Diagnostic", "PydanticCustomError", "Fault"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in names]
    first = [call.args[0] for call in calls if call.args]
    return {node.value for node in first if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_code_has_its_folder() -> None:
    package = Path(eocanvas_apply.__file__).parent
    sources = [path for room in ROOMS for path in (package / room).rglob("*.py")]
    codes = set().union(*(codes_in(ast.parse(path.read_text(encoding="utf-8"))) for path in sources))
    assert len(codes) > 40
    assert codes - ELSEWHERE - set(CASES) == set()
