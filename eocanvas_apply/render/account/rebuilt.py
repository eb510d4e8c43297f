"""A ledger that is made anew: what is recorded, what is undecided, what is left out, and what the next plan does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.adoption.rebuilding import Rebuilt, Undecided
from eocanvas_apply.render.differences import change_json
from eocanvas_apply.render.layout import Style, counted, one_line

_MOST = 20


def text(found: Rebuilt, style: Style) -> str:
    """Return it for people."""
    return "".join(f"{line}\n" for line in _lines(found, style))


def _lines(found: Rebuilt, style: Style) -> Iterator[str]:
    keys = [each for each in found.adoptions if each.address.startswith("key.")]
    jobs = [each for each in found.adoptions if not each.address.startswith("key.")]
    yield f"Found at the service: {counted(len(keys), 'key')} and {counted(len(jobs), 'job')} of this manifest."
    yield from _first([_found(each) for each in (*keys, *jobs)])
    if keys:
        yield "The secrets of keys cannot be verified: the service never shows what a key holds. They are taken from"
        yield "the manifest, as its configuration is."
    if found.undecided:
        count = counted(len(found.undecided), "address", "addresses")
        yield style.paint(
            f"Undecided: {count}. A job that shows no mark may be theirs; they are not launched.", "yellow"
        )
        yield from _first([_undecided(each) for each in found.undecided])
        yield "  Is a log only late? Answer no, and run this again when the job has ended. Else decide for each:"
        address = typed(found.undecided[0].address)
        yield f"  eocanvas-apply resolve {address} --adopt JOB-ID, or eocanvas-apply resolve {address} --launch"
    if found.left_out:
        yield "Not recorded; left as they are at the service:"
        yield from _first([f"  {each.address}: {one_line(each.target)}: {each.why}" for each in found.left_out])
    if found.unread:
        what = counted(found.unread, "entry", "entries")
        yield style.paint(f"{what} of the list of jobs cannot be read: such a job may be launched again.", "yellow")
    counts = Counter(action.action.value for action in found.next.actions)
    yield "The next plan: " + (", ".join(f"{action} {count}" for action, count in counts.items()) or "nothing") + "."


def _first(lines: list[str]) -> Iterator[str]:
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield f"  … {len(lines) - _MOST} more; --format json has them all"


def _found(adoption: Adoption) -> str:
    differs = ", ".join(change.path for change in adoption.differences)
    return f"  {adoption.address} <= {one_line(adoption.target)}" + (f" (differs: {differs})" if differs else "")


def _undecided(undecided: Undecided) -> str:
    ids = [job.job_id for job in undecided.suspects]
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return f"  {undecided.address}: {', '.join(ids[:3])}{more}"


def rows(found: Rebuilt) -> list[dict[str, object]]:
    """Return it as `ledger rebuild --format json` lists it."""
    actions = found.next.by_address()

    def row(address: str, state: str, **more: object) -> dict[str, object]:
        then = actions.get(address)
        planned = {"action": then.action, "reason": then.reason} if then else None
        return {"address": address, "state": state, **more, "next": planned}

    return [
        *(
            row(
                each.address,
                "recorded",
                target=each.target,
                differences=[change_json(change) for change in each.differences],
                unverified=list(each.unverified),
            )
            for each in found.adoptions
        ),
        *(row(each.address, "undecided", suspects=[job.job_id for job in each.suspects]) for each in found.undecided),
        *(row(each.address, "left-out", target=each.target, why=each.why) for each in found.left_out),
    ]
