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


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this very machine: localhost, 127.0.0.0/8, ::1."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
