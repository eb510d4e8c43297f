"""Patterns of a policy, as of a shell, and what they stand for: names, addresses, hosts and files."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.files import expanded, located
from eocanvas_apply.web_addresses import split_address

_DEFAULT_PORTS = {"https": 443, "http": 80}
# Of letters beyond ASCII one program makes another host than the next.
_HOST = re.compile(r"[a-z0-9_.:-]+")
# Programs split an address with one of these in several ways.
_UNCLEAR = re.compile(r"[\s\\\x00-\x1f\x7f]")
_NOT_IN_A_BUCKET = re.compile(r"[\s/\\?#%@]")


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of the patterns stands for a text."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def words(patterns: Sequence[str]) -> str:
    """Return patterns for a message."""
    return ", ".join(patterns) or "none"


def matches_bucket(bucket: str, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern stands for a bucket; a path is none, for `group-a/../other` is another bucket."""
    return "*" in patterns or (not _NOT_IN_A_BUCKET.search(bucket) and matches(bucket, patterns))


def host_of(address: str) -> str | None:
    """Return the host of an address of the web in one spelling; None where programs may disagree about it."""
    parts = None if _UNCLEAR.search(address) else split_address(address)
    if parts is None or parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc:
        return None
    host = (parts.hostname or "").removesuffix(".")
    return host if _HOST.fullmatch(host) else None


def matches_host(address: str, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern stands for the host of an address."""
    host = host_of(address)
    return "*" in patterns or (host is not None and matches(host, (each.lower() for each in patterns)))


def matches_address(address: str, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern stands for an address: for its protocol and host, and by itself for its path.

    So `https://*.example.org` does not stand for `https://other.example/.example.org`.
    """
    return "*" in patterns or any(_matches_address(address, pattern) for pattern in patterns)


def _matches_address(address: str, pattern: str) -> bool:
    host, parts = host_of(address), split_address(address)
    if host is None or parts is None or parts.query or parts.fragment:
        return False
    if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]):
        host = f"{host}:{parts.port}"
    scheme, _, rest = pattern.partition("://")
    wanted_host, _, wanted_path = rest.partition("/")
    wanted_host = wanted_host.lower().removesuffix(f":{_DEFAULT_PORTS.get(scheme.lower())}")
    path = posixpath.normpath("/" + unquote(parts.path).lstrip("/"))
    return (
        fnmatchcase(parts.scheme, scheme.lower())
        and fnmatchcase(host, wanted_host)
        and fnmatchcase(path, "/" + wanted_path.rstrip("/"))
    )


def matches_file(written: str, patterns: Iterable[str], boundary: Boundary) -> bool:
    """Tell whether a pattern stands for the place that a path leads to, links followed, or for a folder above it.

    A pattern is relative to the manifest's folder and stays in it, unless it is absolute or begins with `..`.
    """
    real = _real(located(written, boundary.folder), boundary)
    return any(_leads_to(real, pattern, Path(os.path.realpath(boundary.folder))) for pattern in patterns)


def _leads_to(real: Path, pattern: str, folder: Path) -> bool:
    wanted = expanded(pattern)
    if not wanted.is_absolute() and wanted.parts[:1] != ("..",):
        if not real.is_relative_to(folder):
            return False
        place, plain = real.relative_to(folder).as_posix(), posixpath.normpath(wanted.as_posix())
    else:
        place, plain = real.as_posix(), Path(os.path.realpath(folder / wanted)).as_posix()
    return plain == "." or matches(place, (plain, f"{plain.rstrip('/')}/*"))


def _real(path: Path, boundary: Boundary) -> Path:
    try:
        return boundary.real(path)
    except OSError:
        # It is never opened, and where links lead outside is not looked at.
        return Path(os.path.normpath(path.absolute()))
