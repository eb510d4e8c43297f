"""A manifest that is written for an account: what becomes a key or job of it, and what it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.adoption.account_draft import Draft, DraftJob
from eocanvas_apply.render.layout import Style, counted, one_line

_MOST_LEFT = 20


def text(draft: Draft, file: str, style: Style) -> str:
    """Return what would be written, and what is left out."""
    return "".join(f"{line}\n" for line in _lines(draft, file, style))


def _lines(draft: Draft, file: str, style: Style) -> Iterator[str]:
    yield style.paint(f"{file}: {counted(len(draft.keys), 'key')}, {counted(len(draft.addresses()), 'job')}", "bold")
    for key in draft.keys:
        gone = "" if key.shown else ", which the service does not show any more"
        yield f"  {Address.key(key.name)} <= key {one_line(key.physical)}, used as it is{gone}"
    yield from (f"  {Address.job(job.name)} <= {_jobs(job)}" for job in draft.jobs)
    if draft.left_out:
        yield "left out:"
        yield from (f"  {line}" for line in _left_out(draft))


def _jobs(job: DraftJob) -> str:
    if job.is_campaign:
        return f"{len(job.jobs)} jobs, one for each row of its table"
    return f"job {one_line(job.example.job_id)}"


def _left_out(draft: Draft) -> Iterator[str]:
    """Yield one line for each reason that several have, else for each."""
    reasons = Counter(each.why for each in draft.left_out)
    lines = [
        f"{reasons[why]} of them: {one_line(why)}" if reasons[why] > 1 else f"{one_line(target)}: {one_line(why)}"
        for why, target in {each.why: each.target for each in draft.left_out}.items()
    ]
    yield from lines[:_MOST_LEFT]
    if len(lines) > _MOST_LEFT:
        yield f"… and {len(lines) - _MOST_LEFT} more; --format json lists all"


def done(draft: Draft, files: Sequence[str]) -> str:
    """Return the last lines: what is written, and what follows."""
    wrote = "".join(f"wrote {path}\n" for path in files)
    jobs = counted(len(draft.addresses()), "job")
    return (
        f"{wrote}{jobs} on record: none of them runs again. The next apply downloads the results that lie at the "
        "service, and watches what runs.\nSee it with: eocanvas-apply plan\n"
    )


def rows(draft: Draft) -> list[dict[str, Any]]:
    """Return it as `import --all --format json` lists it; what is left out has no address."""
    keys = [{"address": str(Address.key(key.name)), "name": key.physical} for key in draft.keys]
    jobs = [{"address": address, "job_id": job.job_id} for address, job in draft.addresses().items()]
    taken = [{**each, "imported": True} for each in (*keys, *jobs)]
    left = [{"address": None, "target": each.target, "imported": False, "why": each.why} for each in draft.left_out]
    return [*taken, *left]
