"""Why each diagnostic code is a fault, with an example before and after; read only by `explain` and the docs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

from eocanvas_apply.checks.codes import subjects


class Explanation(Struct, frozen=True):
    """`before` is the part of a file with the fault, or what is seen; `after` is it corrected, or what helps.

    `says` is a command and what it says then, as a test recorded it; empty where none could.
    """

    why: str
    before: str
    after: str
    says: str = ""


@cache
def explanations() -> Mapping[str, Explanation]:
    """Return all explanations by their code."""
    rows = {name: row for subject in subjects() for name, row in _table(f"explained/{subject}").items()}
    return {
        name: Explanation(**{field: text.strip("\n") for field, text in row.items()}, says=messages().get(name, ""))
        for name, row in rows.items()
    }


@cache
def messages() -> Mapping[str, str]:
    """Return a recorded message of each code that a test can bring about."""
    return _table("messages")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files("eocanvas_apply.checks").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))
