"""Differences between what is recorded and what is desired, for people and for programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.render.style import Style, one_line

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import ChangeDocument

_LONGEST = 200


def document(change: Change) -> ChangeDocument:
    """Return one as JSON; a sensitive one without values, a long text as its digest."""
    if change.sensitive:
        return {"path": change.path, "sensitive": True}
    return {"path": change.path, "before": _digested(change.before), "after": _digested(change.after)}


def lines(changes: Sequence[Change], style: Style, indent: str = "      ") -> list[str]:
    """Return one line a difference."""
    return [f"{indent}{style.paint(change.path, 'bold')}: {_words(change)}" for change in changes]


def _words(change: Change) -> str:
    if change.sensitive:
        return "(another secret)"
    return f"{_shown(change.before)} -> {_shown(change.after)}"


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    return one_line(json.dumps(_digested(value), ensure_ascii=False, default=str), 80)


def _digested(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST:
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()
    return value
