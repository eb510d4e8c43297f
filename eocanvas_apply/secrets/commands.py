"""Commands that print a secret. They run without a shell and without a terminal, and are ended as a whole.

What a command writes on its standard error is not read: password programs print secrets there too.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ManifestError

PATIENCE_S = 30.0
# A secret has some ten bytes, a file of secrets some thousand.
MOST_BYTES = 1_000_000
_NEEDS_A_SHELL = (".bat", ".cmd")


@dataclass(slots=True)
class SecretCommands:
    """Runs commands in the manifest's folder, several at once from several threads; `stop` ends them all."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    patience_s: float = PATIENCE_S
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set, repr=False)
    stopped: threading.Event = field(default_factory=threading.Event, repr=False)

    def output(self, command: Sequence[str]) -> bytes:
        """Return what a command prints. Raises ManifestError, code `secret-command`, which shows nothing of it."""
        process = self._started(command)
        self._running.add(process)
        if self.stopped.is_set():
            _end(process)
        try:
            printed, late = _output(process, time.monotonic() + self.patience_s)
        finally:
            _end(process)
            process.wait()
            self._running.discard(process)
        if fault := _fault(command[0], process.returncode, len(printed), self.patience_s if late else None):
            raise ManifestError(fault)
        return printed

    def stop(self) -> None:
        """End every command that runs, and every one that would begin."""
        self.stopped.set()
        for process in tuple(self._running):
            _end(process)

    def _started(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        program = shutil.which(command[0], path=self.environ.get("PATH")) or command[0]
        if program.lower().endswith(_NEEDS_A_SHELL):
            raise ManifestError(_cannot_start(command[0], "a batch file needs a shell"))
        try:
            return subprocess.Popen(  # noqa: S603 - the person has allowed it, and no shell reads it
                [program, *command[1:]],
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as fault:
            raise ManifestError(_cannot_start(command[0], fault.strerror or type(fault).__name__)) from None
        except ValueError:
            raise ManifestError(_cannot_start(command[0], "it holds a character that no command can hold")) from None


def _output(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bool]:
    """Return what a process prints until it ends, and whether it had not ended by then.

    Something that it has left behind may keep its output open for ever, out of reach of any signal to its group. So a
    thread reads, which is left alone then.
    """
    printed = bytearray()
    reader = threading.Thread(target=_read, args=(process, printed), daemon=True)
    reader.start()
    reader.join(max(until - time.monotonic(), 0))
    if reader.is_alive():
        return bytes(printed), True
    if len(printed) <= MOST_BYTES:
        try:
            process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            return bytes(printed), True
    return bytes(printed), False


def _read(process: subprocess.Popen[bytes], printed: bytearray) -> None:
    with process.stdout or nullcontext() as stream:
        while stream and len(printed) <= MOST_BYTES and (part := stream.read(65_536)):
            printed += part


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and what it has started. Once its end was read, its number may be that of another."""
    if process.returncode is not None:
        return
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S603, S607


def _cannot_start(program: str, why: str) -> Diagnostic:
    hint = "a program is looked for on PATH; a path is relative to the manifest's folder"
    return error("secret-command", f"the command {program!r} cannot be started: {why}", hint)


def _fault(program: str, code: int, length: int, late_after_s: float | None) -> Diagnostic | None:
    hint = "run it in a terminal to see its messages, which are not shown here"
    if length > MOST_BYTES:
        return error("secret-command", f"the command {program!r} printed more than {MOST_BYTES // 1_000_000} MB", hint)
    if late_after_s is not None:
        what = f"the command {program!r} did not end within {late_after_s:g} s"
        return error("secret-command", what, "it has no terminal: it must not ask for anything")
    if code:
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        return error("secret-command", f"the command {program!r} ended with {how}", hint)
    return None
