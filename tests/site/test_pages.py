"""Pages are run as sessions: what they tell a reader to type works, and prints what they show.

    EOCANVAS_APPLY_RECORD=1 .venv/bin/python -m pytest tests/site/test_pages.py

writes what the commands print now into the pages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.end_to_end.tool import QUICK
from tests.peers.environment import EOCANVAS, openssl_path
from tests.site.internet import Internet, internet
from tests.site.page_session import PageSession, Step, agrees, recorded, steps

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    "get-started.md",
    "from-notebooks.md",
    "first-campaign.md",
    "troubleshooting.md",
    "json-output.md",
    *sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "storages").glob("[a-z]*.md")),
)
BIN = Path(sys.executable).parent
# On this page `python` has the official client.
OFFICIAL = "from-notebooks.md"
HURRIED = Path(__file__).parent / "hurried"


@pytest.fixture(name="outside")
def _outside(tmp_path: Path) -> Iterator[Internet]:
    with internet(tmp_path / "internet") as outside:
        yield outside


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_and_prints_what_it_shows(page: str, outside: Internet, tmp_path: Path) -> None:
    path = DOCS / page
    text = path.read_text(encoding="utf-8")
    environ = {"PATH": _path(BIN, os.environ["PATH"]), "LANG": "C.UTF-8", **QUICK, **outside.environ}
    if page == OFFICIAL:
        environ |= _official(environ, tmp_path)
    ran = PageSession(text, tmp_path, environ).run()
    if os.environ.get("EOCANVAS_APPLY_RECORD"):
        path.write_text(recorded(text, ran), encoding="utf-8")
        return
    for step, printed in ran:
        assert step.printed is None or agrees(step.printed, printed), _told(step, printed)


def _told(step: Step, printed: str) -> str:
    shown = (step.printed or "").splitlines()
    return f"{step.text}\n" + "\n".join(unified_diff(shown, printed.splitlines(), "shown", "printed", lineterm=""))


def _official(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the variables with which `python` is that of the official client, which needs a program openssl too."""
    tools = folder / "tools"
    tools.mkdir()
    path = _path(EOCANVAS.python().parent, BIN, openssl_path(tools), environ["PATH"])
    return {"PATH": path, "PYTHONPATH": str(HURRIED), "REQUESTS_CA_BUNDLE": environ["SSL_CERT_FILE"]}


def _path(*places: object) -> str:
    return os.pathsep.join(map(str, places))


SHOWN = "Plan: 1 to create.\n\n12:00:01 key.a created baltic-a-1-abcdef until 2026-12-04 12:00 UTC\n"


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        (SHOWN, True),
        (SHOWN.replace("12:0", "09:1").replace("abcdef", "x7k2q9"), True),
        (SHOWN.replace("key.a", "key.b"), False),
        (SHOWN + "1 warning\n", False),
    ],
)
def test_only_ids_and_times_may_differ(printed: str, same: bool) -> None:
    assert agrees(SHOWN, printed) is same
    assert agrees("Plan: 1 to create.\n...\n", printed)
    assert not agrees("...\nApplied.\n", printed)


def test_a_page_whose_command_fails_would_be_found(tmp_path: Path) -> None:
    page = "```sh\ntrue\n```\n\n```sh\nfalse  # exit code 1\n[ -e a.txt ]\n```\n"
    with pytest.raises(AssertionError, match="exit 1 in"):
        PageSession(page, tmp_path, {"PATH": os.environ["PATH"]}).run()


def test_the_steps_of_a_page() -> None:
    page = '```yaml title="a.yaml"\na: 1\n```\n```sh title="Install"\nno\n```\n'
    page += "```sh\ncat a.yaml\n```\n\n```text\na: 1\n```\n"
    assert [(step.title, step.text, step.printed) for step in steps(page)] == [
        ("a.yaml", "a: 1\n", None),
        ("", "cat a.yaml\n", "a: 1\n"),
    ]
