"""The rows of the report's table of jobs: where each stands, why, since when, and what it left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from markupsafe import Markup, escape
from msgspec import Struct

from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.planning.log_rules import rule_of, shown_remarks
from eocanvas_apply.planning.plan import campaign_of, instance_of
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.at_keys import location_of
from eocanvas_apply.render.layout import counted, moment, one_line, printable, rough, size, stamp
from eocanvas_apply.render.plan import advice
from eocanvas_apply.render.plan_blocks import in_words, when
from eocanvas_apply.report.page.footprints import URGENT_FIRST
from eocanvas_apply.report.page.report_page import ReportPage
from eocanvas_apply.report.status import JobStatus
from eocanvas_apply.secrets.published_text import published_field

# Of more jobs than these, what there is to tell of those that are done stays out: the page would be too large.
MOST_WITH_DETAILS = 2000
_ON_THE_MAP = ("geometry", "wkt", "bbox")
_LONG_NAME = 32
_MOST_FILES, _MOST_FIELDS, _LONGEST_FIELD = 20, 12, 160


class Entry(Struct, frozen=True):
    """One row; `details` are name and value of what is shown when it is opened, `files` name and size of results."""

    id: str
    address: str
    group: str
    name: str
    phase: Phase
    words: str
    created: str
    duration: str
    seconds: float
    results: str
    stored: int
    failure: str = ""
    details: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    log: tuple[str, ...] = ()
    thumbnail: bytes = b""

    @property
    def line(self) -> Markup:
        """What is always seen of it, as HTML. Jinja takes four times as long, and most of a large page are these.

        What is not escaped here is of numbers, times and our own words, and the id is quoted.
        """
        state, slug, rank = self.phase, self.phase.slug, URGENT_FIRST.index(self.phase)
        failure = f' data-failure="{escape(self.failure)}"' if self.failure else ""
        at = self.created.rstrip("Z").replace("T", " ")
        long = ' class="long"' if len(self.name) > _LONG_NAME else ""
        return Markup(  # noqa: S704 - see above
            f'<tbody id="{self.id}" data-phase="{slug}" data-group="{escape(self.group)}"{failure}>\n'
            f'      <tr><th scope="row"{long}>{escape(self.name)}</th>'
            f'<td data-value="{rank}"><span class="badge {slug}">{state}</span></td>'
            f'<td class="why">{escape(self.words)}</td>'
            f'<td class="time" data-value="{self.created}">{at}</td>'
            f'<td class="number" data-value="{self.seconds}">{self.duration}</td>'
            f'<td class="number" data-value="{self.stored}">{self.results}</td></tr>'
        )


def row_id(address: str) -> str:
    """Return the id of an address's row, which a link to it names too."""
    return quote(address, safe=".-_")


def row_name(address: str) -> str:
    """Return the short name of a job, such as `tiles/T32`."""
    campaign = campaign_of(address)
    return printable((f"{campaign}/{instance_of(address)}" if campaign else address).removeprefix("job."))


def entries(page: ReportPage) -> Iterator[Entry]:
    """Yield a row for each job, failures first."""
    brief = len(page.status.jobs) > MOST_WITH_DETAILS
    # What needs a person stands first, as in `status`.
    for job in sorted(page.status.jobs, key=lambda job: URGENT_FIRST.index(job.phase)):
        yield _entry(page, job, brief=brief)


