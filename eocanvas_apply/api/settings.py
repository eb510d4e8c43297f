"""Settings and credentials as the environment gives them, for the command line and for programs alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.opening import Settings
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest.model.times import parse_duration
from eocanvas_apply.secrets.scrubbing import SCRUBBER
from eocanvas_apply.service.credentials import find_credentials
from eocanvas_apply.service.urls import DEFAULT_URL, Endpoints

_TIMING = ("poll", "settle", "send_within", "request_timeout")


def find_settings(environ: Mapping[str, str], ledger: str | None = None, *, accepts_licences: bool = False) -> Settings:
    """Return what an engine is opened with; `ledger` wins over EOCANVAS_APPLY_LEDGER.

    Raises UsageError for a variable that cannot be read and CredentialsError where no credentials are found.
    """
    endpoints, timing = find_endpoints(environ), find_timing(environ)
    credentials = find_credentials(environ, Path.home())
    return Settings(
        endpoints,
        credentials,
        environ,
        ledger or environ.get("EOCANVAS_APPLY_LEDGER") or None,
        timing,
        accepts_licences=accepts_licences,
        scrubber=SCRUBBER,
    )


def find_endpoints(environ: Mapping[str, str]) -> Endpoints:
    """Return where the service is."""
    base, token = environ.get("EOCANVAS_URL") or DEFAULT_URL, environ.get("EOCANVAS_TOKEN_URL") or None
    return Endpoints(base, token, environ.get("HDA_URL", ""))


def find_timing(environ: Mapping[str, str]) -> dict[str, timedelta]:
    """Return the fields of `timing` that the environment sets, as EOCANVAS_APPLY_POLL and so on."""
    named = {name: f"EOCANVAS_APPLY_{name.upper()}" for name in _TIMING}
    return {name: duration(variable, environ[variable]) for name, variable in named.items() if environ.get(variable)}


def duration(name: str, text: str, code: str = "bad-setting") -> timedelta:
    """Return a length of time such as `1h30m`; raises UsageError that begins with the name of what it is for."""
    try:
        return parse_duration(text)
    except ValueError as fault:
        raise UsageError(error(code, f"{name}: {fault}")) from None
