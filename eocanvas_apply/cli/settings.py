"""What a command runs with: options first, then the environment, then what the manifest says."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.service.endpoints import Endpoints

_TIMING = {
    "poll": "EOCANVAS_APPLY_POLL",
    "settle": "EOCANVAS_APPLY_SETTLE",
    "send_within": "EOCANVAS_APPLY_SEND_WITHIN",
    "request_timeout": "EOCANVAS_APPLY_REQUEST_TIMEOUT",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. `timing` holds only what the environment sets; no `ledger` is the file beside the manifest.

    `variables` are those of the command line, by name, as they are written there.
    """

    manifest: Path
    endpoints: Endpoints
    ledger: str | None = None
    timing: Mapping[str, timedelta] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def settings(args: Namespace, environ: Mapping[str, str]) -> Settings:
    """Return them; raises UsageError for a value that cannot be meant."""
    from eocanvas_apply.service.endpoints import DEFAULT_URL, Endpoints

    return Settings(
        manifest=manifest_file(args),
        endpoints=Endpoints(
            environ.get("EOCANVAS_URL") or DEFAULT_URL,
            environ.get("EOCANVAS_TOKEN_URL") or None,
            environ.get("HDA_URL", ""),
        ),
        ledger=ledger_url(args, environ),
        timing={
            name: _duration(variable, environ[variable]) for name, variable in _TIMING.items() if environ.get(variable)
        },
        variables=variables(args),
    )


def manifest_file(args: Namespace) -> Path:
    """Return the manifest's path; raises UsageError where it is a folder."""
    path = Path(args.file)
    if path.is_dir():
        raise UsageError(error("usage", f"{path} is a folder", f"name the file: -f {path / 'eocanvas.yaml'}"))
    return path


def variables(args: Namespace) -> Mapping[str, str]:
    """Return the variables that `--var NAME=VALUE` gives; raises UsageError for one that is none or given twice."""
    given: dict[str, str] = {}
    for text in getattr(args, "var", ()):
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise UsageError(error("usage", f"--var {text!r} has no name or no `=`", "write --var NAME=VALUE"))
        if name in given:
            raise UsageError(error("usage", f"--var {name} is given twice", "keep one of them"))
        given[name] = value
    return given


def ledger_url(args: Namespace, environ: Mapping[str, str]) -> str | None:
    """Return where the ledger is, None for the place beside the manifest. Not every command takes the option."""
    return getattr(args, "ledger", None) or environ.get("EOCANVAS_APPLY_LEDGER") or None


def _duration(variable: str, text: str) -> timedelta:
    from eocanvas_apply.manifest.model.times import parse_duration

    try:
        return parse_duration(text)
    except ValueError as fault:
        raise UsageError(error("bad-setting", f"{variable}: {fault}")) from None
