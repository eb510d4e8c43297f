"""Faults of requests: which requests fail, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from eocanvas_apply.emulator.model.messages import WireRequest

FaultKind = Literal["status", "drop-before", "drop-after", "late", "truncate", "delay", "html", "unauthorized"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule: it applies to requests with this method whose path fits the glob, `times` times (None: always).

    The first `skip` of them are spared. Kinds: `status` answers `status` with `body` (a JSON value, or text that is
    sent as it is) as `content_type` and `headers`, before or after the request has been carried out (`when`);
    `drop-before` and `drop-after` lose the connection before or after that; `late` loses it, and carries the request
    out `seconds` afterwards; `truncate` cuts the answer's body after `at` bytes (None: half of it); `delay` holds
    the answer back for `seconds`; `html` answers 200 with a page; `unauthorized` answers 401.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    skip: int = 0
    status: int = 500
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    when: Literal["before", "after"] = "before"
    seconds: float = 0.0
    at: int | None = None

    def fits(self, request: WireRequest) -> bool:
        """Tell whether the rule speaks of this request."""
        return self.method in ("*", request.method) and fnmatchcase(request.path, self.path)


def read_fault(document: Mapping[str, Any]) -> Fault:
    """Return the rule that a JSON object describes. Raises ValueError."""
    unknown = sorted(set(document) - {f.name for f in fields(Fault)})
    if unknown:
        raise ValueError(f"no such field of a fault: {', '.join(unknown)}")
    if document.get("kind") not in FAULT_KINDS:
        raise ValueError(f"the kind of a fault is one of {', '.join(FAULT_KINDS)}")
    for name in ("times", "skip", "status", "at", "seconds"):
        if not isinstance(document.get(name, 0), int | float | None):
            raise ValueError(f"{name} of a fault is a number")
    return Fault(**document)


class FaultQueue(list[Fault]):
    """The rules in the order in which they came. A request meets the first that fits, and every delay."""

    def meet(self, request: WireRequest) -> tuple[Fault | None, float]:
        """Return the fault of a request, and the seconds of its delay; both use up their rules."""
        met: Fault | None = None
        delay = 0.0
        kept: list[Fault] = []
        for rule in self:
            if not rule.fits(request) or (met is not None and rule.kind != "delay"):
                kept.append(rule)
                continue
            kept.extend(_left(rule))
            if not rule.skip and rule.kind == "delay":
                delay += rule.seconds
            elif not rule.skip:
                met = rule
        self[:] = kept
        return met, delay


def _left(rule: Fault) -> list[Fault]:
    if rule.skip:
        return [replace(rule, skip=rule.skip - 1)]
    if rule.times is None:
        return [rule]
    return [replace(rule, times=rule.times - 1)] if rule.times > 1 else []
