"""Results of earlier jobs as inputs of later ones: by the address that the service gives, or by their path at a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from eocanvas_apply.emulator.model.credentials import Credentials, S3Credentials
from eocanvas_apply.emulator.model.jobs.executions import JobInput
from eocanvas_apply.emulator.model.jobs.failures import Failure, missing_file, not_fetched
from eocanvas_apply.emulator.model.jobs.job import Job
from eocanvas_apply.emulator.model.jobs.outputs import Output
from eocanvas_apply.emulator.model.jobs.processes import BASE
from eocanvas_apply.emulator.model.settings import Behaviour

_ADDRESS = re.compile(rf"{re.escape(BASE)}/download/([^/]+)/output/([^/]+)")
_PATH = re.compile(r"/?([^/]+)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Handover:
    """A result that another job is given; `output` is None where that result is not there."""

    source: Job
    output: Output | None


def handed_over(given: JobInput, jobs: Mapping[str, Job]) -> Handover | None:
    """Return the result that an input is, None for an input that is no result of any job."""
    found = _PATH.fullmatch(given.location) if given.key else _ADDRESS.fullmatch(urlsplit(given.location).path)
    source = jobs.get(found[1]) if found else None
    if source is None or found is None:
        return None
    there = source.outputs if source.status == "successful" and not source.vanished else ()
    at_a_key = source.execution.output_key is not None
    fits = (output for output in there if output.name == found[2] and at_a_key is (given.key is not None))
    return Handover(source, next(fits, None))


def failure_of(job: Job, given: JobInput, handover: Handover, behaviour: Behaviour) -> Failure | None:
    """Return how a job fails that stages this result, None when nothing speaks against it."""
    if given.key:
        written = handover.source.credentials.get(handover.source.execution.output_key or "")
        elsewhere = _place(written) != _place(job.credentials.get(given.key))
        return missing_file(given.location) if handover.output is None or elsewhere else None
    if behaviour.own_links == "denied":
        return not_fetched(f"{given.location}: 401 Unauthorized")
    if handover.output is None or handover.source.owner != job.owner:
        return not_fetched(f"{given.location}: 404 Not Found")
    return not_fetched(f"{given.location}: 403 Forbidden") if over(given.location, job.starts) else None


def over(link: str, at: datetime) -> bool:
    """Tell whether a link is not honoured any more."""
    (ends,) = parse_qs(urlsplit(link).query).get("expires", [""])
    return ends.isdecimal() and datetime.fromtimestamp(int(ends), UTC) <= at


def _place(credentials: Credentials | None) -> tuple[str, str]:
    if credentials is None:
        return "", ""
    return credentials.endpoint, credentials.bucket if isinstance(credentials, S3Credentials) else ""
