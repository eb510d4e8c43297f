"""A process that appends facts and prints each one that is stored: `python -m tests.ledger.appender ...`."""

from __future__ import annotations

import asyncio
import secrets
import sys
from datetime import UTC, datetime

from eocanvas_apply.ledger.journal import Backend, Journal
from tests.ledger.entries import note
from tests.ledger.kinds import KINDS


def journal(backend: Backend, writer: str = "w") -> Journal:
    return Journal(backend, writer, lambda: datetime.now(UTC), lambda: secrets.token_hex(16))


async def append(kind: str, address: str, first: int, count: int) -> None:
    own = journal(KINDS[kind].open(address), f"w{first}")
    for number in range(first, first + count):
        await own.record(note(number), note(number))
        print(number, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(append(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
