"""What the service holds of one key, as text and as JSON: plain fields, the names of secrets, times, the comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from eocanvas_apply.render.differences import change_json
from eocanvas_apply.render.layout import moment, one_line, stamp
from eocanvas_apply.report.sealed import Sealed


def lines(sealed: Sealed | None) -> list[str]:
    """Return a title and a line each: what is sealed, since and until when, and whether it is what it would be now."""
    if sealed is None:
        return ["sealed: nothing is at the service"]
    plain = [f"  {name}: {one_line(value)}" for name, value in sorted(sealed.config.items())]
    secret = [f"  {name}: (secret)" for name in sealed.secrets]
    number = f", generation {sealed.generation}" if sealed.generation else ""
    hidden = "" if sealed.shown else "; the service does not list it now"
    return [
        f"sealed: {sealed.name}{number}{hidden}",
        *plain,
        *secret,
        f"  since {_known(sealed.since)}, {_until(sealed)}",
        f"  compared with now: {_verdict(sealed)}",
    ]


def _known(time: datetime | None) -> str:
    return moment(time) if time else "an unknown time"


def _until(sealed: Sealed) -> str:
    if not sealed.end_known:
        return "end not shown by the service"
    return f"until {moment(sealed.until)}" if sealed.until else "without end"


def _verdict(sealed: Sealed) -> str:
    changed = f"changed ({', '.join(change.path for change in sealed.differences)})" if sealed.differences else ""
    more = " more" if changed else ""
    unknown = f"cannot tell{more}, because {'; '.join(map(one_line, sealed.unknown))}" if sealed.unknown else ""
    return "; ".join(filter(None, [changed, unknown])) or "equal"


def as_json(sealed: Sealed | None) -> dict[str, Any] | None:
    """Return the same as JSON; `secrets` are names, and `end_known` false means that `expires` is an assumption."""
    if sealed is None:
        return None
    return {
        "name": sealed.name,
        "generation": sealed.generation,
        "listed": sealed.shown,
        "config": dict(sealed.config),
        "secrets": list(sealed.secrets),
        "created": stamp(sealed.since),
        "expires": stamp(sealed.until),
        "end_known": sealed.end_known,
        "comparison": sealed.comparison.value,
        "changes": [change_json(change) for change in sealed.differences],
        "unknown": list(sealed.unknown),
    }
