"""The registry of all diagnostic codes: subject, severity, whether `checks:` may change it, meaning and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

from eocanvas_apply.diagnostics import Severity


class Code(Struct, frozen=True):
    """One diagnostic code; `severity` is the gravest that it has, `about` a text of one or two sentences."""

    name: str
    subject: str
    severity: Severity
    about: str
    adjustable: bool = False


@cache
def subjects() -> Mapping[str, str]:
    """Return the title of each subject by its name, in reading order."""
    return dict(_table()["subjects"])


@cache
def codes() -> Mapping[str, Code]:
    """Return all codes by name, sorted."""
    rows = sorted((name, subject, row) for subject in subjects() for name, row in _table()[subject].items())
    return {name: Code(name, subject, **{**row, "severity": Severity(row["severity"])}) for name, subject, row in rows}


@cache
def _table() -> Mapping[str, Any]:
    import tomllib

    text = files("eocanvas_apply.checks").joinpath("data/codes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def is_adjustable(code: str) -> bool:
    """Tell whether a manifest may set the severity of a code."""
    return code in codes() and codes()[code].adjustable


def matching(text: str) -> list[Code]:
    """Return the code of this name; else those of the subject of this name, and those with a word that begins so.

    Case, `_`, blanks and brackets do not matter, nor a plural of a subject.
    """
    name = "-".join(text.strip("[] ").lower().replace("_", " ").replace("-", " ").split())
    if name in codes():
        return [codes()[name]]
    subject = name if name in subjects() else name.removesuffix("s")
    return [each for each in codes().values() if name and (each.subject == subject or f"-{name}" in f"-{each.name}")]
