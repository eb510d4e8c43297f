"""Time stamps in every shape in which the service has been seen to write them; all are UTC."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime


def dots(at: datetime) -> str:
    """Return `2024-10-21:08.59.05`."""
    return at.strftime("%Y-%m-%d:%H.%M.%S")


def zulu(at: datetime) -> str:
    """Return `2024-10-21T09:02:13Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def nanoseconds(at: datetime) -> str:
    """Return `2024-10-21T09:02:13.723098324Z`."""
    return f"{_with_nanoseconds(at)}Z"


def space(at: datetime) -> str:
    """Return `2025-02-13 13:42:08`, the shape of the keystore."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def log(at: datetime) -> str:
    """Return `2024-12-06T15:31:45.123456789+00:00`, the shape of the job logs."""
    return f"{_with_nanoseconds(at)}+00:00"


def http_date(at: datetime) -> str:
    """Return the value of a `Date` header."""
    return format_datetime(at, usegmt=True)


def _with_nanoseconds(at: datetime) -> str:
    # A datetime ends at microseconds; the three digits below are made from them, so they are never all zero.
    return f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}{at.microsecond * 7 % 1000:03d}"
