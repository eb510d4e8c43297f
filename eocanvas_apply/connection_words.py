"""The words for a connection that failed, whichever library says it.

Libraries wrap the fault of the system, and say only "All connection attempts failed" or "[Errno -2] ..." of it.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

# The first kind that fits counts, so the narrower ones stand first.
_BY_KIND: dict[type[BaseException], str] = {
    ssl.SSLCertVerificationError: "its certificate is not trusted",
    ssl.SSLError: "it does not speak TLS there",
    socket.gaierror: "no such host",
    ConnectionRefusedError: "connection refused",
    ConnectionError: "the connection was closed",
}
_BY_NUMBER = {errno.ENETUNREACH: "no network", errno.EHOSTUNREACH: "no way to the host"}


def connection_words(fault: BaseException) -> str:
    """Return what is wrong with the connection, empty where it is not known."""
    return next(filter(None, map(_of_one, _causes(fault))), "")


def _of_one(fault: BaseException) -> str:
    words = next((words for kind, words in _BY_KIND.items() if isinstance(fault, kind)), "")
    if isinstance(fault, ssl.SSLCertVerificationError) and (said := getattr(fault, "verify_message", "")):
        return f"{words} ({said})"
    return words or _BY_NUMBER.get(getattr(fault, "errno", None) or 0, "")


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        grouped = fault.exceptions if isinstance(fault, BaseExceptionGroup) else ()
        fault = fault.__cause__ or fault.__context__ or next(iter(grouped), None)
