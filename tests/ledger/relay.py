"""A relay before a server, which breaks connections and loses answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes on to a server, and can swallow its answers or break its connections."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._pumps: list[threading.Thread] = []
        self.swallows = False
        self.breaks_at_answer = False
        self.statements = 0

    @contextmanager
    def running(self) -> Iterator[Relay]:
        accepting = threading.Thread(target=self._accept)
        accepting.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            accepting.join(20)
            self.break_all()
            for pump in self._pumps:
                pump.join(20)

    def break_all(self) -> None:
        for pair in self._pairs:
            for end in pair:
                _shut(end)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._pairs.append((client, server))
            for source, sink, answers in ((client, server, False), (server, client, True)):
                self._pumps.append(
                    threading.Thread(target=self._pump, args=(source, sink), kwargs={"answers": answers})
                )
                self._pumps[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, *, answers: bool) -> None:
        try:
            while content := source.recv(65536):
                # The extended protocol begins each statement with Parse.
                self.statements += not answers and content[:1] == b"P"
                if answers and self.breaks_at_answer:
                    self.breaks_at_answer = False
                    break
                if not (answers and self.swallows):
                    sink.sendall(content)
        except OSError:
            pass
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
