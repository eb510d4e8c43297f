"""The registry of all diagnostic codes: severity, whether `checks:` may change it, what it means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from eocanvas_apply.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One diagnostic code; `severity` is the gravest that it has, `about` a text of one or two sentences."""

    name: str
    severity: Severity
    about: str
    adjustable: bool = False


@cache
def codes() -> Mapping[str, Code]:
    """Return all codes by name, sorted."""
    import tomllib

    text = files("eocanvas_apply.checks").joinpath("data/codes.toml").read_text(encoding="utf-8")
    rows = sorted(tomllib.loads(text).items())
    return {name: Code(name, **{**row, "severity": Severity(row["severity"])}) for name, row in rows}


def is_adjustable(code: str) -> bool:
    """Tell whether a manifest may set the severity of a code."""
    return code in codes() and codes()[code].adjustable
