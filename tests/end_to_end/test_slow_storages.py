"""Storages that never finish an answer, and a check that is interrupted, as a user sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MANIFEST = """
version: 1
project: slow
timing: {{request_timeout: 1s}}
keys:
  drive: {{type: webdav, endpoint: "{address}", username: jane, password: {{env: PASSWORD}}}}
  a: {{type: existing, name: a, storage: s3}}
  b: {{type: existing, name: b, storage: s3}}
jobs:
  one: {{process: snap, inputs: {{img1: {{key: a, path: /a.zip}}}}, output: {{key: drive}}}}
"""
FOLDER = b"""<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><resourcetype><collection/>
</resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"""


class Drive(ThreadingHTTPServer):
    """A WebDAV folder; `drips` sends an answer byte by byte for ever, `silent` never answers what is written."""

    daemon_threads = True

    def __init__(self, *, drips: bool = False, silent: bool = False, removes: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.drips, self.silent, self.removes = drips, silent, removes
        self.files: set[str] = set()
        self.written, self.over = threading.Event(), threading.Event()


class _Answers(BaseHTTPRequestHandler):
    server: Drive

    def do_PROPFIND(self) -> None:
        self._read()
        if self.server.drips:
            self.send_response(207)
            self.end_headers()
            while not self.server.over.wait(0.05):
                self.wfile.write(b" ")
        self._answer(207, FOLDER)

    def do_PUT(self) -> None:
        self._read()
        self.server.files.add(self.path)
        self.server.written.set()
        if self.server.silent:
            self.server.over.wait(60)
        self._answer(201)

    def do_DELETE(self) -> None:
        if self.server.removes:
            self.server.files.discard(self.path)
        self._answer(204 if self.server.removes else 403)

    def _read(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return


@contextmanager
def served(drive: Drive) -> Iterator[Drive]:
    thread = threading.Thread(target=drive.serve_forever, daemon=True)
    thread.start()
    try:
        yield drive
    finally:
        drive.over.set()
        drive.shutdown()
        drive.server_close()


def started(folder: Path, drive: Drive, *words: str) -> subprocess.Popen[str]:
    text = MANIFEST.format(address=f"http://127.0.0.1:{drive.server_port}")
    (folder / "eocanvas.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "eocanvas_apply", "validate", *words]
    given = {**os.environ, "PASSWORD": "canary-password", "NO_COLOR": "1", "COLUMNS": "500"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=given, stdout=pipe, stderr=pipe, text=True)


def said(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert "canary-password" not in out + err
    return " ".join((out + err).split())


def test_an_answer_without_an_end_is_cut_off_and_says_what_took_long(tmp_path: Path) -> None:
    with served(Drive(drips=True)) as drive:
        text = said(started(tmp_path, drive, "--storage"))
    assert "key.drive: " in text
    assert "did not answer in time" in text
    assert text.count("[storage-not-asked]") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("removes", [True, False])
def test_an_interrupted_check_removes_or_names_its_file(tmp_path: Path, number: signal.Signals, removes: bool) -> None:
    with served(Drive(silent=True, removes=removes)) as drive:
        process = started(tmp_path, drive, "--storage=write")
        assert drive.written.wait(60)
        process.send_signal(number)
        text = said(process)
        left = [path.lstrip("/") for path in drive.files]
    assert process.returncode == 128 + number
    assert len(left) == (0 if removes else 1)
    assert all(name in text for name in left)
