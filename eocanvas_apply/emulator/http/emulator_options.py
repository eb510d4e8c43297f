"""The options of the emulator, as a value and on the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eocanvas_apply.emulator.http.request_faults import FAULT_KINDS, Fault, read_fault
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota, Settings
from eocanvas_apply.emulator.model.clock import parse_seconds
from eocanvas_apply.emulator.model.job_failures import FAILURE_KINDS, JobFault, read_job_fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    Group = argparse._ArgumentGroup  # noqa: SLF001 - typeshed has no public name for it

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options(Settings):
    """How to run an emulator, with the make-up of its service. Times are in seconds.

    `port` 0 takes a free one; `ready` is the file that gets the line with the addresses; `speed` is how many times
    as fast the service's clock runs; `latency` holds up every request. With `storage` "real" jobs read their inputs
    and write their outputs with the keys' own credentials, trusting `ca_file` (else AWS_CA_BUNDLE or SSL_CERT_FILE),
    and find EODATA in `eodata`, a folder or a mapping of paths to bytes. TLS comes from `tls` (certificate, key), or
    from a certification authority of its own in `tls_dir`. Equal `seed`s give equal identifiers.
    """

    port: int = 0
    ready: Path | None = None
    latency: float = 0.0
    speed: float = 1.0
    ca_file: Path | None = None
    eodata: Path | Mapping[str, bytes] | None = None
    tls: tuple[Path, Path] | None = None
    tls_dir: Path | None = None
    faults: tuple[Fault, ...] = ()
    job_faults: tuple[JobFault, ...] = ()
    seed: int | None = None
    private_key: RSAPrivateKey | None = None


def from_arguments(namespace: argparse.Namespace) -> Options:
    """Return the options that a command line gives; what it leaves out keeps its default."""
    given = {each.name: getattr(namespace, each.name) for each in fields(Options) if hasattr(namespace, each.name)}
    given["behaviour"] = Behaviour().changed(dict(given.get("behaviour", ())))
    values: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in given.items()}
    return Options(**values)


def _read(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return a reader for argparse, which hides the words of a ValueError, but not those of an ArgumentTypeError."""

    def reader(text: str) -> T:
        try:
            return read(text)
        except (AttributeError, TypeError, ValueError) as fault:
            raise argparse.ArgumentTypeError(str(fault)) from None

    return reader


@_read
def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"not a whole number: {text!r}")
    return int(text)


@_read
def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ValueError(f"not a port: {text!r}")
    return int(text)


@_read
def _speed(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < 1e6:
            return float(text)
    raise ValueError(f"not a speed: {text!r}")


@_read
def _user(text: str) -> User:
    origin, slash, rest = text.partition("/")
    name, _, password = (rest if slash else text).partition(":")
    if not (name and password):
        raise ValueError("write NAME:PASSWORD, or ORIGIN/NAME:PASSWORD")
    return User(name, password, origin if slash else None)


@_read
def _storage(text: str) -> str:
    if text not in ("none", "real"):
        raise ValueError(f"not a storage: {text!r} (write none or real)")
    return text


@_read
def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError("write FIELD=VALUE")
    Behaviour().changed({name: value})
    return name, value


@_read
def _job_fault(text: str) -> JobFault:
    kind, _, path = text.partition(":")
    return read_job_fault({"kind": kind, "path": path or "*"})


_duration, _quota = _read(parse_seconds), _read(Quota.parse)
_seconds = _read(lambda text: int(parse_seconds(text)))
_fault = _read(lambda text: read_fault(json.loads(text)))
_WITH_CREDENTIALS = "jobs read inputs and write outputs with the credentials of their keys"
_NEXT_JOB = "make the next job fail, or the next whose input fits"
_KINDS = ", ".join(FAULT_KINDS)
_BEHAVIOURS = ", ".join(Behaviour.names())
_DEFAULT_LOG_IN = f"{DEFAULT_USER.name}:{DEFAULT_USER.password}"


# Each option, the field that it gives, how its text is read and shown, and its help.
Row = tuple[str, str, Callable[[str], Any], str, str]
_SERVICE: tuple[Row, ...] = (
    ("--job-time", "job_time", _duration, "D", "from launch to end (2s)"),
    ("--quota", "quotas", _quota, "N/D", "launches per time, such as 10/1h (no limit)"),
    ("--hda-quota", "hda_quotas", _quota, "N/D", "orders of products per time"),
    ("--speed", "speed", _speed, "X", "how fast its clock runs (1)"),
    ("--token-life", "token_life", _seconds, "D", "how long a log-in holds (1744s)"),
    ("--results", "results_per_job", _count, "N", "files that a job leaves (1)"),
    ("--result-size", "result_size", _count, "BYTES", "of each file (4096)"),
    ("--user", "users", _user, "[ORIGIN/]NAME:PASSWORD", f"an account, again for more ({_DEFAULT_LOG_IN})"),
    ("--storage", "storage", _storage, "none|real", f"real: {_WITH_CREDENTIALS} (none)"),
    ("--eodata", "eodata", Path, "DIR", "what jobs find in EODATA, with --storage real"),
    ("--ca-file", "ca_file", Path, "PEM", "certificates that storages are trusted by"),
)
_CONNECTION: tuple[Row, ...] = (
    ("--port", "port", _port, "PORT", "on loopback; 0 takes a free one (0)"),
    ("--ready", "ready", Path, "FILE", "write the addresses there when it runs"),
    ("--latency", "latency", _duration, "D", "of every request (0s)"),
)
_FAULTS: tuple[Row, ...] = (
    ("--behaviour", "behaviour", _setting, "FIELD=VALUE", f"set an unknown of the service: {_BEHAVIOURS}"),
    (
        "--fault",
        "faults",
        _fault,
        "JSON",
        f"make requests fail, once or `times` times; kinds: {', '.join(FAULT_KINDS)}",
    ),
    (
        "--job-fault",
        "job_faults",
        _job_fault,
        "KIND[:GLOB]",
        f"{_NEXT_JOB}; kinds: {', '.join(FAILURE_KINDS)}",
    ),
)
_REPEATED = frozenset({"quotas", "hda_quotas", "users", "behaviour", "faults", "job_faults"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the emulator's options to a command's parser; the names of the values are those of `Options`."""
    _add(parser, "the service", _SERVICE)
    secure = _add(parser, "the connection", _CONNECTION).add_mutually_exclusive_group()
    secure.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"), help="serve https with these files")
    secure.add_argument("--tls-dir", type=Path, metavar="DIR", help="serve https, with an authority in DIR/ca.pem")
    _add(parser, "faults, each may be repeated", _FAULTS)


def _add(parser: argparse.ArgumentParser, title: str, rows: Iterable[Row]) -> Group:
    group = parser.add_argument_group(title, argument_default=argparse.SUPPRESS)
    for option, name, read, shown, text in rows:
        action = "append" if name in _REPEATED else "store"
        group.add_argument(option, dest=name, action=action, type=read, metavar=shown, help=text)
    return group
