"""What a caller in Python may give to a project: a wrong type is a TypeError that names the argument."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.opening import duration
from eocanvas_apply.errors import UsageError
from eocanvas_apply.vocabulary import ALLOWANCES


def texts(name: str, value: str | Iterable[str]) -> tuple[str, ...]:
    """Return one text, or several, as several."""
    found = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    for each in found:
        if not isinstance(each, str):
            raise TypeError(f"{name} is a text or a list of texts, not {_type(value)} with {each!r}")
    return found


# A file of a manifest, a folder of several, or a list of them.
ManifestPath = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def manifest(name: str, value: ManifestPath) -> tuple[Path, ...]:
    """Return the names of a manifest's files; raises UsageError for none."""
    names = (value,) if isinstance(value, str | os.PathLike) else tuple(value) if isinstance(value, Sequence) else ()
    if not names and isinstance(value, Sequence):
        raise UsageError(error("usage", f"{name} names no file", 'name one, such as "eocanvas.yaml"'))
    if not names or not all(isinstance(each, str | os.PathLike) for each in names):
        raise TypeError(f"{name} is the path of a manifest or a list of paths, not {value!r}")
    return tuple(map(Path, names))


def paths(name: str, values: Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Return several paths as texts."""
    if isinstance(values, str | os.PathLike) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is a list of paths, not {values!r}")
    return tuple(os.fspath(each) for each in values)


def allowances(name: str, values: str | Iterable[str]) -> frozenset[str]:
    """Return the safety flags without their dashes; raises UsageError for one that does not exist."""
    found = frozenset(flag.removeprefix("--") for flag in texts(name, values))
    for unknown in sorted(found - ALLOWANCES.keys()):
        raise UsageError(error("usage", f"{name}: unknown safety flag {unknown!r}", f"one of {', '.join(ALLOWANCES)}"))
    return found


def flags(**values: bool) -> None:
    """Check what is True or False: the text 'no' would count as True."""
    for name, value in values.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} is True or False, not {value!r}")


def launches(name: str, value: int | None) -> int | None:
    """Return a number of launches, None for no limit; raises UsageError for less than one."""
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is a whole number or None, not {value!r}") from None
    if number < 1:
        raise UsageError(error("usage", f"{name}: {number} is not a number of launches (at least 1)"))
    return number


def waiting(name: str, value: str | timedelta | None) -> timedelta | None:
    """Return how long to wait; raises UsageError for a text that is no duration and for less than nothing."""
    if isinstance(value, str):
        return duration(name, value, "usage")
    if not isinstance(value, timedelta | None):
        raise TypeError(f"{name} is a text such as '2h', a timedelta or None, not {value!r}")
    if value is not None and value < timedelta():
        raise UsageError(error("usage", f"{name}: {value} is less than nothing", "0s does what can be done now"))
    return value


def callback(name: str, value: Callable[..., object] | None) -> None:
    """Check that it can be called: the first event comes after something was sent."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} is a function of one event or None, not {value!r}")


def environment(value: str | None) -> str | None:
    """Return the name of an environment."""
    if not isinstance(value, str | None):
        raise TypeError(f"env is the name of an environment or None, not {value!r}")
    return value


def variables(values: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the variables; their values are text, as those of `--var` are."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise TypeError(f"variables is a mapping of names to texts, not {_type(values)}")
    for name, value in values.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise TypeError(f"variables is a mapping of names to texts: {name!r} has a value of type {_type(value)}")
    return values


def _type(value: object) -> str:
    return type(value).__name__
