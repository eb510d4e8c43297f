"""What holds for all tests."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.bucket_server import BucketServer
    from tests.database_server import DatabaseServer

# How fast examples are drawn depends on the machine, so it is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and the commands that they start would too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """Return a PostgreSQL server for all tests of this process; it is started when the first one asks for it."""
    from tests.database_server import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def database_server_to_end() -> Iterator[DatabaseServer]:
    """Return a server that a test may end; it starts it again."""
    from tests.database_server import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """Return an S3 server for all tests of this process; it is started when the first one asks for it."""
    from tests.bucket_server import running_server

    with running_server(tmp_path_factory.mktemp("buckets")) as server:
        yield server


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking through thousands of collected tests again and again."""
    gc.freeze()
