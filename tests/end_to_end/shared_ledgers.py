"""The ledgers that several machines share, each as the suite over all of them needs it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.bucket_server import SECRET, BucketServer, Faults
from tests.database_server import DatabaseServer
from tests.end_to_end.test_interruptions import ManyJobs
from tests.end_to_end.tool import Tool

LEDGER = "EOCANVAS_APPLY_LEDGER"


@dataclass(frozen=True)
class SharedLedger:
    """An empty ledger, and what may happen to its server.

    `variables` are the credentials of a run, `secret` the one among them that the variable `secret_in` gives;
    `refusal` is what the server says of a wrong one. `with_secret` is an address that holds a secret. `module` knows
    how long a run waits for the server.
    """

    address: str
    variables: Mapping[str, str]
    secret_in: str
    refusal: str
    with_secret: str
    module: str
    falter: Callable[[], None]
    go_away: Callable[[], None]
    come_back: Callable[[], None]

    @property
    def secret(self) -> str:
        return self.variables[self.secret_in]

    def project(self, folder: Path, emulator: RunningEmulator) -> ManyJobs:
        """Return a project of four jobs that has this ledger."""
        project = ManyJobs(Tool(folder, emulator), jobs=4)
        project.tool.environ |= {LEDGER: self.address, **self.variables}
        return project

    def start_impatient(self, project: ManyJobs) -> subprocess.Popen[str]:
        """Start a run that does not wait for the server to come back."""
        code = (
            f"import sys; from eocanvas_apply.ledger.backends import {self.module}; {self.module}._PATIENCE_S = 0.2; "
            "from eocanvas_apply.cli import main; sys.exit(main(['apply', '--yes']))"
        )
        return project.tool.start_python("-c", code)


def in_bucket(server: BucketServer) -> SharedLedger:
    def with_faults(faults: Faults) -> None:
        server.storage.faults = faults

    assert server.variables()["AWS_SECRET_ACCESS_KEY"] == SECRET
    return SharedLedger(
        server.new_ledger(),
        server.variables(),
        "AWS_SECRET_ACCESS_KEY",
        "SignatureDoesNotMatch",
        "s3://key:canary-password@ledgers/x",
        "ledger_bucket",
        falter=lambda: with_faults(Faults(refusals=1, lost_answers=1)),
        go_away=lambda: with_faults(Faults(refusals=100_000)),
        come_back=lambda: with_faults(Faults()),
    )


def in_database(server: DatabaseServer) -> SharedLedger:
    def restart() -> None:
        server.stop()
        server.start()

    def start() -> None:
        if server.process is None:
            server.start()

    return SharedLedger(
        server.new_ledger(),
        server.variables(),
        "PGPASSWORD",
        "password authentication failed",
        "postgresql://jane:canary-password@127.0.0.1:9/ledgers",
        "database_session",
        falter=restart,
        go_away=partial(server.stop, signal.SIGQUIT),
        come_back=start,
    )
