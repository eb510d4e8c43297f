"""A key or job that is taken over: what it is, how it differs from the manifest, what the next apply makes of it."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.planning.actions import QUIET
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.render.differences import change_json, change_line, document_diff, painted
from eocanvas_apply.render.layout import Style, one_line
from eocanvas_apply.render.plan_blocks import in_words

_MOST_LINES = 30


def text(adoption: Adoption, then: PlannedAction | None, style: Style) -> str:
    """Return what is taken over, what differs and cannot be verified, and what follows."""
    return "".join(f"{line}\n" for line in _lines(adoption, then, style))


def _lines(adoption: Adoption, then: PlannedAction | None, style: Style) -> Iterator[str]:
    what = "key" if adoption.address.startswith("key.") else "job"
    yield f"{adoption.address} <= {what} {one_line(adoption.target)}"
    yield from (f"  {style.paint('caution', 'yellow')}: {one_line(each)}" for each in adoption.cautions)
    if adoption.differences:
        yield "  it differs from the manifest (what it is -> what the manifest says):"
        yield from (f"    {line}" for line in _differences(adoption, style))
    yield from (f"  not verified: {one_line(each)}" for each in adoption.unverified)
    if then is not None:
        yield f"  the next apply: {_next(then)}"


def _differences(adoption: Adoption, style: Style) -> Iterator[str]:
    for change in adoption.differences:
        if change.path != DOCUMENT or adoption.documents is None:
            yield change_line(change, style)
            continue
        yield style.paint("graph or chain", "bold") + ":"
        lines = document_diff(*adoption.documents)
        yield from (f"  {line}" for line in painted(lines[:_MOST_LINES], style))
        if len(lines) > _MOST_LINES:
            yield f"  … {len(lines) - _MOST_LINES} more lines"


def _next(then: PlannedAction) -> str:
    words = in_words(then)
    return words if then.action in QUIET else f"{then.action} ({words})"


def as_json(adoption: Adoption, then: PlannedAction | None) -> dict[str, object]:
    """Return it as `import --format json` lists it."""
    kind = "name" if adoption.address.startswith("key.") else "job_id"
    return {
        "address": adoption.address,
        kind: adoption.target,
        "imported": adoption.is_new,
        "differences": [change_json(change) for change in adoption.differences],
        "cautions": list(adoption.cautions),
        "unverified": list(adoption.unverified),
        "next": {"action": then.action, "reason": then.reason} if then else None,
    }


def done(adoption: Adoption) -> str:
    """Return the last line: what is on record now."""
    if not adoption.is_new:
        return f"{adoption.address} has it already; nothing was changed.\n"
    return f"{adoption.address} is imported. See it with: eocanvas-apply status\n"
