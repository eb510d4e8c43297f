"""The program's own log: to stderr with -v, to a file with --log, scrubbed both times."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from eocanvas_apply.secrets.scrubbing import SCRUBBER

LOGGER = "eocanvas_apply"


class _Scrubbed(logging.Formatter):
    """One record is one line, without secrets and without anything that steers a terminal."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line = SCRUBBER.scrub(super().format(record))
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


class _File(logging.FileHandler):
    """A log file; the program goes on without it when it cannot be written any more."""

    def __init__(self, path: Path, on_fault: Callable[[OSError], None]) -> None:
        super().__init__(path, encoding="utf-8")
        self._on_fault = on_fault
        self._lost = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._lost:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in the standard library
        fault = sys.exception()
        if isinstance(fault, OSError):
            self._lose(fault)
        else:
            super().handleError(record)

    def close(self) -> None:
        try:
            super().close()
        except OSError as fault:
            self._lose(fault)

    def _lose(self, fault: OSError) -> None:
        if not self._lost:
            self._lost = True
            self._on_fault(fault)


@contextmanager
def logged(
    stderr: TextIO, *, verbose: bool, file: str | None, on_fault: Callable[[OSError], None] = lambda _: None
) -> Iterator[None]:
    """Send the log where the user asked for as long as the block lasts.

    Raises OSError for a file that cannot be opened; `on_fault` is called once when it cannot be written any more.
    """
    logger = logging.getLogger(LOGGER)
    handlers = [_handler(logging.StreamHandler(stderr), "%(name)s: %(message)s")] if verbose else []
    if file:
        form = "%(asctime)sZ %(levelname)s %(name)s: %(message)s"
        handlers.append(_handler(_private_file(Path(file), on_fault), form))
    before = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _handler(handler: logging.Handler, form: str) -> logging.Handler:
    handler.setFormatter(_Scrubbed(form, "%Y-%m-%dT%H:%M:%S"))
    return handler


def _private_file(path: Path, on_fault: Callable[[OSError], None]) -> logging.Handler:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    return _File(path, on_fault)
