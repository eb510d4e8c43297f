"""Signals while a command starts and while it ends: the process leaves at once, with its exit code and its document.

While it works, `cli.terminal.signals` hears them. Nothing heavy is imported here, for it is the first thing that runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from itertools import pairwise

# `Exit.INTERRUPTED` and `Exit.TERMINATED`. A terminal that goes away (SIGHUP, not on Windows) ends a command too.
_TERMINATED = 143
CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: _TERMINATED}
if hasattr(signal, "SIGHUP"):
    CODES[signal.SIGHUP] = _TERMINATED
_DOCUMENT = """{{
  "format_version": "1.0",
  "command": "{command}",
  "exit": {code},
  "diagnostics": [
    {{
      "code": "interrupted",
      "severity": "error",
      "message": "interrupted",
      "hint": null,
      "file": null,
      "line": null,
      "column": null,
      "address": null
    }}
  ]
}}
"""
_LINE = "error: interrupted [interrupted]\n"


def asks_for_json(words: Sequence[str]) -> bool:
    """Return whether a command's result is to be JSON, before its arguments are parsed."""
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def heard() -> list[int]:
    """Return the signals that end a command; those that the shell has ignored, as nohup does, stay so."""
    return [number for number in CODES if signal.getsignal(number) is not signal.SIG_IGN]


class _Process:
    """The process of one command. `code` is what it ends with, known when its result is about to be written."""

    def __init__(self) -> None:
        self.owned = False
        self.command, self.as_json = "", False
        self.code: int | None = None
        self._asked = False

    def own(self, words: Sequence[str]) -> None:
        """Hear the signals from now on, for a process that runs this command and nothing else."""
        first = words[0] if words else ""
        self.command = "".join(letter for letter in first if letter.isalnum() or letter in "-_")
        self.as_json, self.owned = asks_for_json(words), True
        self._hear()

    def ends(self, code: int) -> None:
        """Note what it ends with: its result is written now, and only a second signal keeps it from that."""
        self._hear()
        self.code = code

    def wrote(self, code: int) -> None:
        """Note that its result is written; a command that was interrupted leaves here.

        While Python ends, a signal would end the process with another code.
        """
        self.code = code
        if self.owned and code in CODES.values():
            os._exit(code)
        for number in CODES if self.owned else ():
            signal.signal(number, signal.SIG_IGN)

    def interrupted(self, words: Sequence[str]) -> int:
        """Leave for a Ctrl-C that came before this process was owned, or where nothing else took it."""
        if not self.owned:
            self.own(words)
        self.leave(signal.SIGINT)
        return self.code or 0

    def leave(self, number: int, _frame: object = None) -> None:
        """Leave at once; while the result is being written only for the second signal."""
        if self.code is not None and not self._asked:
            self._asked = True
            return
        if self.code is None:
            self._say(CODES[number])
        os._exit(CODES[number] if self.code is None else self.code)

    def _hear(self) -> None:
        """Hear the signals; one that the shell has ignored stays so."""
        for number in heard() if self.owned else ():
            signal.signal(number, self.leave)

    def _say(self, code: int) -> None:
        text = _DOCUMENT.format(command=self.command, code=code) if self.as_json else _LINE
        try:
            os.write(1 if self.as_json else 2, text.encode())
        except OSError:
            return


PROCESS = _Process()
