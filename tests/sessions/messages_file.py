"""The file of the package with what the program says for each code: recorded from the cases of tests, never written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eocanvas_apply.checks.codes import codes
from eocanvas_apply.checks.explanations import messages
from eocanvas_apply.diagnostics import Diagnostic, Position, Severity
from eocanvas_apply.render import diagnostics as render
from eocanvas_apply.render.layout import Style

TESTS = Path(__file__).parent.parent
FILE = TESTS.parent / "eocanvas_apply/checks/data/messages.toml"
_NOTE = "# Recorded by EOCANVAS_APPLY_RECORD=1 from tests/diagnostics, tests/golden and tests/sessions; change those.\n"
_STYLE = Style(width=77)


def in_folders() -> dict[str, str]:
    """Return the messages of accepted manifests and plans: of a folder named after the code first."""
    found: dict[str, str] = {}
    for command, each in _accepted():
        code = each["code"]
        block = render.text([_diagnostic(each)], _STYLE).partition("\n\n")[0]
        found.setdefault(code, f"$ eocanvas-apply {command}\n{block}")
    return found


def _accepted() -> Iterator[tuple[str, Mapping[str, Any]]]:
    files = sorted(TESTS.glob("diagnostics/*/expected.json"))
    rows = [(file, each) for file in files for each in json.loads(file.read_text(encoding="utf-8"))]
    for _, each in sorted(rows, key=lambda row: row[0].parent.name != row[1]["code"]):
        yield "validate", each
    for file in sorted(TESTS.glob("golden/*/plan.json")):
        for each in json.loads(file.read_text(encoding="utf-8"))["diagnostics"]:
            yield "plan", each


def _diagnostic(row: Mapping[str, Any]) -> Diagnostic:
    place = Position(row["file"], row["line"], row["column"]) if row["file"] else None
    return Diagnostic(
        row["code"],
        Severity(row["severity"]),
        row["message"],
        row["hint"] or "",
        position=place,
        address=row["address"],
        snippet=row.get("snippet"),
    )


def record(said: Mapping[str, str], cases: Iterable[str]) -> None:
    """Write the messages of the folders and these; those of other `cases` stay."""
    rows = {**messages(), **in_folders(), **said}
    known = {*cases, *in_folders()} & codes().keys()
    blocks = [f'{code} = """\n{_escaped(rows[code])}"""\n' for code in sorted(rows.keys() & known)]
    FILE.write_text("\n".join([_NOTE, *blocks]), encoding="utf-8")
    messages.cache_clear()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '""\\"')
