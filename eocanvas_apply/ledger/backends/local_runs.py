"""Runs at work on a ledger in a file: each keeps a note beside it, locked for as long as it works.

The lock goes with its process, however that ends: a note that can be locked is that of a dead run.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from eocanvas_apply.file_locks import locked
from eocanvas_apply.ledger.backends.runs_at_work import RunAtWork


class LocalRuns:
    """The notes of the runs that work on one ledger in a file, by one of them."""

    def __init__(self, ledger: Path) -> None:
        self.ledger, self._own = ledger, set[str]()
        self.folder = ledger.with_name(f"{ledger.name.removesuffix('.jsonl')}.runs")

    @asynccontextmanager
    async def noted(self, token: str, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Note this run for as long as the block lasts; where the folder takes no file the run goes on unnoted."""
        with self.note(token, now()):
            yield

    @contextmanager
    def note(self, token: str, now: datetime) -> Iterator[None]:
        """Keep a note, locked, for as long as the block lasts."""
        note = self.folder / token
        self._own.add(token)
        with ExitStack() as held:
            with suppress(OSError):
                if self.ledger.exists():
                    self.folder.mkdir(exist_ok=True)
                    held.enter_context(locked(note))
                    run = {"process": os.getpid(), "host": socket.gethostname(), "since": now.isoformat()}
                    note.write_text(json.dumps(run), encoding="utf-8")
            try:
                yield
            finally:
                with suppress(OSError):
                    note.unlink()
        self._tidy()

    async def others(self, now: datetime) -> list[RunAtWork]:  # noqa: ARG002 - a lock ends with its process
        """Return the other runs that are at work now, oldest first; what dead ones left is removed."""
        try:
            notes = [path for path in self.folder.iterdir() if path.suffix != ".lock" and path.name not in self._own]
        except OSError:
            return []
        found = [run for note in notes if (run := _at_work(note))]
        self._tidy()
        return sorted(found, key=lambda run: run.since)

    def _tidy(self) -> None:
        with suppress(OSError):
            self.folder.rmdir()


def _at_work(note: Path) -> RunAtWork | None:
    try:
        with locked(note):
            note.unlink()
    except BlockingIOError:
        with suppress(OSError, ValueError, TypeError, KeyError):
            run = json.loads(note.read_text(encoding="utf-8"))
            return RunAtWork(run["process"], run["host"], datetime.fromisoformat(run["since"]))
    except OSError:
        return None
    return None
