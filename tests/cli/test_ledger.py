from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.entry import Entry
from tests.cli.conftest import Project

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


def test_a_copy_says_where_it_is_and_that_only_one_of_the_two_may_be_used(tmp_path: Path, capsys: Captured) -> None:
    file, copy = _written(tmp_path, [OPENED]), tmp_path / "copy.jsonl"
    assert main(["ledger", "copy", str(file), str(copy)]) == 0
    assert capsys.readouterr().out == (
        f"{copy}: 1 entry, 1 of them new\n"
        "Use one of the two ledgers from now on: runs on both would launch jobs twice.\n"
    )
    assert copy.read_bytes() == file.read_bytes()
    assert main(["ledger", "copy", str(file), str(copy), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ledger"] == [{"from": str(file), "url": str(copy), "entries": 1, "copied": 0}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "ledger must be followed by show, verify, copy, compact, create or rebuild [usage]"),
        ("shw", "not 'shw' [usage] hint: did you mean show?"),
        ("copy", "missing: FROM, TO [usage] hint: see: eocanvas-apply ledger copy --help"),
        ("copy a", "missing: TO [usage]"),
        ("copy a b c", "'c' is an argument too many [usage]"),
        ("show a.jsonl", "'a.jsonl' is an argument too many [usage] hint: did you mean --ledger a.jsonl?"),
        ("copy a b --ledger c", "there is no option --ledger [usage]"),
        ("show --var a=b", "there is no option --var [usage]"),
        ("--yes verify", "there is no option --yes [usage]"),
    ],
)
def test_what_a_part_does_not_take_is_a_usage_error(words: str, says: str, capsys: Captured) -> None:
    assert main(["ledger", *words.split()]) == 1
    assert says in " ".join(capsys.readouterr().err.split())


def test_each_part_has_its_own_help(capsys: Captured) -> None:
    assert main(["ledger", "copy", "--help"]) == 0
    assert "FROM TO" in " ".join(capsys.readouterr().out.split())
    assert main(["ledger", "--help"]) == 0
    assert "rebuild a lost ledger" in " ".join(capsys.readouterr().out.split())


def test_compact_writes_the_snapshot_and_verify_reads_it(tmp_path: Path, capsys: Captured) -> None:
    file = _written(tmp_path, [OPENED])
    before = file.read_bytes()
    assert main(["ledger", "compact", "--ledger", str(file)]) == 0
    assert capsys.readouterr().out == (
        f"{file}: 1 entry in the snapshot {tmp_path}/ledger.snapshot\n"
        "All entries stay; the next run reads the snapshot, and what was appended since.\n"
    )
    assert file.read_bytes() == before
    assert main(["ledger", "verify", "--ledger", str(file)]) == 0
    assert "with a snapshot up to entry 1, all well" in capsys.readouterr().out


def test_a_damaged_ledger_and_a_folder_without_room_give_no_snapshot(tmp_path: Path, capsys: Captured) -> None:
    file = _written(tmp_path, [OPENED, WITHDRAWN])
    assert main(["ledger", "compact", "--ledger", str(file)]) == 1
    assert "job-withdrawn without the intent" in capsys.readouterr().err
    assert not (tmp_path / "ledger.snapshot").exists()
    sound = _written(tmp_path / "sound", [OPENED])
    (tmp_path / "sound" / "ledger.snapshot.part").mkdir()
    assert main(["ledger", "compact", "--ledger", str(sound)]) == 1
    assert "the snapshot cannot be written [ledger-unwritable]" in capsys.readouterr().err


def test_a_ledger_beside_the_manifest_is_not_left_behind_unseen(
    project: Project, monkeypatch: pytest.MonkeyPatch, emulator: RunningEmulator
) -> None:
    monkeypatch.chdir(project.folder)
    project.change("keys:\n", "x-keys:\n")
    project.change("key: scenes", "key: eodata")
    assert project.run("apply", "--yes") == 0, project.err
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", "shared/coast.jsonl")
    assert project.run("apply", "--yes") == 5
    assert "default.jsonl is one of this project" in project.err
    with emulator.model() as wire:
        assert len(wire.service.jobs.every()) == 1
    assert main(["ledger", "copy", ".eocanvas/default.jsonl", "shared/coast.jsonl"]) == 0
    assert project.run("plan", "--detailed-exitcode") == 0, project.out
