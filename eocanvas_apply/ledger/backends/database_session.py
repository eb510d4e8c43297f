"""One connection to a PostgreSQL database: opened at the first use, and again when it was lost.

Nothing waits for the server without end.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

import psycopg
from psycopg import errors, pq
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError, UsageError
from eocanvas_apply.web_addresses import replaced_users

T = TypeVar("T")

# A statement takes milliseconds, and a part of a long ledger over a slow line a few seconds.
_LONGEST_STATEMENT_S = 20.0
# A database that restarts, or whose standby takes over, is back within it.
_PATIENCE_S = 60.0
_LONGEST_PAUSE_S = 4.0
_LONGEST_MESSAGE = 300
_CONNECT_TIMEOUT_S = "10"
_DEFAULTS = {
    "client_encoding": "utf8",
    "fallback_application_name": "eocanvas-apply",
    # A standby may lag behind: what it shows is not the ledger's end.
    "target_session_attrs": "primary",
}
# Of two transactions at once the other one was first: the same statement sees it when it is run again.
_AT_ONCE = (errors.UniqueViolation, errors.SerializationFailure)
_HINTS: Mapping[type[psycopg.Error], str] = {
    errors.InsufficientPrivilege: "a run needs SELECT and INSERT on eocanvas_ledger, `status` SELECT, and "
    "`ledger create` CREATE on the schema",
    errors.ReadOnlySqlTransaction: "name the primary server: this one, or this user, may only read",
}
# A pooler gives a connection of its own to several clients: what is set there would outlive this one. It is noticed
# by the number of the server's process. A machine that is gone without a word is missed by the server in two minutes.
_SHOW = """
SELECT set_config('application_name',
                  coalesce(%(name)s::text, (SELECT reset_val FROM pg_settings WHERE name = 'application_name')), false),
       set_config('tcp_keepalives_idle', '60', false),
       set_config('tcp_keepalives_interval', '10', false),
       set_config('tcp_keepalives_count', '6', false)
WHERE pg_backend_pid() = %(process)s
"""
_UNREACHABLE = "check the address, the network, and PGUSER, PGPASSWORD or .pgpass; then run again"
_OTHER = "nothing is sent that is not on record first; check the database, and run again"


class _Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up on a server which does not answer: psycopg itself waits for ever."""

    longest_statement_s = _LONGEST_STATEMENT_S

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        try:
            return super().wait(_limited(gen, self.longest_statement_s), *args, **kwargs)
        except TimeoutError as fault:
            self.close()
            raise psycopg.OperationalError(str(fault)) from None


def _limited(gen: PQGen[T], seconds: float) -> PQGen[T]:
    """Pass on what a generator waits for; raises TimeoutError when the time is over."""
    end = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if time.monotonic() > end:
                raise TimeoutError(f"the server did not answer within {seconds:g} s")
            wanted = gen.send(ready)
    except StopIteration as done:
        value: T = done.value
        return value


