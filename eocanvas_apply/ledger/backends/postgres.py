"""A ledger in PostgreSQL: one table, one row an entry, to which rows are only added."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger.backends.database_session import DatabaseSession
from eocanvas_apply.ledger.entry import Entry, Place, parsed

# How many entries are asked for at once.
_PART = 2_000
# That of a hundred thousand jobs is shorter.
_LONGEST_APPEND = 512_000

# `json` keeps the text as it is. The table has no schema: the user's search_path, or `options` of the address, sets it.
CREATE_TABLE = (
    "CREATE TABLE IF NOT EXISTS eocanvas_ledger (seq bigint PRIMARY KEY CHECK (seq > 0), entry json NOT NULL)"
)
_IS_THERE = "SELECT to_regclass('eocanvas_ledger') IS NOT NULL"
_READ = """
SELECT seq, entry::text FROM eocanvas_ledger WHERE seq >= %(after)s ORDER BY seq LIMIT %(most)s
"""
# One statement, so one round trip and all or nothing. Of two at once the primary key lets only one in. A database or
# user that confirms before the disk has it would lose confirmed entries: this transaction waits for the disk.
_APPEND = """
WITH head AS (SELECT coalesce(max(seq), 0) AS seq FROM eocanvas_ledger),
     added AS (INSERT INTO eocanvas_ledger (seq, entry)
               SELECT head.seq + line.place, line.entry::json
               FROM head, unnest(%(lines)s::text[]) WITH ORDINALITY AS line (entry, place)
               WHERE head.seq = %(head)s)
SELECT head.seq,
       (SELECT entry->>'batch' FROM eocanvas_ledger WHERE seq = %(head)s + 1),
       CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
            THEN set_config('synchronous_commit', 'on', true) END
FROM head
"""


class PostgresBackend:
    """A ledger in one table of a database.

    One object may be used from several threads, and any number of processes may work on one table.
    """

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session
        # The last entry that was read, as it stands in its row.
        self._last: tuple[int, str] | None = None

    @property
    def url(self) -> str:
        """The database's address, without user."""
        return self._session.url

    async def create(self) -> bool:
        """Create the table, and tell whether it was not there before; raises LedgerError."""
        return await asyncio.to_thread(self._create)

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        """Return the entries after a number; raises LedgerError for a table that cannot be read or trusted."""
        parts = self._parts(after)
        if part:
            return await asyncio.to_thread(next, parts, ())
        return await asyncio.to_thread(lambda: [entry for some in parts for entry in some])

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Insert the entries; raises LedgerConflict or LedgerError."""
        await asyncio.to_thread(self._append, expected_head, entries)

    def _parts(self, after: int) -> Iterator[Sequence[Entry]]:
        while entries := self._part(after, _PART):
            yield entries
            after += len(entries)

    def _part(self, after: int, most: int) -> Sequence[Entry]:
        rows = self._session.rows(_READ, {"after": after, "most": most + 1}, "ledger-unreadable")
        if after:
            self._recognise(after, rows[0] if rows else None)
        new = rows[1:] if after else rows[:most]
        entries, _ = parsed(self.url, (f"{line}\n".encode() for _, line in new), Place(head=after))
        if len(entries) < len(new) < most or (new and not entries and most > _LONGEST_APPEND):
            raise _incomplete(self.url, after + len(entries) + 1)
        if new and not entries:
            # An append longer than a part.
            return self._part(after, 2 * most)
        if entries:
            self._last = new[len(entries) - 1]
        return entries

    def _recognise(self, after: int, row: tuple[int, str] | None) -> None:
        """Make sure that this is the ledger whose entries up to a number were read."""
        other = self._last and self._last[0] == after and self._last != row
        if row is None or row[0] != after or other:
            raise _gone(self.url)

    def _create(self) -> bool:
        [(there,)] = self._session.rows(_IS_THERE, {}, "ledger-unreadable")
        if not there:
            self._session.rows(CREATE_TABLE, {}, "ledger-unwritable")
        return not there

    def _append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        lines = [json.dumps(entry.to_json()) for entry in entries]
        values = {"head": expected_head, "lines": lines}
        [(head, first_behind, _)] = self._session.rows(_APPEND, values, "ledger-unwritable")
        if head < expected_head:
            raise _gone(self.url)
        # Where the connection was lost before the answer, the statement was run again and finds its own entries.
        if head > expected_head and first_behind != entries[0].batch:
            raise LedgerConflict(error("ledger-conflict", f"{self.url}: another run appended first"))


def _incomplete(url: str, number: int) -> LedgerError:
    message = f"{url}: the append that begins with entry {number} is not complete"
    return LedgerError(error("ledger-corrupt", message, "rows were deleted; restore the table from a copy"))


def _gone(url: str) -> LedgerError:
    hint = "restore the table before the next run; nothing was sent that is not on record in it"
    return LedgerError(error("ledger-gone", f"{url}: the ledger is gone or was replaced", hint))
