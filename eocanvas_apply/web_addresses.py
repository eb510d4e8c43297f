"""Addresses of the web, split without exceptions, and which of them are this machine's own."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def split_address(text: str) -> SplitResult | None:
    """Return the parts of an address, None where it cannot be read or its port is no port."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def same_service(one: str, other: str) -> bool:
    """Return whether two base addresses are one service: on this machine the port may differ.

    An emulator that comes up again on another port is the same service.
    """
    return one == other or _without_own_port(one) == _without_own_port(other)


def _without_own_port(url: str) -> str:
    parts = split_address(url)
    if parts is None or not is_loopback(host := parts.hostname or ""):
        return url
    return parts._replace(netloc=f"[{host}]" if ":" in host else host).geturl()


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this very machine: localhost, 127.0.0.0/8, ::1."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
