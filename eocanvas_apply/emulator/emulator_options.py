"""The options of the emulator, as a value and on the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eocanvas_apply.emulator.http.request_faults import FAULT_KINDS, Fault, read_fault
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota, Settings
from eocanvas_apply.emulator.model.clock import parse_seconds
from eocanvas_apply.emulator.model.job_failures import FAILURE_KINDS, JobFault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Options:
    """How to run an emulator. Times are in seconds.

    `port` 0 takes a free one; `ready` is the file that gets the line with the addresses; `speed` is how many times
    as fast the service's clock runs; `latency` holds up every request. With `storage` "real" jobs read their inputs
    and write their outputs with the keys' own credentials, trusting `ca_file` (else AWS_CA_BUNDLE or SSL_CERT_FILE),
    and find EODATA in `eodata`, a folder or a mapping of paths to bytes. TLS comes from `tls` (certificate, key), or
    from a certification authority of its own in `tls_dir`. Equal `seed`s give equal identifiers.
    """

    port: int = 0
    ready: Path | None = None
    job_time: float = 2.0
    quotas: tuple[Quota, ...] = ()
    hda_quotas: tuple[Quota, ...] = ()
    latency: float = 0.0
    speed: float = 1.0
    token_life: int = 1744
    results_per_job: int = 1
    result_size: int = 4096
    storage: Literal["none", "real"] = "none"
    ca_file: Path | None = None
    eodata: Path | Mapping[str, bytes] | None = None
    tls: tuple[Path, Path] | None = None
    tls_dir: Path | None = None
    users: tuple[User, ...] = (DEFAULT_USER,)
    behaviour: Behaviour = field(default_factory=Behaviour)
    faults: tuple[Fault, ...] = ()
    job_faults: tuple[JobFault, ...] = ()
    seed: int | None = None
    private_key: RSAPrivateKey | None = None

    def settings(self) -> Settings:
        """Return what the model needs of it."""
        return Settings(
            users=self.users,
            job_time=self.job_time,
            quotas=self.quotas,
            hda_quotas=self.hda_quotas,
            token_life=self.token_life,
            results_per_job=self.results_per_job,
            result_size=self.result_size,
            storage=self.storage == "real",
            behaviour=self.behaviour,
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the emulator's options to a command's parser."""
    _add_service(parser)
    _add_connection(parser)
    _add_faults(parser)


def _add_service(parser: argparse.ArgumentParser) -> None:
    service = parser.add_argument_group("the service")
    service.add_argument("--job-time", type=_duration, default=2.0, metavar="D", help="from launch to end (2s)")
    service.add_argument(
        "--quota", type=_quota, action="append", metavar="N/D", help="launches per time, such as 10/1h (no limit)"
    )
    service.add_argument("--hda-quota", type=_quota, action="append", metavar="N/D", help="orders of products per time")
    service.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="how fast its clock runs (1)")
    service.add_argument(
        "--token-life", type=_duration, default=1744.0, metavar="D", help="how long a log-in holds (1744s)"
    )
    service.add_argument("--results", type=_count, default=1, metavar="N", help="files that a job leaves (1)")
    service.add_argument("--result-size", type=_count, default=4096, metavar="BYTES", help="of each file (4096)")
    service.add_argument(
        "--user",
        type=_user,
        action="append",
        metavar="[ORIGIN/]NAME:PASSWORD",
        help=f"an account, again for more ({DEFAULT_USER.name}:{DEFAULT_USER.password})",
    )
    service.add_argument(
        "--storage",
        choices=("none", "real"),
        default="none",
        help="real: jobs read inputs and write outputs with the credentials of their keys (none)",
    )
    service.add_argument("--eodata", type=Path, metavar="DIR", help="what jobs find in EODATA, with --storage real")
    service.add_argument("--ca-file", type=Path, metavar="PEM", help="certificates that storages are trusted by")


def _add_connection(parser: argparse.ArgumentParser) -> None:
    connection = parser.add_argument_group("the connection")
    connection.add_argument("--port", type=_port, default=0, help="on loopback; 0 takes a free one (0)")
    connection.add_argument("--ready", type=Path, metavar="FILE", help="write the addresses there when it runs")
    connection.add_argument("--latency", type=_duration, default=0.0, metavar="D", help="of every request (0s)")
    secure = connection.add_mutually_exclusive_group()
    secure.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"), help="serve https with these files")
    secure.add_argument("--tls-dir", type=Path, metavar="DIR", help="serve https, with an authority in DIR/ca.pem")


def _add_faults(parser: argparse.ArgumentParser) -> None:
    faults = parser.add_argument_group("faults, each may be repeated")
    faults.add_argument(
        "--behaviour",
        action="append",
        type=_setting,
        metavar="FIELD=VALUE",
        help=f"set an unknown of the service: {', '.join(Behaviour.names())}",
    )
    faults.add_argument(
        "--fault",
        action="append",
        type=_fault,
        metavar="JSON",
        help=f"make requests fail, once or `times` times; kinds: {', '.join(FAULT_KINDS)}",
    )
    faults.add_argument(
        "--job-fault",
        action="append",
        type=_job_fault,
        metavar="KIND[:GLOB]",
        help=f"make the next job fail, or the next whose input fits; kinds: {', '.join(FAILURE_KINDS)}",
    )


def from_arguments(namespace: argparse.Namespace) -> Options:
    """Return the options that a command line gives. Raises ValueError for a behaviour that does not exist."""
    return Options(
        port=namespace.port,
        ready=namespace.ready,
        job_time=namespace.job_time,
        quotas=tuple(namespace.quota or ()),
        hda_quotas=tuple(namespace.hda_quota or ()),
        latency=namespace.latency,
        speed=namespace.speed,
        token_life=int(namespace.token_life),
        results_per_job=namespace.results,
        result_size=namespace.result_size,
        storage=namespace.storage,
        ca_file=namespace.ca_file,
        eodata=namespace.eodata,
        tls=tuple(namespace.tls) if namespace.tls else None,
        tls_dir=namespace.tls_dir,
        users=tuple(namespace.user or (DEFAULT_USER,)),
        behaviour=Behaviour().changed(dict(namespace.behaviour or ())),
        faults=tuple(namespace.fault or ()),
        job_faults=tuple(namespace.job_fault or ()),
    )


# argparse shows the words of an ArgumentTypeError, and hides those of a ValueError.
def _duration(text: str) -> float:
    try:
        return parse_seconds(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"not a whole number: {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"not a port: {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise argparse.ArgumentTypeError(f"not a speed: {text!r}")
    return speed


def _quota(text: str) -> Quota:
    try:
        return Quota.parse(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def _user(text: str) -> User:
    origin, slash, rest = text.partition("/")
    name, colon, password = (rest if slash else text).partition(":")
    if not (name and colon and password):
        raise argparse.ArgumentTypeError("write NAME:PASSWORD, or ORIGIN/NAME:PASSWORD")
    return User(name, password, origin if slash else None)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("write FIELD=VALUE")
    try:
        Behaviour().changed({name: value})
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None
    return name, value


def _fault(text: str) -> Fault:
    try:
        return read_fault(json.loads(text))
    except (AttributeError, TypeError, ValueError) as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def _job_fault(text: str) -> JobFault:
    kind, _, path = text.partition(":")
    for known in FAILURE_KINDS:
        if kind == known:
            return JobFault(known, path or "*")
    raise argparse.ArgumentTypeError(f"the kind is one of {', '.join(FAILURE_KINDS)}")
