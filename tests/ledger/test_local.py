"""The ledger in a local file: incomplete ends, damage, permissions, full disks, a file removed during a run."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.errors import LedgerConflict, LedgerError, UsageError
from eocanvas_apply.file_locks import locked
from eocanvas_apply.ledger.backends import local
from eocanvas_apply.ledger.backends.local import LocalBackend, open_backend
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import AnyEvent
from tests.ledger.appender import journal
from tests.ledger.entries import OPENED, entries, job_intended, note

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / ".eocanvas" / "default.jsonl"


def write(file: Path, events: Sequence[AnyEvent], head: int = 0, batch: str = "b1") -> None:
    asyncio.run(LocalBackend(file).append(head, entries(events, after=head, batch=batch)))


def read(file: Path) -> Sequence[Entry]:
    return asyncio.run(LocalBackend(file).read())


def edit(file: Path, line: int, change: Callable[[dict[str, Any]], object]) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    document = json.loads(lines[line - 1])
    change(document)
    lines[line - 1] = json.dumps(document)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


class TestTheFile:
    def test_the_ledger_is_private_and_ignored_by_git(self, file: Path) -> None:
        write(file, [OPENED])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (file.parent / ".gitignore").read_text(encoding="utf-8") == "*\n"

    def test_the_ledger_has_one_flat_object_per_line(self, file: Path) -> None:
        write(file, [OPENED, note(1)])
        first, second = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        assert list(first)[:7] == ["v", "seq", "time", "writer", "batch", "of", "type"]
        assert (first["seq"], first["of"], first["type"], first["time"]) == (
            1,
            2,
            "ledger-opened",
            "2026-01-05T08:00:00Z",
        )
        assert second == second | {"address": "job.j1", "job_id": "j-1", "status": "running"}

    def test_a_gitignore_of_the_user_is_left_alone(self, file: Path) -> None:
        file.parent.mkdir()
        (file.parent / ".gitignore").write_text("mine\n", encoding="utf-8")
        write(file, [OPENED])
        assert (file.parent / ".gitignore").read_text(encoding="utf-8") == "mine\n"

    def test_no_gitignore_is_written_in_another_folder(self, tmp_path: Path) -> None:
        write(tmp_path / "ledgers" / "demo.jsonl", [OPENED])
        assert [path.name for path in (tmp_path / "ledgers").iterdir()] == ["demo.jsonl"]

    def test_reading_creates_no_files(self, file: Path) -> None:
        assert list(read(file)) == []
        assert not file.parent.exists()


class TestTornEnds:
    @pytest.mark.parametrize("cut", [1, 2, 40])
    def test_an_incomplete_last_line_is_ignored_and_cut_by_the_next_writer(self, file: Path, cut: int) -> None:
        write(file, [OPENED])
        whole = file.read_bytes()
        write(file, [note(1)], head=1, batch="b2")
        file.write_bytes(file.read_bytes()[:-cut])
        assert [entry.seq for entry in read(file)] == [1]
        write(file, [note(2)], head=1, batch="b3")
        assert file.read_bytes().startswith(whole)
        assert [entry.batch for entry in read(file)] == ["b1", "b3"]

    @pytest.mark.parametrize("lines", [1, 2])
    def test_an_append_with_missing_lines_is_incomplete_too(self, file: Path, lines: int) -> None:
        write(file, [OPENED])
        write(file, [note(1), note(2), note(3)], head=1, batch="b2")
        kept = file.read_bytes().splitlines(keepends=True)[: 1 + lines]
        file.write_bytes(b"".join(kept))
        assert [entry.seq for entry in read(file)] == [1]
        write(file, [note(9)], head=1, batch="b3")
        assert [entry.batch for entry in read(file)] == ["b1", "b3"]

    def test_a_reader_of_a_partial_append_sees_all_of_it_later(self, file: Path) -> None:
        write(file, [OPENED])
        write(file, [note(1), note(2)], head=1, batch="b2")
        whole = file.read_bytes()
        reader = LocalBackend(file)
        file.write_bytes(whole[:-10])
        assert len(asyncio.run(reader.read())) == 1
        with file.open("ab") as rest:
            rest.write(whole[-10:])
        assert [entry.seq for entry in asyncio.run(reader.read(1))] == [2, 3]

    def test_the_first_line_may_be_torn_too(self, file: Path) -> None:
        write(file, [OPENED])
        file.write_bytes(file.read_bytes()[:20])
        assert list(read(file)) == []
        write(file, [OPENED])
        assert len(read(file)) == 1


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "junk": (lambda f: _put(f, 2, b"junk\n"), "2:1: this line of the ledger is not JSON"),
    "blank": (lambda f: _put(f, 2, b"\n"), "2:1: this line of the ledger is not JSON"),
    "binary": (lambda f: _put(f, 2, b'{"v": "\xff"}\n'), "2:1: this line of the ledger is not JSON"),
    "a list": (lambda f: _put(f, 2, b"[1]\n"), "2:1: this version does not know the event"),
    "a number": (lambda f: _put(f, 2, b"7\n"), "2:1: this version does not know the event"),
    "deep": (lambda f: _put(f, 2, b"[" * 100_000 + b"\n"), "2:1: this line of the ledger is no"),
    "newer version": (lambda f: edit(f, 2, lambda d: d.update(v=2)), "2:1: this version does not know the event"),
    "newer event": (
        lambda f: edit(f, 2, lambda d: d.update(type="job-praised")),
        "2:1: this version does not know the event",
    ),
    "newer field": (lambda f: edit(f, 2, lambda d: d.update(extra=1)), "2:1: this version does not know the event"),
    "missing field": (lambda f: edit(f, 2, lambda d: d.pop("status")), "2:1: this version does not know the event"),
    "removed line": (lambda f: _put(f, 2, b""), "2:1: entry 3 where 2 is expected"),
    "repeated line": (
        lambda f: _put(f, 2, f.read_bytes().splitlines(keepends=True)[0]),
        "2:1: entry 1 where 2 is expected",
    ),
}


def _put(file: Path, line: int, content: bytes) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    lines[line - 1] = content
    file.write_bytes(b"".join(lines))


class TestUntrustworthyFiles:
    @pytest.mark.parametrize("name", FAULTS)
    def test_each_damaged_line_is_reported_and_nothing_is_changed(self, file: Path, name: str) -> None:
        damage, message = FAULTS[name]
        for number in range(3):
            write(file, [note(number)], head=number, batch=f"b{number}")
        damage(file)
        before = file.read_bytes()
        for work in (lambda: read(file), lambda: write(file, [note(9)], head=3, batch="b9")):
            with pytest.raises(LedgerError) as caught:
                work()
            (found,) = caught.value.diagnostics
            assert found.position
            shown = f"{found.position.line}:{found.position.column}: {found.message}"
            assert shown.startswith(message)
            assert found.hint
            assert found.position.file == str(file)
        assert file.read_bytes() == before

    def test_no_message_repeats_the_content_of_the_line(self, file: Path) -> None:
        write(file, [note(1)])
        edit(file, 1, lambda d: d.update(status=["canary-1234"]))
        with pytest.raises(LedgerError) as caught:
            read(file)
        assert "canary" not in f"{caught.value} {caught.value.diagnostics}"


def removed(file: Path) -> None:
    file.unlink()


def moved(path: Path) -> None:
    path.rename(path.with_name("moved"))


def replaced(file: Path, content: bytes | None) -> None:
    """Put another file in the place of this one, with the same content for None."""
    other = file.read_bytes() if content is None else content
    file.rename(file.with_suffix(".old"))
    file.write_bytes(other)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])


class TestAFileThatGoesAway:
    def test_a_ledger_removed_during_a_run_is_one_clear_error(self, file: Path) -> None:
        async def work() -> None:
            own = journal(LocalBackend(file))
            await own.record(OPENED)
            removed(file)
            for step in (own.record(note(1)), own.claim(1, [job_intended()]), own.refresh()):
                with pytest.raises(LedgerError) as caught:
                    await step
                assert not isinstance(caught.value, LedgerConflict)
                assert caught.value.diagnostics[0].code == "ledger-gone"

        asyncio.run(work())
        assert not file.exists()

    @pytest.mark.parametrize("content", [b"", None])
    def test_a_ledger_replaced_by_another_is_an_error(self, file: Path, content: bytes | None) -> None:
        async def work() -> None:
            own = journal(LocalBackend(file))
            await own.record(OPENED, note(1))
            replaced(file, content)
            with pytest.raises(LedgerError, match="is gone or was replaced"):
                await own.record(note(2))

        asyncio.run(work())

    def test_a_removed_folder_is_an_error_too(self, file: Path) -> None:
        async def work() -> None:
            own = journal(LocalBackend(file))
            await own.record(OPENED)
            moved(file.parent)
            with pytest.raises(LedgerError, match="is gone"):
                await own.record(note(1))

        asyncio.run(work())
        assert not file.parent.exists()

    def test_a_ledger_truncated_during_a_run_is_an_error(self, file: Path) -> None:
        async def work() -> None:
            own = journal(LocalBackend(file))
            await own.record(OPENED)
            await own.record(note(1))
            cut_short(file)
            with pytest.raises(LedgerError, match="is gone"):
                await own.record(note(2))

        asyncio.run(work())


def _half(file: FileIO, content: bytes) -> None:
    file.write(content[: len(content) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestDisksThatDoNotTakeMore:
    def test_a_full_disk_leaves_no_partial_append_and_later_runs_continue(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(file, [OPENED])
        before = file.read_bytes()

        async def work() -> None:
            own = journal(LocalBackend(file))
            await own.refresh()
            with monkeypatch.context() as full:
                full.setattr(local, "_write_all", _half)
                with pytest.raises(LedgerError) as caught:
                    await own.claim(1, [job_intended()])
                assert caught.value.diagnostics[0].code == "ledger-unwritable"
                assert "No space left on device" in caught.value.diagnostics[0].message
                with pytest.raises(LedgerError, match="No space left"):
                    await own.record(note(1))
            assert file.stat().st_size == len(before)  # noqa: ASYNC240
            await own.record(note(2))

        asyncio.run(work())
        assert [entry.event for entry in read(file)] == [OPENED, note(1), note(2)]

    def test_a_partial_append_that_cannot_be_removed_is_ignored(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(file, [OPENED])

        def refuse(*_: object) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as broken:
            broken.setattr(local, "_write_all", _half)
            broken.setattr(local, "_cut", refuse)
            with pytest.raises(LedgerError):
                write(file, [note(1), note(2)], head=1, batch="b2")
        assert [entry.seq for entry in read(file)] == [1]
        write(file, [note(3)], head=1, batch="b3")
        assert [entry.event for entry in read(file)] == [OPENED, note(3)]

    def test_a_failed_sync_is_a_failed_append(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(descriptor: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", refuse)
            with pytest.raises(LedgerError, match="Input/output error"):
                write(file, [OPENED])
        assert list(read(file)) == []
        write(file, [OPENED])

    def test_a_file_that_may_not_grow_in_a_real_process(self, file: Path) -> None:
        write(file, [OPENED])
        limit = file.stat().st_size + 500
        script = (
            "import resource, runpy, sys\n"
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
            f"sys.argv = ['appender', 'local', {str(file)!r}, '0', '100']\n"
            "runpy.run_module('tests.ledger.appender', run_name='__main__')\n"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "cannot be written: File too large" in done.stderr
        said = len(done.stdout.split())
        assert len(read(file)) == 1 + 2 * said
        assert file.stat().st_size <= limit
        write(file, [note(7)], head=1 + 2 * said, batch="later")

    @pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
    def test_a_read_only_place_is_one_clear_error(self, file: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code), str(file))

        monkeypatch.setattr(Path, "mkdir", refuse)
        with pytest.raises(LedgerError) as caught:
            write(file, [OPENED])
        (found,) = caught.value.diagnostics
        assert found.code == "ledger-unwritable"
        assert str(file) in found.message
        assert os.strerror(code) in found.message
        assert "permissions" in found.hint

    def test_a_file_in_place_of_the_folder_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / ".eocanvas").write_text("", encoding="utf-8")
        for work in (lambda f: write(f, [OPENED]), read):
            with pytest.raises(LedgerError) as caught:
                work(tmp_path / ".eocanvas" / "default.jsonl")
            assert caught.value.diagnostics[0].code in ("ledger-unwritable", "ledger-unreadable")


class TestAddresses:
    def test_the_default_ledger_is_beside_the_manifest(self, tmp_path: Path) -> None:
        assert open_backend(None, Boundary(tmp_path)).url == str(tmp_path / ".eocanvas" / "default.jsonl")

    @pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
    def test_a_path_is_read_in_all_its_forms(self, form: str, tmp_path: Path) -> None:
        path = tmp_path / "own.jsonl"
        assert open_backend(form.format(path), Boundary(tmp_path / "project")).url == str(path)

    def test_a_path_that_begins_with_two_slashes_stays_absolute(self, tmp_path: Path) -> None:
        assert open_backend(f"/{tmp_path}/x.jsonl", Boundary(tmp_path)).path == Path(f"/{tmp_path}/x.jsonl")

    @pytest.mark.parametrize("url", ["s3://bucket/ledger", "postgresql://host/base", "{folder}"])
    def test_an_address_that_is_not_a_file_is_a_usage_error(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            open_backend(url.format(folder=tmp_path), Boundary(tmp_path))
        assert caught.value.diagnostics[0].code == "ledger-unsupported"


def test_a_lock_that_is_held_for_long_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, [OPENED])
    monkeypatch.setattr(local, "_PATIENCE_S", 0.05)
    with locked(file, 1.0), pytest.raises(LedgerError) as raised:
        write(file, [note(1)], head=1, batch="b2")
    assert raised.value.diagnostics[0].code == "ledger-busy"
    assert len(read(file)) == 1
