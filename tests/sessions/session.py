"""One case: a project, a service and a storage in some state, and the commands that are run there."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.control import Control
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.render.layout import wrapped
from tests.bucket_server import BucketServer, Faults
from tests.cli.conftest import CANARIES, GRAPH, MANIFEST
from tests.database_server import DatabaseServer
from tests.emulator.model_client import private_key
from tests.loopback_server import serving
from tests.sessions.surroundings import SURROUNDINGS

QUICK = {
    "EOCANVAS_APPLY_POLL": "50ms",
    "EOCANVAS_APPLY_SETTLE": "1s",
    "EOCANVAS_APPLY_SEND_WITHIN": "1s",
    "EOCANVAS_APPLY_REQUEST_TIMEOUT": "2s",
}
ALONE = {"EOCANVAS_URL": "http://127.0.0.1:9/serverless", "HDA_USER": "jane", "HDA_PASSWORD": "correct-horse"}
CLEARED = ("EOCANVAS_APPLY_LEDGER", "EOCANVAS_TOKEN_URL", "HDA_URL", "CI", "SSL_CERT_FILE")
# What a command may take; none needs a tenth of it.
_MOST_S = 20
_SHOWN = ("code", "severity", "message", "hint")
_FIELDS = {"bucket", "database", "given", "emulator", "storage", "within", "before", "change", "after"}
_STATE = {"files", "edit", "append", "remove", "environment", "control", "run"}


@dataclass
class Session:
    """A case of a file of this folder. `folder` is empty; what is printed names the same places in each run."""

    case: Mapping[str, Any]
    folder: Path
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    database: Callable[[], DatabaseServer]
    bucket: Callable[[], BucketServer]
    emulator: RunningEmulator | None = None
    places: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator[Session]:
        """Put up the project and what it talks to."""
        assert self.case.keys() <= _FIELDS, self.case.keys() - _FIELDS
        project = self.folder / "coast"
        project.mkdir()
        (project / "eocanvas.yaml").write_text(MANIFEST, encoding="utf-8")
        (project / "subset.xml").write_bytes(GRAPH.read_bytes())
        self.patch.chdir(project)
        self.places[str(self.folder)] = "/home/jane"
        for name in CLEARED:
            self.patch.delenv(name, raising=False)
        own = {"XDG_CONFIG_HOME": str(self.folder / "config"), "HOME": str(self.folder)}
        self._set(QUICK | CANARIES | ALONE | own)
        with ExitStack() as stack:
            if "emulator" in self.case:
                self._start(stack)
            if "storage" in self.case:
                address = stack.enter_context(answering(**self.case["storage"]))
                self.places[address.rpartition("/")[2]] = "127.0.0.1:9000"
                self._set({"STORAGE": address})
            if "database" in self.case:
                self._log_in(self.case["database"])
            if "bucket" in self.case:
                stack.callback(self._open_bucket(self.case["bucket"]).new_ledger)
            for state in self.case.get("given", ()):
                self.bring_about(state)
            if "within" in self.case:
                stack.enter_context(SURROUNDINGS[self.case["within"]](self.patch))
            yield self

    def _start(self, stack: ExitStack) -> None:
        given = dict(self.case["emulator"])
        job_time = given.pop("job_time", 0.2)
        behaviour = Behaviour().changed(given)
        options = Options(job_time=job_time, private_key=private_key(), seed=1, behaviour=behaviour)
        self.emulator = stack.enter_context(running(options))
        self.places[self.emulator.url.split("/")[2]] = "127.0.0.1:8080"
        self._set({"EOCANVAS_URL": self.emulator.url, "EOCANVAS_TOKEN_URL": self.emulator.token_url})

    def _log_in(self, user: str) -> None:
        server = self.database()
        address = server.new_schema()
        self.places[address.partition("//")[2]] = "db.example.org/eocanvas"
        self._set({"DATABASE": address, **server.variables(user)})

    def _open_bucket(self, faults: Mapping[str, Any]) -> BucketServer:
        server = self.bucket()
        address = server.new_ledger()
        server.storage.faults = Faults(**faults)
        self.places |= {address: "s3://ledgers/coast", server.endpoint: "https://s3.example.org"}
        self._set({"BUCKET": address, **server.variables()})
        return server

    def bring_about(self, state: Mapping[str, Any]) -> None:
        """Change files, variables and the emulator, then run commands that nobody reads."""
        assert state.keys() <= _STATE, state.keys() - _STATE
        for name, text in state.get("files", {}).items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(text.encode() if isinstance(text, str) else bytes(text))
        for name, text in state.get("append", {}).items():
            with Path(name).open("a", encoding="utf-8") as file:
                file.write(text)
        for before, after in state.get("edit", ()):
            text = Path("eocanvas.yaml").read_text(encoding="utf-8")
            assert before in text, before
            Path("eocanvas.yaml").write_text(text.replace(before, _filled(after)), encoding="utf-8")
        self._set(state.get("environment", {}))
        if "control" in state:
            self._control(state["control"])
        for command in state.get("run", ()):
            self.run(command)
        for name in state.get("remove", ()):
            Path(name).unlink()

    def _control(self, commands: Mapping[str, Any]) -> None:
        assert self.emulator
        with self.emulator.model() as wire:
            Control(wire, lambda _: None)._carry_out(commands)

    def _set(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self.patch.setenv(name, _filled(value)) if value else self.patch.delenv(name, raising=False)

    def run(self, command: str) -> str:
        """Run a command and return all that it prints."""
        program, *words = shlex.split(_filled(command))
        assert program == "eocanvas-apply"
        self.capsys.readouterr()
        with limited(_MOST_S):
            main(words)
        out, err = self.capsys.readouterr()
        said = out if "json" in words else err + out
        for place, name in self.places.items():
            said = said.replace(place, name)
        return _same_in_each_run(said)


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """End what takes too long as Ctrl-C would, so that a case that waits for ever fails."""
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _filled(text: str) -> str:
    return re.sub(r"@(\w+)@", lambda name: os.environ[name[1]], text)


def said_of(code: str, said: str) -> str:
    """Return the first part of an output that shows this code: a block of text, or an object of a JSON document."""
    if said.startswith("{"):
        found = next((each for each in _objects(json.loads(said)) if each.get("code") == code), None)
        return json.dumps({name: found[name] for name in _SHOWN}, indent=2, ensure_ascii=False) if found else ""
    blocks = re.split(r"\n\n|\n(?=\S)", said)
    block_of_it = next((block.strip("\n") for block in blocks if f"[{code}]" in block), "")
    return "\n".join(each if " | " in each else wrapped(each, 77, _indent(each)) for each in block_of_it.splitlines())


def _same_in_each_run(said: str) -> str:
    """Return the output with fixed ids and times in place of those of this run."""
    said = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "6f2c1a9e-0b7d-4c35-9a51-3d2e8f704b16", said)
    said = re.sub(r"eocanvas-apply-check-\w+", "eocanvas-apply-check-1", said)
    said = re.sub(r"\bcoast-scenes-1-[a-z0-9]{6}\b", "coast-scenes-1-x7k2q9", said)
    said = re.sub(r"\b20(2[5-9]|[3-9]\d)-\d\d-\d\d\b", "2024-07-05", said)
    said = re.sub(r"\b127\.0\.0\.1:(?!8080\b|9000\b|9\b)\d+", "127.0.0.1:9000", said)
    said = re.sub(r"\b(599|601) s (ahead|behind)", r"600 s \2", said)
    # How often a job was seen on its way is a matter of time.
    said = re.sub(r"\bup to entry \d+", "up to entry 11", said)
    said = re.sub(r" \d\d:\d\d UTC", " 12:00 UTC", said)
    return re.sub(r" \d\d:\d\d:\d\d UTC", " 12:00:00 UTC", said)


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    children = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    if isinstance(document, dict):
        yield document
    for each in children:
        yield from _objects(each)


def _indent(line: str) -> str:
    return " " * 8 if line.startswith("  hint:") else "  "


@contextmanager
def answering(status: int = 200, body: str = "", **others: int) -> Iterator[str]:
    """Run a storage that gives the same answer to every request, but to the methods in `others`; gives its address."""

    class Answer(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.close_connection = True
            if not (line := self.rfile.readline()):
                return
            self.raw_requestline = line
            if self.parse_request():
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(others.get(self.command, status))
                content = b"" if self.command == "HEAD" else body.encode()
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Answer) as address:
        yield address
