"""A service of results alone, fast enough not to be what is measured: `python -m bench.file_server FILE LATENCY CUTS`.

It knows every account and every job; each job has left one result, which is FILE. The kernel sends it. The first CUTS
downloads of a job break off, each a little later in the file. It prints its port; `GET /sent` gives the bytes sent.
"""

from __future__ import annotations

import json
import os
import re
import socketserver
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

_TOKEN = "t" * 40
_TITLE = "wks3:///bench/output/result.nc"
_RESULTS = re.compile(r"/serverless/jobs/([^/]+)/results")
_DOWNLOAD = re.compile(r"/serverless/download/([^/]+)/output/result.nc")


class FileServer(socketserver.ThreadingTCPServer):
    """Serves one file as the result of every job, on a free port of loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, file: Path, latency_s: float, cuts: int) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.file, self.latency_s, self.cuts = file, latency_s, cuts
        self.asked: Counter[str] = Counter()
        self.sent = 0
        self.lock = threading.Lock()


class _Conversation(socketserver.StreamRequestHandler):
    server: FileServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while (line := self.rfile.readline()) and self._answer(line.decode().split()[1].partition("?")[0]):
            pass

    def _answer(self, path: str) -> bool:
        """Answer one request; return whether the connection stays open."""
        headers = self._headers()
        self.rfile.read(int(headers.get("content-length", 0)))
        time.sleep(self.server.latency_s)
        if path == "/sent":
            return self._say(self.server.sent)
        if path.endswith("/gettoken"):
            return self._say({"access_token": _TOKEN, "refresh_token": "r", "expires_in": 1744})
        if headers.get("authorization") != f"Bearer {_TOKEN}":
            return self._say({"message": "no token"}, "401 Unauthorized")
        if found := _RESULTS.fullmatch(path):
            href = f"http://{headers['host']}/serverless/download/{found[1]}/output/result.nc"
            return self._say([{"href": href, "title": _TITLE, "rel": "result"}])
        if found := _DOWNLOAD.fullmatch(path):
            return self._send(found[1], int(headers.get("range", "bytes=0-")[6:-1]))
        return self._say({"message": "not found"}, "404 Not Found")

    def _headers(self) -> dict[str, str]:
        found = {}
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            found[name.lower()] = value.strip()
        return found

    def _say(self, document: Any, status: str = "200 OK") -> bool:
        body = json.dumps(document).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)
        return True

    def _send(self, job: str, first: int) -> bool:
        with self.server.file.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = f"HTTP/1.1 {206 if first else 200} OK\r\ncontent-length: {size - first}\r\n"
            where = f"content-range: bytes {first}-{size - 1}/{size}\r\n" if first else ""
            self.wfile.write(f"{head}{where}\r\n".encode())
            end = self._end(job, size)
            while first < end:
                part = os.sendfile(self.connection.fileno(), file.fileno(), first, end - first)
                first += part
                with self.server.lock:
                    self.server.sent += part
        return end == size

    def _end(self, job: str, size: int) -> int:
        with self.server.lock:
            self.server.asked[job] += 1
            asked = self.server.asked[job]
        return size if asked > self.server.cuts else size * asked // (self.server.cuts + 1)


def main(words: list[str]) -> int:
    """Serve until the process is ended."""
    with FileServer(Path(words[0]), float(words[1]), int(words[2])) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
