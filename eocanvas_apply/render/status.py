"""Where everything stands, as two tables and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eocanvas_apply.planning.status import JobStatus, KeyStatus, Status
from eocanvas_apply.planning.windows import WindowState
from eocanvas_apply.render import forecast
from eocanvas_apply.render.stamps import moment, stamp
from eocanvas_apply.render.style import PLAIN, Style, one_line
from eocanvas_apply.render.table import table

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import JobStatusDocument, KeyStatusDocument, StatusBody, WindowDocument


def body(status: Status) -> StatusBody:
    """Return it as JSON, without what its command adds. `windows` are those of the quota."""
    return {
        "keys": [_key(key) for key in status.keys],
        "jobs": [_job(job) for job in status.jobs],
        "windows": [_window(window) for window in status.plan.windows],
        "forecast": forecast.document(status.plan),
    }


def _window(window: WindowState) -> WindowDocument:
    return {
        "jobs": window.limit,
        "per_s": int(window.per.total_seconds()),
        "used": window.used,
        "left": window.left,
        "next_free": stamp(window.next_free),
    }


def _key(key: KeyStatus) -> KeyStatusDocument:
    return {
        "address": key.address,
        "status": key.status,
        "reason": key.reason,
        "name": key.name,
        "expires": stamp(key.expires),
    }


def _job(job: JobStatus) -> JobStatusDocument:
    return {
        "address": job.address,
        "status": job.status,
        "reason": job.reason,
        "job_id": job.job_id,
        "created": stamp(job.created),
    }


def text(status: Status, style: Style = PLAIN) -> str:
    """Return a table of keys and one of jobs."""
    keys = [[k.address, k.status, k.reason, k.name or "-", moment(k.expires)] for k in status.keys]
    jobs = [[j.address, j.status, _reason(j), j.job_id or "-", moment(j.created), _results(j)] for j in status.jobs]
    tables = [
        table(("key", "status", "reason", "name", "ends"), keys, style),
        table(("job", "status", "reason", "job id", "created", "results"), jobs, style),
    ]
    tables += [f"{forecast.window(window)}\n" for window in status.plan.windows]
    tables += [f"{style.paint(j.address, 'red')} failed: {one_line(j.failure)}\n" for j in status.jobs if j.failure]
    return "\n".join(each for each in tables if each) or "Nothing in the manifest, nothing on record.\n"


def _reason(job: JobStatus) -> str:
    return f"{job.reason}: {one_line(job.note)}" if job.note else job.reason


def _results(job: JobStatus) -> str:
    return f"{job.stored} of {job.listed}" if job.listed else "-"