class DatabaseSession:
    """A database, by its address. Statements are run one after the other, each a transaction of its own.

    Names and passwords come from where libpq looks for them: PGUSER, PGPASSWORD, `.pgpass`, service files.
    """

    def __init__(self, address: str) -> None:
        """Take the address; raises UsageError for one that cannot be read, or with a password in it."""
        _check(address)
        self.url = replaced_users(address)
        self.patience_s, self.longest_statement_s = _PATIENCE_S, _LONGEST_STATEMENT_S
        self._address = address
        self._guard = Lock()
        self._connection: _Connection | None = None
        self._was_open = False
        self._shown: str | None = None
        self._close: Callable[[], object] = lambda: None

    def rows(self, statement: str, values: Mapping[str, object], code: str) -> Sequence[tuple[Any, ...]]:
        """Run a statement and return its rows, if it has any; to run it a second time must do no harm.

        Raises LedgerError with the code where the database cannot be reached, or cannot do it.
        """
        with self._guard:
            pauses = self._pauses()
            while True:
                try:
                    cursor = self._opened().execute(statement.encode(), values)
                    return cursor.fetchall() if cursor.description else ()
                except _AT_ONCE:
                    continue
                except psycopg.Error as failure:
                    pause = next(pauses, None) if self._may_pass() else None
                    if pause is None:
                        raise self._fault(failure, code) from None
                    self._drop_lost()
                    time.sleep(pause)

    def show(self, name: str | None) -> None:
        """Give the connection, and any that follows it, a name that other sessions see; None is that of the address."""
        with self._guard:
            self._shown = name
            if self._connection:
                # A connection that is lost is opened, and named, by the next statement.
                with suppress(psycopg.Error):
                    self._name(self._connection)

    def _name(self, connection: _Connection) -> None:
        connection.execute(_SHOW, {"name": self._shown, "process": connection.info.backend_pid})

    def _opened(self) -> _Connection:
        if self._connection is None:
            # A pooler between us and the database knows no prepared statements.
            made = _Connection.connect(_conninfo(self._address), autocommit=True, prepare_threshold=None)
            made.longest_statement_s = self.longest_statement_s
            self._connection, self._was_open = made, True
            self._close = weakref.finalize(self, made.close)
            if self._shown:
                self._name(made)
        return self._connection

    def _drop_lost(self) -> None:
        if self._connection and self._connection.closed:
            self._close()
            self._connection = None

    def _may_pass(self) -> bool:
        """Whether it was the connection that failed, to a database that was there before."""
        return self._was_open and (self._connection is None or self._connection.closed)

    def _pauses(self) -> Iterator[float]:
        """Yield how long to wait before each new attempt: a connection that only was idle for long is open at once."""
        end, pause = time.monotonic() + self.patience_s, 0.0
        while time.monotonic() < end:
            yield pause
            pause = min(max(0.25, 2 * pause), _LONGEST_PAUSE_S)

    def _fault(self, failure: psycopg.Error, code: str) -> LedgerError:
        if isinstance(failure, errors.UndefinedTable):
            hint = f"create it, once: eocanvas-apply ledger create --ledger '{self.url}'"
            return LedgerError(error("ledger-no-table", f"{self.url}: there is no table eocanvas_ledger", hint))
        self._drop_lost()
        reached = self._connection is not None
        hint = next((words for kind, words in _HINTS.items() if isinstance(failure, kind)), _OTHER)
        what = {"ledger-unreadable": "read", "ledger-unwritable": "written"}[code]
        message = f"{self.url}: the ledger cannot be {what}: {_words(failure)}"
        return LedgerError(error(code, message, hint if reached else _UNREACHABLE))


def _conninfo(address: str) -> str:
    """Return the address with what it leaves open."""
    given = {option.keyword.decode() for option in _options(address)}
    own = _DEFAULTS if os.environ.get("PGCONNECT_TIMEOUT") else {**_DEFAULTS, "connect_timeout": _CONNECT_TIMEOUT_S}
    return make_conninfo(address, **{name: value for name, value in own.items() if name not in given})


def _words(failure: psycopg.Error) -> str:
    """Return what the database says, in one line."""
    said = " ".join((failure.diag.message_primary or str(failure)).split())
    return said if len(said) <= _LONGEST_MESSAGE else f"{said[:_LONGEST_MESSAGE]} ..."


def _options(address: str) -> Iterator[pq.misc.ConninfoOption]:
    """Yield what an address sets."""
    yield from (option for option in pq.Conninfo.parse(address.encode()) if option.val is not None)


def _check(address: str) -> None:
    """Raise UsageError for an address that libpq cannot read, or that holds a secret; nothing of it is repeated.

    libpq knows which of its own fields are passwords (`*`), and which are for its developers alone (`D`).
    """
    hint = "write postgresql://HOST/DATABASE; name and password come from PGUSER, PGPASSWORD or .pgpass"
    try:
        options = list(_options(address))
    except (psycopg.Error, ValueError):
        # libpq repeats what it could not read, and that may be a password.
        raise UsageError(error("ledger-unsupported", "the address of the ledger cannot be read", hint)) from None
    secret = [option.keyword.decode() for option in options if option.dispchar]
    if secret:
        message = f"the address of the ledger holds a secret: {', '.join(secret)}"
        raise UsageError(error("ledger-unsupported", message, hint))
    ports = [option.val or b"" for option in options if option.keyword == b"port"]
    if not all(port.isdigit() for each in ports for port in each.split(b",")):
        raise UsageError(error("ledger-unsupported", "the port in the address of the ledger is no number", hint))
