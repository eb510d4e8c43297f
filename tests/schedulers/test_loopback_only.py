"""The schedulers of these tests reach nothing but this machine, and a test of them fails where one tries."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.end_to_end.tool import Tool
from tests.schedulers.conftest import Scheduler


@pytest.mark.parametrize("call", ["socket().connect(('192.0.2.1', 80))", "getaddrinfo('example.org', 80)"])
def test_what_is_elsewhere_is_refused_and_written_down(tool: Tool, call: str) -> None:
    """Also where the program that tries it hides the error."""
    program = f"import contextlib, socket\nwith contextlib.suppress(OSError): socket.{call}"
    with pytest.raises(AssertionError, match=r"socket\.(connect 192\.0\.2\.1|getaddrinfo example\.org)"):
        Scheduler(Path(sys.executable), tool, {}).start("-c", program)
