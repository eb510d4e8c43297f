"""Interactive shells on a terminal of their own, in which somebody types and presses Tab."""

from __future__ import annotations

import fcntl
import os
import select
import shlex
import shutil
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

import pytest

PROGRAMS = ("eocanvas-apply", "eoc")
# What the page of completion tells people to write into the file that each reads at its start.
LINES = {
    "bash": 'command -v eocanvas-apply > /dev/null && eval "$(eocanvas-apply completion bash)"',
    "zsh": 'command -v eocanvas-apply > /dev/null && eval "$(eocanvas-apply completion zsh)"',
    "fish": "command -q eocanvas-apply && eocanvas-apply completion fish | source",
}
# How each starts without anybody's settings, and what it is told first.
STARTS = {
    "bash": (("bash", "--noprofile", "--norc", "-i"), LINES["bash"]),
    "zsh": (("zsh", "-f", "-i"), f"autoload -U compinit; compinit -D -u; {LINES['zsh']}"),
    "fish": (("fish", "--no-config", "-i"), LINES["fish"]),
}
_LONGEST_S = 60.0
# In the place of the program: it lets the shell ask it, and notes the words of a command instead of running it.
_PROGRAM = """\
#!/bin/sh
if [ -n "$_ARGCOMPLETE" ] || [ "$1" = completion ]; then exec {python} -m eocanvas_apply "$@"; fi
for word; do printf '%s\\n' "$word"; done > {noted}.part
mv {noted}.part {noted}
"""


def require(shell: str) -> None:
    """Skip where this machine has no such shell; in CI that is a failure."""
    if shutil.which(shell) is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"there is no {shell} here; install it, such as with: apt-get install {shell}")


class Shell:
    """A shell in a project's folder, with both programs on its path."""

    def __init__(self, shell: str, project: Path, scratch: Path) -> None:
        self._shell, self._project = shell, project
        self._bin, self._home, self._noted = scratch / "bin", scratch / "home", scratch / "noted"

    def __enter__(self) -> Self:
        for folder in (self._bin, self._home):
            folder.mkdir()
        for name in PROGRAMS:
            text = _PROGRAM.format(python=shlex.quote(sys.executable), noted=shlex.quote(str(self._noted)))
            (self._bin / name).write_text(text, encoding="utf-8")
            (self._bin / name).chmod(0o755)
        command, first = STARTS[self._shell]
        self._terminal, other_end = os.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=self._project,
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            env=self._environment(),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(other_end)
        os.write(self._terminal, f"{first}\r".encode())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def words(self, typed: str) -> list[str]:
        """Type a line, with Tab as \\t, and Enter; return the words that the program gets."""
        self._noted.unlink(missing_ok=True)
        os.write(self._terminal, f"{typed}\r".encode())
        shown, ends = b"", time.monotonic() + _LONGEST_S
        while not self._noted.exists():
            assert time.monotonic() < ends, shown.decode(errors="replace")
            if select.select([self._terminal], [], [], 0.05)[0]:
                shown += os.read(self._terminal, 65536)
        return self._noted.read_text(encoding="utf-8").splitlines()

    def _environment(self) -> dict[str, str]:
        root = str(Path(__file__).parents[2])
        path = f"{self._bin}:{os.environ['PATH']}"
        return {"PATH": path, "PYTHONPATH": root, "HOME": str(self._home), "TERM": "dumb", "LANG": "C.UTF-8"}
