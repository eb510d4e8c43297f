"""The tag that every key of ours carries in its description: whose it is, and which claim made it."""

from __future__ import annotations

_PROGRAM = "eocanvas-apply"


def key_tag(project: str, address: str, intent: str) -> str:
    """Return what stands in the description of the key that this intent creates."""
    return f"{_PROGRAM} {project} {address} {intent}"


def is_tagged(description: str, project: str) -> bool:
    """Tell whether a description is that of a key of this project, whichever ledger knows it."""
    return f"{_PROGRAM} {project} key." in description
