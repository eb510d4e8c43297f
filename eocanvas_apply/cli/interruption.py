"""Signals while a command starts and while it ends: the process leaves at once, with its exit code and its document.

While it works, `cli.terminal.signals` hears them. Nothing heavy is imported here, for it is the first thing that runs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise

# `Exit.INTERRUPTED` and `Exit.TERMINATED`. A terminal that goes away (SIGHUP, not on Windows) ends a command too.
_TERMINATED = 143
CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: _TERMINATED}
if hasattr(signal, "SIGHUP"):
    CODES[signal.SIGHUP] = _TERMINATED
# A document that says so in each format that stdout may have; `render/` has the whole ones.
DOCUMENTS = {
    "json": """{{
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
""",
    "github": "::error title=interrupted::interrupted\n",
    "gitlab": """[
  {{
    "description": "interrupted",
    "check_name": "interrupted",
    "fingerprint": "interrupted",
    "severity": "critical",
    "location": {{"path": "eocanvas.yaml", "lines": {{"begin": 1}}}}
  }}
]
""",
    "sarif": """{{
  "version": "2.1.0",
  "runs": [
    {{
      "tool": {{"driver": {{"name": "eocanvas-apply"}}}},
      "automationDetails": {{"id": "eocanvas-apply/{command}/"}},
      "invocations": [{{"executionSuccessful": false, "exitCode": {code}}}],
      "results": [{{"ruleId": "interrupted", "level": "error", "message": {{"text": "interrupted"}}}}]
    }}
  ]
}}
""",
    "junit": """<?xml version='1.0' encoding='us-ascii'?>
<testsuites name="eocanvas-apply" tests="1" failures="1" errors="0">
  <testsuite name="eocanvas-apply {command}" tests="1" failures="1" errors="0" skipped="0" time="0">
    <testcase classname="eocanvas-apply.{command}" name="eocanvas.yaml" time="0">
      <failure message="interrupted" type="interrupted" />
    </testcase>
  </testsuite>
</testsuites>
""",
}
_LINE = "error: interrupted [interrupted]\n"


def asked_format(words: Sequence[str]) -> str:
    """Return the format of a command's result before its arguments are parsed: one of `DOCUMENTS`, else text."""
    named = [word.removeprefix("--format=") for word in words if word.startswith("--format=")]
    named += [value for option, value in pairwise(words) if option == "--format"]
    return next((name for name in named if name in DOCUMENTS), "text")


def heard() -> list[int]:
    """Return the signals that end a command; those that the shell has ignored, as nohup does, stay so."""
    return [number for number in CODES if signal.getsignal(number) is not signal.SIG_IGN]


class _Process:
    """The process of one command. `code` is what it ends with, known when its result is about to be written."""

    def __init__(self) -> None:
        self.owned = False
        self.command, self.format = "", "text"
        self.code: int | None = None
        self._asked = False

    def own(self, words: Sequence[str]) -> None:
        """Hear the signals from now on, for a process that runs this command and nothing else."""
        first = words[0] if words else ""
        self.command = "".join(letter for letter in first if letter.isalnum() or letter in "-_")
        self.format, self.owned = asked_format(words), True
        self._hear()

    def ends(self, code: int) -> None:
        """Note what it ends with: its result is written now, and only a second signal keeps it from that."""
        self._hear()
        self.code = code

    def wrote(self, code: int) -> None:
        """Note that its result is written; a command that was interrupted, or asked a bucket, leaves here.

        While Python ends, a signal would end the process with another code. And the client of buckets lets go of its
        last objects in a thread of its own: where Python ends first, it aborts the process.
        """
        self.code = code
        if self.owned and (code in CODES.values() or "obstore" in sys.modules):
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
        document = DOCUMENTS.get(self.format)
        text = document.format(command=self.command, code=code) if document else _LINE
        try:
            os.write(1 if document else 2, text.encode())
        except OSError:
            return


PROCESS = _Process()