def _entry(page: ReportPage, job: JobStatus, *, brief: bool) -> Entry:
    run, phase = job.run, job.phase
    detailed = not brief or phase is not Phase.DONE
    files = list(_files(page, job.address, run)) if run else []
    whole, known = sum(each for _, each in files if each), all(each is not None for _, each in files)
    took = _took(run, page.timeline.now)
    return Entry(
        id=row_id(job.address),
        address=job.address,
        group=job.action.campaign or job.address,
        name=row_name(job.address),
        phase=phase,
        words=printable(_words(page, job)),
        created=(stamp(run.created) or "") if run else "",
        duration=rough(took) if took else "",
        seconds=took.total_seconds() if took else -1,
        results=_results(len(files), whole if known else None),
        stored=whole if files else -1,
        failure=(run.failure or "") if run and phase is Phase.FAILED else "",
        details=tuple((name, printable(value)) for name, value in _details(page, job)) if detailed else (),
        files=tuple((name, size(each) if each is not None else "") for name, each in files[:_MOST_FILES])
        if detailed
        else (),
        log=tuple(map(printable, page.logs.get(job.address, ()))),
        thumbnail=page.thumbnails.get(job.address, b""),
    )


def _took(run: Run | None, now: datetime) -> timedelta | None:
    """Return how long a job took, or has been taking."""
    if run is None or not run.created:
        return None
    took = (run.finished or (now if run.in_flight else run.created)) - run.created
    return took if took > timedelta() else None


def _results(files: int, whole: int | None) -> str:
    return counted(files, "file") + (f", {size(whole)}" if whole else "") if files else ""


def _words(page: ReportPage, job: JobStatus) -> str:
    """Return where a job stands, in words; of one that failed or cannot start, why."""
    if why := page.blocked.get(job.address):
        return f"cannot start: {one_line(why)}"
    if job.phase is Phase.FAILED and job.failure and job.action.reason is Reason.FAILED:
        return one_line(job.failure)
    action = job.action
    later = f", {when(action)}" if action.not_before and not action.lists_nothing else ""
    after = f" after {', '.join(action.depends_on)}" if action.depends_on else ""
    return f"{in_words(action)}{after}{later}"


def _files(page: ReportPage, address: str, run: Run) -> Iterator[tuple[str, int | None]]:
    """Yield the results of a job: the file here or the place at a key, and the size in bytes as far as known."""
    for stored in run.stored.values():
        yield stored.file, stored.size
    for listed in run.results or ():
        if listed.at_key:
            record = page.recorded.jobs[address]
            yield location_of(page.recorded, record, run, listed) or listed.title, None


def _details(page: ReportPage, job: JobStatus) -> Iterator[tuple[str, str]]:
    run = job.run
    if run:
        yield "Job id", f"{run.job_id} ({run.status})"
        yield from (
            (name, moment(at))
            for name, at in (("Created", run.created), ("Started", run.started), ("Ended", run.finished))
            if at
        )
    if job.failure:
        yield "Failure", one_line(job.failure, 400)
    if run and run.failure and job.phase is Phase.FAILED:
        yield "What helps", HINTS[run.failure]
    for remark in shown_remarks(job.remarks, job.checks):
        rule = rule_of(remark)
        yield "Remark", f"{rule.meaning if rule else 'see the log'}: {one_line(remark.line)} [{remark.code}]"
    for past in page.attempts(job):
        why = f": {one_line(past.failure_line)}" if past.failure_line else ""
        yield "Earlier attempt", f"{past.job_id} ({past.failure or past.status}{why})"
    yield "Next", _next(page, job)
    if job.phase is not Phase.DONE:
        yield "More", f"eocanvas-apply why {typed(job.address)}"
    yield from _row(page, job)


def _next(page: ReportPage, job: JobStatus) -> str:
    if job.address in page.blocked:
        return "it starts once what it needs is corrected"
    return advice(job.action, refused=job.refused)


def _row(page: ReportPage, job: JobStatus) -> Iterator[tuple[str, str]]:
    """Yield the fields of an instance's row."""
    desired = page.desired_jobs.get(job.address)
    fields: Mapping[str, object] = desired.fields if desired else {}
    for name, value in list(fields.items())[:_MOST_FIELDS]:
        if value not in (None, "") and name.rpartition(".")[2] not in _ON_THE_MAP:
            # A page is published where a ledger is not: what signs an address does not belong there.
            yield f"each.{name}", one_line(str(published_field(name, value)), _LONGEST_FIELD)
