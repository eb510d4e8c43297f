"""A kernel of Jupyter, as a notebook runs its cells in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

_PATIENCE_S = 60.0
_LOOK_S = 0.01


@dataclass
class Cell:
    """One cell that was run: its displays as they came, what it printed, and the error that it ended with."""

    displays: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""
    error: str = ""
    words: str = ""
    value: str = ""

    def take(self, kind: str, content: dict[str, Any]) -> None:
        if kind in ("display_data", "update_display_data"):
            self.displays.append({"kind": kind, **content["transient"], **content["data"]})
        elif kind == "stream":
            self.printed += content["text"]
        elif kind == "error":
            self.error, self.words = content["ename"], content["evalue"]
        elif kind == "execute_result":
            self.value = content["data"].get("text/html", content["data"]["text/plain"])


@dataclass
class Kernel:
    """A kernel that runs, with its working folder that of a project."""

    manager: KernelManager
    client: BlockingKernelClient

    def run(self, code: str) -> Cell:
        """Run a cell to its end."""
        return self.ended(self.begin(code))

    def begin(self, code: str) -> str:
        """Begin a cell; return what names it."""
        return str(self.client.execute(code))

    def ended(self, message: str) -> Cell:
        """Wait for the end of a cell."""
        cell = Cell()
        while True:
            found = self.client.get_iopub_msg(timeout=_PATIENCE_S)
            if found["parent_header"].get("msg_id") != message:
                continue
            if found["msg_type"] == "status" and found["content"]["execution_state"] == "idle":
                return cell
            cell.take(found["msg_type"], found["content"])

    def seen(self, message: str, words: str) -> None:
        """Wait until a display of a cell that runs has these words."""
        while True:
            found = self.client.get_iopub_msg(timeout=_PATIENCE_S)
            data = found["content"].get("data", {})
            if found["parent_header"].get("msg_id") == message and words in data.get("text/html", ""):
                return

    def interrupt(self) -> None:
        """Interrupt it as the button of a notebook does."""
        self.manager.interrupt_kernel()


@contextmanager
def started(folder: Path) -> Iterator[Kernel]:
    """Start a kernel in a folder, with the environment of the test."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=_PATIENCE_S)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for a moment in a cell that runs."""
    end = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < end, "the moment never comes"
        time.sleep(_LOOK_S)
