"""Runs at work on a ledger that is shared: who sees whom, and that a run which has ended is never shown."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.ledger.backends.database_runs import DatabaseRuns
from eocanvas_apply.ledger.backends.database_session import DatabaseSession
from eocanvas_apply.ledger.backends.runs_at_work import RunAtWork, RunsAtWork
from eocanvas_apply.ledger.opened_ledger import open_ledger
from tests.database_server import DatabaseServer
from tests.ledger.kinds import KINDS, Kind
from tests.ledger.relay import Relay

SINCE = datetime(2024, 7, 5, 12, tzinfo=UTC)


@pytest.fixture(name="address")
def _address(database_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in database_server.variables().items():
        monkeypatch.setenv(name, value)
    return database_server.new_ledger()


@pytest.fixture(name="relay")
def _relay(database_server: DatabaseServer) -> Iterator[Relay]:
    with Relay(database_server.port).running() as relay:
        yield relay


def runs_of(address: str) -> RunsAtWork:
    return DatabaseRuns(DatabaseSession(address))


@asynccontextmanager
async def at_work(address: str, since: datetime = SINCE) -> AsyncIterator[RunsAtWork]:
    runs = runs_of(address)
    async with runs.noted("token", lambda: since):
        yield runs


def seen_beside(address: str, seen_from: str) -> Sequence[RunAtWork]:
    """Return what a second run sees of one that is at work."""

    async def seen() -> Sequence[RunAtWork]:
        async with at_work(address):
            return await runs_of(seen_from).others(SINCE)

    return asyncio.run(seen())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_runs_see_each_other_oldest_first_and_none_sees_itself(kind: Kind, request: pytest.FixtureRequest) -> None:
    address = kind.address(request)
    if kind.name == "local":
        Path(address).parent.mkdir()
        Path(address).touch()
    early, late, reader = (open_ledger(address, Boundary(Path())).runs for _ in range(3))
    later = SINCE + timedelta(minutes=1)

    async def seen_by(runs: RunsAtWork) -> list[tuple[int, str, datetime]]:
        return [(run.process, run.host, run.since) for run in await runs.others(later)]

    async def seen() -> None:
        own = os.getpid(), socket.gethostname()
        async with late.noted("b", lambda: later), early.noted("a", lambda: SINCE):
            assert await seen_by(late) == [(*own, SINCE)]
            assert await seen_by(early) == [(*own, later)]
            assert await seen_by(reader) == [(*own, SINCE), (*own, later)]
        assert await seen_by(reader) == await seen_by(late) == await seen_by(early) == []

    asyncio.run(seen())


def test_a_run_on_another_ledger_of_the_database_is_not_shown(database_server: DatabaseServer, address: str) -> None:
    assert seen_beside(address, database_server.new_ledger()) == []


def test_a_run_of_another_user_is_shown(
    database_server: DatabaseServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def seen() -> Sequence[RunAtWork]:
        monkeypatch.setenv("PGUSER", "admin")
        async with at_work(address):
            monkeypatch.setenv("PGUSER", "runner")
            return await runs_of(address).others(SINCE)

    assert [run.since for run in asyncio.run(seen())] == [SINCE]


def test_a_connection_that_is_opened_again_is_named_again(
    relay: Relay, database_server: DatabaseServer, address: str
) -> None:
    async def seen() -> None:
        async with at_work(address.replace(f":{database_server.port}/", f":{relay.port}/")) as runs:
            relay.break_all()
            assert await runs.others(SINCE) == []
            assert [run.since for run in await runs_of(address).others(SINCE)] == [SINCE]

    asyncio.run(seen())


def test_a_run_whose_connection_is_lost_at_its_end_does_not_wait_for_another(
    relay: Relay, database_server: DatabaseServer, address: str
) -> None:
    async def ended() -> None:
        async with at_work(address.replace(f":{database_server.port}/", f":{relay.port}/")):
            relay.break_all()
            statements = relay.statements
        assert relay.statements == statements

    asyncio.run(ended())


def test_a_connection_through_a_pooler_is_not_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A pooler names a process of its own, for its connections serve several clients and outlive them.
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)
    assert seen_beside(address, address) == []


def test_a_long_name_of_a_machine_is_shortened(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "coast-ü-28391-with-a-name-of-more-than-sixty-three-characters")
    [run] = seen_beside(address, address)
    assert run.host.startswith("coast-?-28391-")
    assert run.host.endswith("...")


def test_a_name_that_the_address_gives_is_back_after_the_run(address: str) -> None:
    async def names() -> None:
        session = DatabaseSession(f"{address}&application_name=of-the-team")
        async with DatabaseRuns(session).noted("token", lambda: SINCE):
            [(name,)] = session.rows("SHOW application_name", {}, "ledger-unreadable")
            assert name.startswith("eocanvas-apply ")
        assert session.rows("SHOW application_name", {}, "ledger-unreadable") == [("of-the-team",)]

    asyncio.run(names())


def test_a_database_that_hides_its_sessions_or_has_no_table_shows_no_runs(
    database_server: DatabaseServer, address: str
) -> None:
    empty = database_server.new_schema()
    assert seen_beside(empty, empty) == []
    database_server.execute("REVOKE SELECT ON pg_stat_activity FROM PUBLIC")
    try:
        assert seen_beside(address, address) == []
    finally:
        database_server.execute("GRANT SELECT ON pg_stat_activity TO PUBLIC")
