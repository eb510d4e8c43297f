"""Runs at work on a ledger in PostgreSQL: each gives its connection a name, which other runs see among the sessions.

The name goes with the connection, and the server ends that of a process which is gone.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.backends.database_session import DatabaseSession
from eocanvas_apply.ledger.backends.runs_at_work import RunAtWork

# What the server keeps of a name.
_LONGEST_NAME = 63
_NAME = re.compile(r"eocanvas-apply (?P<table>[0-9]+) (?P<process>[0-9]+) (?P<since>[0-9]{1,11}) (?P<host>.*)")
# Schemas hold a ledger each.
_TABLE = "SELECT to_regclass('eocanvas_ledger')::oid::bigint"
_SESSIONS = """
SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class DatabaseRuns:
    """The runs that work on one ledger in a database, by the sessions that it shows."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    @asynccontextmanager
    async def noted(self, token: str, now: Callable[[], datetime]) -> AsyncIterator[None]:  # noqa: ARG002 - a session needs no token
        """Name the connection for as long as the block lasts; one through a pooler keeps its own name."""
        with suppress(LedgerError):
            await asyncio.to_thread(self._show, now())
        try:
            yield
        finally:
            await asyncio.to_thread(self._session.show, None)

    async def others(self, now: datetime) -> Sequence[RunAtWork]:  # noqa: ARG002 - a session ends with its process
        """Return the other runs that are at work now, oldest first; raises LedgerError for no such database."""
        return await asyncio.to_thread(self._others)

    def _others(self) -> Sequence[RunAtWork]:
        table = self._table()
        try:
            sessions = self._session.rows(_SESSIONS, {}, "ledger-unreadable")
        except LedgerError:
            # A database may hide its sessions.
            return []
        named = [found for (name,) in sessions if (found := _NAME.fullmatch(name or ""))]
        return sorted((_run(found) for found in named if found["table"] == str(table)), key=lambda run: run.since)

    def _show(self, now: datetime) -> None:
        if table := self._table():
            head = f"eocanvas-apply {table} {os.getpid()} {int(now.timestamp())} "
            self._session.show(head + _shortened(socket.gethostname(), _LONGEST_NAME - len(head)))

    def _table(self) -> int | None:
        [(table,)] = self._session.rows(_TABLE, {}, "ledger-unreadable")
        return int(table) if table else None


def _run(found: re.Match[str]) -> RunAtWork:
    return RunAtWork(int(found["process"]), found["host"], datetime.fromtimestamp(int(found["since"]), UTC))


def _shortened(host: str, longest: int) -> str:
    """Return a name of a machine as the server takes it."""
    plain = host.encode("ascii", "replace").decode()
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."
