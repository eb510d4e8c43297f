"""What a preflight found of each storage, as a line for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eocanvas_apply.render.layout import counted, printable

if TYPE_CHECKING:
    from eocanvas_apply.report.checked_storage import CheckedStorage


def line(checked: CheckedStorage) -> str:
    """Return `key.scenes: bucket olci at https://...: answers; 12 of 12 inputs are there`."""
    return f"{printable(checked.address)}: {printable(checked.place)}: {outcome(checked)}"


def outcome(checked: CheckedStorage) -> str:
    """Return what came of it, in words."""
    if not checked.asked:
        return "not asked" if checked.ok else "see the errors"
    parts = ["answers"]
    if checked.inputs:
        verb = "is" if checked.inputs == 1 else "are"
        parts.append(f"{checked.found} of {counted(checked.inputs, 'input')} {verb} there")
    return "; ".join([*parts, *(["a file was written and removed"] if checked.written else [])])


def as_json(checked: CheckedStorage) -> dict[str, object]:
    """Return it as a JSON object."""
    return {
        "address": checked.address,
        "place": checked.place,
        "ok": checked.ok,
        "asked": checked.asked,
        "inputs": checked.inputs,
        "found": checked.found,
        "written": checked.written,
    }
