"""Inputs of a process against the service's own description of them (OGC API - Processes, Part 1: JSON Schema).

The description comes from outside: no reference is followed, and what could cost much to judge is not judged. Nor is
what another dialect of JSON Schema means otherwise. A value is right where any form that OGC gives an input is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.planning.desired.desired_job import DesiredJob

# By name, what the service says of each input: `schema`, and `minOccurs`, which is 1 by default.
Described = Mapping[str, Any]

_MOST_INPUTS = 200
# A schema of one input is some hundred characters long.
_LONGEST_SCHEMA = 20_000
_LONGEST_NAME, _LONGEST_WORDS = 60, 200
_MOST_FAULTS = 3
# How many times a part of a schema may meet a part of a value; a campaign of 10,000 rows has some 100,000.
_MOST_WORK = 1_000_000
# A pattern may take for ever, the others grow with the square of their subject or faster; `nullable` is of OpenAPI.
_NOT_JUDGED = frozenset(
    {"pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems", "uniqueItems", "nullable"}
)
# All other names with a dollar sign may lead anywhere.
_HARMLESS = frozenset({"$schema", "$comment"})
_MISSING, _UNKNOWN, _VALUE = "process-input-missing", "process-input-unknown", "process-input-value"


def described_faults(jobs: Iterable[DesiredJob], described: Mapping[str, Described]) -> list[Diagnostic]:
    """Return what the descriptions, by process, say of the raw inputs of jobs: what rows share is said once.

    Each has its job or campaign as address and its path below that; its own severity is for those who check a manifest.
    """
    judges, budget = {process: _Judge.of(about) for process, about in described.items()}, _Budget()
    first: dict[object, tuple[DesiredJob, _Fault]] = {}
    rows = Counter[object]()
    for job in jobs:
        judge, nth = judges.get(job.process), Counter[object]()
        for fault in judge.faults(job.raw_inputs, budget) if judge and job.raw else ():
            place = (fault.code, fault.name, fault.path)
            nth[place] += 1
            shared = (_of_all_rows(job), place, nth[place])
            first.setdefault(shared, (job, fault))
            rows[shared] += 1
    return [
        replace(
            _diagnostic(fault, described[job.process], rows[shared] - 1),
            address=_of_all_rows(job),
            path=("inputs", *fault.path),
        )
        for shared, (job, fault) in first.items()
    ]


class _Fault(NamedTuple):
    """What is wrong with an input: `words` are those of the schema, `path` is below `inputs`."""

    code: str
    name: str
    path: Path
    words: str = ""


def _of_all_rows(job: DesiredJob) -> str:
    return job.address.partition("[")[0]


def _diagnostic(fault: _Fault, described: Described, more: int) -> Diagnostic:
    """Return a fault in words; `more` is how many other rows have it."""
    name = _short(fault.name)
    rows = f" (and in {more} more {'row' if more == 1 else 'rows'})" if more else ""
    if fault.code == _MISSING:
        return error(_MISSING, f"the process needs the input `{name}`{rows}", f"add `{name}:` to inputs")
    if fault.code == _UNKNOWN:
        hint = did_you_mean(fault.name, described) or "ignore this if the service takes it"
        return warning(_UNKNOWN, f"the process describes no input `{name}`{rows}", hint)
    hint = "see the description of the process at the service"
    return error(_VALUE, f"inputs.{name}: the process does not take this: {fault.words}{rows}", hint)


class _Budget(Struct):
    """How much may still be judged."""

    left: int = _MOST_WORK

    def allows(self, work: int) -> bool:
        """Take so much of it, and return whether that was there."""
        self.left -= work
        return self.left >= 0


class _Input(Struct, frozen=True):
    """One described input: its schema as JSON, None where it is not judged, and how many parts that has."""

    required: bool
    several: bool
    schema: str | None
    size: int

    @classmethod
    def of(cls, about: Any) -> _Input:
        """Read it; what is no description says nothing."""
        fields = about if isinstance(about, dict) else {"minOccurs": 0}
        schema = fields.get("schema")
        has_default = isinstance(schema, dict) and "default" in schema
        text, size = _judged(schema)
        required = _at_least_one(fields.get("minOccurs", 1)) and not has_default
        return cls(required, fields.get("maxOccurs", 1) not in (1, "1"), text, size)

    def forms(self, value: Any) -> Iterator[list[Any]]:
        """Yield a value as it stands, as a list of several, and as one that is qualified by a media type."""
        yield [value]
        if isinstance(value, list) and self.several:
            yield value
        if isinstance(value, dict) and "value" in value:
            yield [value["value"]]

    def violations(self, value: Any, budget: _Budget) -> tuple[tuple[str, Path], ...]:
        """Return what its schema says of a value, nothing where one form of it is right."""
        if self.schema is None or (isinstance(value, dict) and "href" in value):
            return ()
        found = [[each for one in form for each in self._of_one(one, budget)] for form in self.forms(value)]
        return tuple(found[0]) if all(found) else ()

    def _of_one(self, value: Any, budget: _Budget) -> tuple[tuple[str, Path], ...]:
        affordable = self.schema is not None and budget.allows(self.size * _count(value))
        return _violations(self.schema, json.dumps(value)) if self.schema and affordable else ()


class _Judge(Struct, frozen=True):
    """The described inputs of one process by name; empty where there are too many to be a description."""

    inputs: Mapping[str, _Input]

    @classmethod
    def of(cls, described: Described) -> _Judge:
        """Read a description."""
        within = described if len(described) <= _MOST_INPUTS else {}
        return cls({name: _Input.of(about) for name, about in within.items()})

    def faults(self, given: Mapping[str, Any], budget: _Budget) -> Iterator[_Fault]:
        """Yield what is wrong with the inputs of a job."""
        for name, about in self.inputs.items():
            if about.required and name not in given:
                yield _Fault(_MISSING, name, ())
        for name, value in given.items() if self.inputs else ():
            if found := self.inputs.get(name):
                for words, path in found.violations(value, budget):
                    yield _Fault(_VALUE, name, (name, *path), words)
            else:
                yield _Fault(_UNKNOWN, name, (name,))


def _judged(schema: Any) -> tuple[str | None, int]:
    """Return a schema as JSON and how many parts it has, None where it cannot be judged."""
    try:
        text = json.dumps(schema) if isinstance(schema, dict) else ""
        open_end = not 0 < len(text) <= _LONGEST_SCHEMA or any(map(_is_open, _names(schema)))
    except (RecursionError, ValueError):
        return None, 0
    return (text, _count(schema)) if not open_end and _is_schema(text) else (None, 0)


def _at_least_one(occurs: object) -> bool:
    """Tell whether a number, or the text of one, is above zero; anything else asks for nothing."""
    if isinstance(occurs, str) and occurs.isascii() and occurs.isdecimal():
        return occurs.strip("0") != ""
    return isinstance(occurs, int | float) and occurs > 0


def _is_open(name: str) -> bool:
    return name in _NOT_JUDGED or (name.startswith("$") and name not in _HARMLESS)


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
    for each in _parts(schema):
        yield from _names(each)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _count(value: Any) -> int:
    return 1 + sum(map(_count, _parts(value)))


def _short(name: str) -> str:
    return "".join(c if c.isprintable() and c != "`" else "?" for c in name[:_LONGEST_NAME])


@lru_cache(maxsize=_MOST_INPUTS)
def _is_schema(text: str) -> bool:
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(json.loads(text))
    except (SchemaError, RecursionError):
        # It says nothing of an input.
        return False
    return True


# A run plans again and again, with the same values.
@lru_cache(maxsize=50_000)
def _violations(schema: str, value: str) -> tuple[tuple[str, Path], ...]:
    """Return what a schema says of a value: the words, and the path below the value."""
    from jsonschema import Draft202012Validator

    try:
        found = [*islice(Draft202012Validator(json.loads(schema)).iter_errors(json.loads(value)), _MOST_FAULTS)]
    except (RecursionError, ArithmeticError):
        # Such as a number that is too large to be divided.
        return ()
    return tuple((_words(each.message, each.validator), tuple(each.absolute_path)) for each in found)


def _words(message: str, keyword: object) -> str:
    return message if len(message) <= _LONGEST_WORDS else f"it does not fit `{keyword}`"
