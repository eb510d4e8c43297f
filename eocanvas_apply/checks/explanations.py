"""Why each diagnostic code is a fault, with an example before and after; read only by `explain` and the docs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from eocanvas_apply.checks.codes import subjects


@dataclass(frozen=True, slots=True)
class Explanation:
    """`before` is the part of a file with the fault, or what is seen; `after` is it corrected, or what helps."""

    why: str
    before: str
    after: str


@cache
def explanations() -> Mapping[str, Explanation]:
    """Return all explanations by their code."""
    rows = {name: row for subject in subjects() for name, row in tomllib.loads(_text(subject)).items()}
    return {name: Explanation(**{field: text.strip("\n") for field, text in row.items()}) for name, row in rows.items()}


def _text(subject: str) -> str:
    return files("eocanvas_apply.checks").joinpath(f"data/explained/{subject}.toml").read_text(encoding="utf-8")
