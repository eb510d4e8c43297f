"""What is a database's own among the rules of ledgers: rights, connections that are lost, servers that end or hang."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.errors import LedgerConflict, LedgerError, UsageError
from eocanvas_apply.ledger.backends.database_session import DatabaseSession
from eocanvas_apply.ledger.backends.postgres import PostgresBackend
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.opened_ledger import open_ledger
from tests.database_server import DatabaseServer
from tests.ledger.appender import journal
from tests.ledger.entries import OPENED, entries, note
from tests.ledger.relay import Relay

CANARY = "canary-password"


@pytest.fixture(name="address")
def _address(database_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> str:
    log_in(monkeypatch, database_server)
    return database_server.new_ledger()


@pytest.fixture(name="own_server")
def _own_server(database_server_to_end: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> DatabaseServer:
    """Return a server that a test may end and start again."""
    log_in(monkeypatch, database_server_to_end)
    return database_server_to_end


def log_in(patch: pytest.MonkeyPatch, server: DatabaseServer, user: str = "runner") -> None:
    for name, value in server.variables(user).items():
        patch.setenv(name, value)


def opened(address: str, patience_s: float = 60, longest_statement_s: float = 20) -> PostgresBackend:
    session = DatabaseSession(address)
    session.patience_s, session.longest_statement_s = patience_s, longest_statement_s
    return PostgresBackend(session)


def read(backend: PostgresBackend, after: int = 0) -> Sequence[Entry]:
    return asyncio.run(backend.read(after))


def append(backend: PostgresBackend, head: int, batch: str = "b1", count: int = 1) -> None:
    numbered = [note(head + n) for n in range(count)]
    events: Sequence[AnyEvent] = numbered if head else [OPENED, *numbered[1:]]
    asyncio.run(backend.append(head, entries(events, after=head, batch=batch)))


def code_of(backend: PostgresBackend, head: int | None = None) -> str:
    """Return the code of the fault of a read, or of an append on a head."""
    with pytest.raises(LedgerError) as raised:
        read(backend) if head is None else append(backend, head)
    [found] = raised.value.diagnostics
    assert found.hint
    return found.code


@pytest.fixture(name="relay")
def _relay(database_server: DatabaseServer) -> Iterator[Relay]:
    with Relay(database_server.port).running() as relay:
        yield relay


def through(relay: Relay, server: DatabaseServer, address: str) -> str:
    return address.replace(f":{server.port}/", f":{relay.port}/")


class TestConnections:
    def test_an_append_of_any_number_of_events_is_one_statement(
        self, relay: Relay, database_server: DatabaseServer, address: str
    ) -> None:
        backend = opened(through(relay, database_server, address))
        for head, count in ((0, 1), (1, 300), (301, 5_000)):
            before = relay.statements
            append(backend, head, f"b{head}", count)
            assert relay.statements == before + 1
        assert len(read(backend)) == 5_301

    def test_a_lost_answer_to_an_append_is_settled_and_no_entry_is_there_twice(
        self, relay: Relay, database_server: DatabaseServer, address: str
    ) -> None:
        backend = opened(through(relay, database_server, address))
        append(backend, 0)
        relay.breaks_at_answer = True
        append(backend, 1, "b2", 3)
        assert not relay.breaks_at_answer
        assert [entry.batch for entry in read(backend)] == ["b1", "b2", "b2", "b2"]

    def test_a_connection_that_was_closed_while_idle_is_opened_again(
        self, relay: Relay, database_server: DatabaseServer, address: str
    ) -> None:
        backend = opened(through(relay, database_server, address))
        append(backend, 0)
        relay.break_all()
        append(backend, 1, "b2")
        relay.break_all()
        assert len(read(backend)) == 2

    def test_a_server_that_does_not_answer_is_given_up(
        self, relay: Relay, database_server: DatabaseServer, address: str
    ) -> None:
        backend = opened(through(relay, database_server, f"{address}&connect_timeout=2"), 0, 0.3)
        append(backend, 0)
        relay.swallows = True
        assert code_of(backend, 1) == "ledger-unwritable"
        assert code_of(backend) == "ledger-unreadable"

    def test_a_fact_whose_answer_was_lost_for_long_is_appended_once(
        self, relay: Relay, database_server: DatabaseServer, address: str
    ) -> None:
        async def work() -> None:
            own = journal(opened(through(relay, database_server, address), 0))
            await own.record(OPENED)
            relay.breaks_at_answer = True
            await own.record(note(1))

        asyncio.run(work())
        assert len(read(opened(address))) == 2


class TestTransactionsAtOnce:
    @pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
    def test_an_append_waits_for_the_one_before_it_and_then_conflicts_or_holds(
        self, end: str, database_server: DatabaseServer, address: str
    ) -> None:
        backend, schema = opened(f"{address}&application_name=second"), address.rpartition("%3D")[2]
        append(backend, 0)
        first = database_server.connection()
        first.execute("BEGIN")
        line = json.dumps(entries([note(7)], after=1, batch="first")[0].to_json())
        first.execute(f"INSERT INTO {schema}.eocanvas_ledger VALUES (2, %s)".encode(), (line,))
        with ThreadPoolExecutor(1) as pool, closing(first):
            second = pool.submit(append, backend, 1, "second")
            waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'second' AND wait_event_type = 'Lock'"
            assert any(database_server.execute("SELECT pg_sleep(0.02)", waiting) for _ in range(500))
            first.execute(end.encode())
            assert isinstance(second.exception(60), LedgerConflict if end == "COMMIT" else type(None))
        assert [entry.batch for entry in read(backend)] == ["b1", "first" if end == "COMMIT" else "second"]


class TestServersThatEnd:
    def test_a_server_that_restarts_between_two_appends_is_waited_for(self, own_server: DatabaseServer) -> None:
        backend = opened(own_server.new_ledger())
        append(backend, 0)
        own_server.stop()
        back = threading.Timer(0.3, own_server.start)
        back.start()
        append(backend, 1, "b2")
        back.join(60)
        assert len(read(backend)) == 2

    def test_a_server_that_stays_away_is_an_error_and_nothing_is_lost(self, own_server: DatabaseServer) -> None:
        address = own_server.new_ledger()
        backend = opened(address, 0.3)
        append(backend, 0)
        own_server.stop()
        assert code_of(backend, 1) == "ledger-unwritable"
        assert code_of(opened(address)) == "ledger-unreadable"
        own_server.start()
        append(backend, 1, "b2")
        assert [entry.batch for entry in read(opened(address))] == ["b1", "b2"]

    def test_a_confirmed_append_outlives_a_crash_also_where_the_user_confirms_early(
        self, own_server: DatabaseServer
    ) -> None:
        address = own_server.new_ledger()
        own_server.execute("ALTER ROLE runner SET synchronous_commit = off", "CHECKPOINT")
        backend = opened(address)
        append(backend, 0, count=20)
        own_server.stop(signal.SIGQUIT)
        own_server.start()
        assert len(read(backend)) == 20

    def test_a_standby_which_may_lag_behind_is_not_read(self, own_server: DatabaseServer) -> None:
        backend = opened(own_server.new_ledger())
        append(backend, 0)
        standby = own_server.folder / "data" / "standby.signal"
        own_server.stop()
        standby.touch()
        own_server.start()
        assert own_server.execute("SELECT pg_is_in_recovery()") == [(True,)]
        assert code_of(opened(backend.url)) == "ledger-unreadable"
        own_server.stop()
        standby.unlink()
        own_server.start()
        assert len(read(backend)) == 1


class TestTrust:
    def test_a_run_needs_no_right_but_to_read_and_to_insert(
        self, database_server: DatabaseServer, address: str
    ) -> None:
        append(opened(address), 0)
        session = DatabaseSession(address)
        for statement in (
            "UPDATE eocanvas_ledger SET seq = 9",
            "DELETE FROM eocanvas_ledger",
            "TRUNCATE eocanvas_ledger",
        ):
            with pytest.raises(LedgerError, match="permission denied"):
                session.rows(statement, {}, "ledger-unwritable")

    def test_without_the_right_to_insert_a_ledger_can_be_read(
        self, database_server: DatabaseServer, address: str
    ) -> None:
        append(opened(address), 0)
        schema = address.rpartition("%3D")[2]
        database_server.execute(f"REVOKE INSERT ON {schema}.eocanvas_ledger FROM runner")
        backend = opened(address)
        assert len(read(backend)) == 1
        with pytest.raises(LedgerError, match=r"permission denied.*SELECT and INSERT"):
            append(backend, 1)

    def test_a_restored_older_copy_is_not_taken_for_the_ledger(
        self, database_server: DatabaseServer, address: str
    ) -> None:
        backend = opened(address)
        append(backend, 0, count=3)
        read(backend)
        table = f"{address.rpartition('%3D')[2]}.eocanvas_ledger"
        database_server.execute(f"DELETE FROM {table} WHERE seq > 1")
        asyncio.run(opened(address).append(1, entries([note(7), note(8)], after=1, batch="other")))
        with pytest.raises(LedgerError) as raised:
            read(backend, 3)
        assert raised.value.diagnostics[0].code == "ledger-gone"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ("DELETE FROM {} WHERE seq = 2", "ledger-corrupt"),
            ("DELETE FROM {} WHERE seq = 4", "ledger-corrupt"),
            ("DELETE FROM {} WHERE seq = 1", "ledger-corrupt"),
            ("UPDATE {} SET entry = '[]' WHERE seq = 2", "ledger-corrupt"),
            ("ALTER TABLE {} RENAME COLUMN entry TO other", "ledger-unreadable"),
            ("DROP TABLE {}", "ledger-no-table"),
        ],
    )
    def test_rows_that_were_changed_by_hand_are_an_error(
        self, change: str, code: str, database_server: DatabaseServer, address: str
    ) -> None:
        append(opened(address), 0, "b1", 2)
        append(opened(address), 2, "b2", 2)
        database_server.execute(change.format(f"{address.rpartition('%3D')[2]}.eocanvas_ledger"))
        assert code_of(opened(address)) == code

    def test_a_part_holds_whole_appends_also_longer_ones(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("eocanvas_apply.ledger.backends.postgres._PART", 3)
        backend = opened(address)
        for head, count in ((0, 2), (2, 2), (4, 11)):
            append(backend, head, f"b{head}", count)
        found, lengths = 0, []
        while part := asyncio.run(backend.read(found, part=True)):
            lengths.append(len(part))
            found += len(part)
        assert lengths == [2, 2, 11]
        assert len(read(backend)) == 15

    def test_a_strict_isolation_of_the_database_changes_nothing(
        self, database_server: DatabaseServer, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGOPTIONS", "-c default_transaction_isolation=serializable")
        one, other = opened(address), opened(address)
        append(one, 0)
        append(other, 1, "b2")
        append(one, 2, "b3")
        assert [entry.batch for entry in read(other)] == ["b1", "b2", "b3"]


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql://jane:{CANARY}@127.0.0.1:9/ledgers",
            f"postgres://jane:{CANARY}@127.0.0.1/ledgers",
            f"postgresql://127.0.0.1/ledgers?password={CANARY}",
            f"postgresql://127.0.0.1/ledgers?sslpassword={CANARY}",
            f"postgresql://jane:{CANARY}/ledgers",
            f"postgresql://jane:{CANARY}/x@127.0.0.1/ledgers",
            f"postgresql://jane:{CANARY}%@127.0.0.1/ledgers",
            f"postgresql://127.0.0.1/ledgers?pasword={CANARY}",
            f"postgresql://[{CANARY}/ledgers",
        ],
    )
    def test_a_password_in_an_address_is_refused_and_not_repeated(self, url: str, boundary: Boundary) -> None:
        with pytest.raises(UsageError) as raised:
            open_ledger(url, boundary)
        assert raised.value.diagnostics[0].code == "ledger-unsupported"
        assert CANARY not in str(raised.value)

    def test_the_shown_address_has_no_user(self, boundary: Boundary) -> None:
        ledger = open_ledger("postgresql://jane@db.example.org/ledgers?sslmode=verify-full", boundary)
        assert ledger.backend.url == "postgresql://db.example.org/ledgers?sslmode=verify-full"

    def test_a_wrong_password_is_one_message_without_it(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGPASSWORD", CANARY)
        with pytest.raises(LedgerError) as raised:
            read(opened(address))
        [found] = raised.value.diagnostics
        assert "password authentication failed" in found.message
        assert "PGPASSWORD" in found.hint
        assert CANARY not in str(raised.value)

    def test_name_and_password_may_come_from_a_service_file_and_a_password_file(
        self,
        database_server: DatabaseServer,
        address: str,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        folder = tmp_path_factory.mktemp("home")
        for name in ("PGUSER", "PGPASSWORD"):
            monkeypatch.delenv(name)
        schema = address.rpartition("%3D")[2]
        where = f"host=127.0.0.1\nport={database_server.port}\ndbname=postgres\noptions=-csearch_path={schema}"
        (folder / "services").write_text(f"[ledgers]\n{where}\nuser=runner\n", encoding="utf-8")
        (folder / "passwords").write_text(f"127.0.0.1:*:*:runner:{database_server.password}\n", encoding="utf-8")
        (folder / "passwords").chmod(0o600)
        monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
        monkeypatch.setenv("PGPASSFILE", str(folder / "passwords"))
        append(opened("postgresql:///?service=ledgers"), 0)
        monkeypatch.setenv("PGSERVICE", "ledgers")
        assert len(read(opened("postgresql://"))) == 1


@pytest.fixture(name="boundary")
def _boundary(tmp_path_factory: pytest.TempPathFactory) -> Boundary:
    return Boundary(tmp_path_factory.mktemp("project"))


def test_a_connection_is_closed_with_its_ledger(database_server: DatabaseServer, address: str) -> None:
    address += "&application_name=of-one-ledger"
    backend = opened(address)
    append(backend, 0)
    statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'of-one-ledger'"
    assert database_server.execute(statement) == [(1,)]
    del backend
    # The server takes a moment to notice it.
    assert any(database_server.execute("SELECT pg_sleep(0.05)", statement) == [(0,)] for _ in range(200))
