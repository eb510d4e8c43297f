from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.entry import Entry

Captured = pytest.CaptureFixture[str]
OPENED = e.LedgerOpened(project="baltic", service="https://s", account="jane", ledger_id="1", salt="2")
WITHDRAWN = e.JobWithdrawn(address="job.a", intent="i", reason="not-sent")


def _written(folder: Path, events: Sequence[e.AnyEvent]) -> Path:
    file = folder / "ledger.jsonl"
    time = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    entries = [Entry(seq=n, time=time, writer="w", batch="b", event=event) for n, event in enumerate(events, 1)]
    asyncio.run(LocalBackend(file).append(0, entries))
    return file


def test_show_is_one_line_an_entry(tmp_path: Path, capsys: Captured) -> None:
    file = _written(tmp_path, [OPENED, e.JobDismissed(address="job.a", job_id="j-1")])
    assert main(["ledger", "show", "--ledger", str(file)]) == 0
    assert capsys.readouterr().out == (
        "     1  2026-11-23T04:00:00Z  ledger-opened project=baltic service=https://s account=jane\n"
        "     2  2026-11-23T04:00:00Z  job-dismissed job.a job_id=j-1\n"
    )


def test_show_json_holds_the_entries(tmp_path: Path, capsys: Captured) -> None:
    file = _written(tmp_path, [OPENED])
    assert main(["ledger", "show", "--ledger", str(file), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ledger"] == [json.loads(file.read_text(encoding="utf-8"))]


def test_the_environment_names_the_ledger_too(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", str(_written(tmp_path, [OPENED])))
    assert main(["ledger", "verify"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/ledger.jsonl: 1 entry, all well\n"


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([WITHDRAWN], "entry 1: a ledger begins with ledger-opened"),
        ([OPENED, OPENED], "entry 2: a ledger is opened once"),
        ([OPENED, WITHDRAWN], "entry 2: job-withdrawn without the intent before it"),
        (
            [OPENED, e.KeyDeleted(address="key.a", generation=2, name="n")],
            "entry 2: key-deleted without the intent before it",
        ),
    ],
)
def test_verify_reports_inconsistencies(
    events: Sequence[e.AnyEvent], fault: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["ledger", "verify", "--ledger", str(_written(tmp_path, events))]) == 1
    captured = capsys.readouterr()
    assert fault in captured.err
    assert captured.out.endswith("faults found\n")


def test_a_changed_line_is_reported(tmp_path: Path, capsys: Captured) -> None:
    file = _written(tmp_path, [OPENED])
    file.write_text(file.read_text(encoding="utf-8") * 2, encoding="utf-8")
    assert main(["ledger", "verify", "--ledger", str(file)]) == 1
    assert f"{file}:2:1: error: entry 1 where 2 is expected [ledger-corrupt]" in capsys.readouterr().err


def test_no_ledger_is_an_error_with_a_hint(tmp_path: Path, capsys: Captured) -> None:
    assert main(["ledger", "show", "-f", str(tmp_path / "eocanvas.yaml")]) == 1
    assert f"no ledger at {tmp_path}/.eocanvas/default.jsonl [ledger-absent]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
