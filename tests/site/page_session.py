"""A page as a session: its files are written and its commands run in order, and what they print is what the page shows.

- A block with a file name as its title is that file.
- A block of `sh` is run; one that has a title, such as "Install", is not. A command with the comment `# exit code N`
  must end with that code, every other one with 0.
- A block of text, JSON or CSV right behind commands is all that they print. A line `...` stands for any lines.

Ids, names of keys and times differ in each run. So does how often a run looked at a job that is running, and the order
of what goes on side by side: of lines with a time.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

_FENCE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.DOTALL | re.MULTILINE
)
_EXIT_CODE = re.compile(r"^(.*?)\s*# exit code (\d+)$", re.MULTILINE)
_LOOKS = re.compile(r"^\d\d:\d\d:\d\d (?:still at work: .*|\S+ (?:running|accepted))\n", re.MULTILINE)
_EVENTS = re.compile(r"(?:^TIME .*\n)+", re.MULTILINE)
_PORT = "8080"
_PATIENCE_S = 120


@dataclass(frozen=True)
class Step:
    """A file to write (`title` is its name), or commands with what they print and where that stands in the page."""

    language: str
    title: str
    text: str
    printed: str | None = None
    at: tuple[int, int] = (0, 0)


def steps(page: str) -> list[Step]:
    """Return the steps of a page."""
    found: list[Step] = []
    end = 0
    for fence in _FENCE.finditer(page):
        step = Step(fence["language"], fence["title"] or "", fence["text"])
        follows = found and found[-1].language == "sh" and not page[end : fence.start()].strip()
        if follows and not step.title and step.language in ("text", "json", "csv"):
            found[-1] = replace(found[-1], printed=step.text, at=fence.span("text"))
        else:
            found.append(step)
        end = fence.end()
    return [step for step in found if "." in step.title or (step.language == "sh" and not step.title)]


@dataclass(frozen=True)
class PageSession:
    """A page that is run in `folder` with these variables; nothing else of ours is in its environment."""

    page: str
    folder: Path
    environ: Mapping[str, str]

    def run(self) -> list[tuple[Step, str]]:
        """Run all steps; return those with commands, and what each printed. Fails where one does not end as told."""
        project, home = self.folder / "project", self.folder / "home"
        for place in (project, home):
            place.mkdir()
        port = str(_free_port())
        todo = steps(self.page)
        (self.folder / "script").write_text("\n".join(self._script(todo)).replace(_PORT, port), encoding="utf-8")
        code = self._bash(project, {**self.environ, "HOME": str(home)})
        printed = {
            n: self._out(n) for n, step in enumerate(todo) if step.language == "sh" and self._out_path(n).exists()
        }
        assert code == 0, f"exit {code} in:\n{todo[max(printed)].text}\n{printed[max(printed)]}"
        return [(todo[n], text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{_PORT}")) for n, text in printed.items()]

    def _script(self, todo: list[Step]) -> Iterator[str]:
        yield "set -e"
        for n, step in enumerate(todo):
            if step.title:
                name = shlex.quote(step.title)
                yield f"mkdir -p \"$(dirname {name})\"\ncat > {name} <<'END OF FILE'\n{step.text}END OF FILE"
            else:
                commands = _EXIT_CODE.sub(r"\1 || [ $? = \2 ]", step.text)
                yield f"{{\n{commands}}} < /dev/null > {shlex.quote(str(self._out_path(n)))} 2>&1"
            # A person takes a moment, too.
            if "--port" in step.text and step.text.rstrip().endswith("&"):
                yield f"until (echo > /dev/tcp/127.0.0.1/{_PORT}) 2> /dev/null; do sleep 0.1; done"

    def _bash(self, project: Path, environ: Mapping[str, str]) -> int:
        script = ["bash", str(self.folder / "script")]
        with subprocess.Popen(script, cwd=project, env=environ, start_new_session=True) as bash:
            try:
                return bash.wait(_PATIENCE_S)
            finally:
                # What the page left in the background belongs to the process group of this shell.
                with suppress(ProcessLookupError):
                    os.killpg(bash.pid, signal.SIGTERM)

    def _out_path(self, n: int) -> Path:
        return self.folder / f"printed-{n}"

    def _out(self, n: int) -> str:
        return self._out_path(n).read_text(encoding="utf-8")


def recorded(page: str, ran: list[tuple[Step, str]]) -> str:
    """Return the page with what was printed now, where it differs from what it shows."""
    for step, printed in sorted(ran, key=lambda each: each[0].at, reverse=True):
        if step.printed is not None and not agrees(step.printed, printed):
            start, end = step.at
            page = page[:start] + _LOOKS.sub("", printed).rstrip() + "\n" + page[end:]
    return page


def agrees(shown: str, printed: str) -> bool:
    """Tell whether a page shows what was printed, but for what differs in each run."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", same_in_each_run(shown), flags=re.MULTILINE)]
    return re.fullmatch("(?:.*)".join(parts), same_in_each_run(printed), re.DOTALL) is not None


_DIFFERS = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
    (r"\b([0-9a-f]{64}|[0-9a-f]{32})\b", "DIGEST"),
    (r"\blaunch [0-9a-f]{8}\b", "launch ID"),
    (r"\b\d+ entries\b", "N entries"),
    (r'"entries": \d+', '"entries": N'),
    (r"\b\d+ s (ahead|behind)\b", "N s off"),
    (r"\b20(2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "MOMENT"),
    (r"\b([a-z][a-z0-9-]*-\d+)-[a-z0-9]{6}\b", r"\1-RANDOM"),
    (r"\b20(2[6-9]|[3-9]\d)-\d\d-\d\d\b", "DATE"),
    (r"\b\d\d:\d\d(:\d\d)?\b", "TIME"),
    (r"[ \t]+$", ""),
)


def same_in_each_run(text: str) -> str:
    """Return a text without what differs in each run."""
    text = _LOOKS.sub("", text)
    for pattern, name in _DIFFERS:
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    return _EVENTS.sub(lambda lines: "".join(sorted(lines[0].splitlines(keepends=True))), text).strip("\n")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
