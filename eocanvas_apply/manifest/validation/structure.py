"""What pydantic found wrong with a manifest, as diagnostics with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct, structs
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from eocanvas_apply.diagnostics import MOST_OF_A_CODE, Diagnostic, did_you_mean, error, one_of
from eocanvas_apply.documents.yaml.nodes import Data, Path, resolve_plain
from eocanvas_apply.manifest.model.jobs import INPUT_TYPES, JOB_TYPES, OUTPUT_TYPES
from eocanvas_apply.manifest.model.keys import EODATA, KEY_TYPES, Key
from eocanvas_apply.manifest.model.manifest import (
    Defaults,
    LedgerSettings,
    Manifest,
    Moved,
    QuotaWindow,
    Timing,
)
from eocanvas_apply.manifest.model.notify import Notify
from eocanvas_apply.manifest.model.points import POINTS_FIELDS, POINTS_TYPES
from eocanvas_apply.manifest.model.steps import KINDS, STEP_FIELDS, STEP_TYPES, Step
from eocanvas_apply.manifest.model.strict import StrictModel
from eocanvas_apply.manifest.validation.kinds import no_such_kind
from eocanvas_apply.manifest.validation.meaning import value_at
from eocanvas_apply.vocabulary import FailureClass

WRONG_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "wrong-type": "text, a number, true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
_HINTS = {
    "literal-secret": "name where it comes from: {env: NAME} or {file: PATH}; and change it, if others saw it",
    "secret-reference": "write {env: NAME}, {file: PATH}, {command: [...]}, {keyring: [SERVICE, USER]}"
    " or {sops: FILE, at: a.b}",
    "bad-day": "write a day such as 2024-07-01, or today, yesterday, now-3d",
    "step-source": "the sources are list, map, csv, json, geojson, days, hda, s3 and job; begin a new step for each",
    "pick-one": "write first, last, latest or earliest, or one of {latest: COLUMN}, {largest: COLUMN} and their like",
}
# How each kind of reference to a secret is written whole.
_REFERENCES = {
    "<env>": "write {env: NAME}",
    "<file>": "write {file: PATH}, or {file: {env: NAME}}",
    "<command>": "write {command: [PROGRAM, ARGUMENT, ...]}",
    "<keyring>": "write {keyring: [SERVICE, USER]}",
    "<sops>": "write {sops: FILE, at: a.b}",
}
# What other tools call the order of jobs.
_ORDERS = frozenset({"after", "depends", "depends_on", "dependencies", "needs", "requires", "run_after", "wait_for"})
_BEGINNINGS: dict[Path, str] = {
    ("version",): "begin the manifest with `version: 1`",
    ("project",): "write `project: NAME`: it names the keys at the service",
}
# What people write in other dialects of YAML.
_TRUE_OR_FALSE = {
    "true": ("true", "yes", "y", "on", "1"),
    "false": ("false", "no", "n", "off", "0"),
}
# How fields are written whose value is of another type than people think.
_FORMS = {
    "for_each": "write {csv: FILE}, {list: [a, b]} or another source",
    "quota": "write [{jobs: 10, per: 1h}]",
}
_RULES = {
    "project": "it begins with a small letter; small letters, digits and - follow, 31 characters at most",
    "name": "it begins with a letter or digit; letters, digits and . _ @ - follow",
    "expect": 'write a number, ">=1", "<=2" or "0..2"',
    "stop_after": 'write a number, such as 5, or a share below all, such as "20%"',
    "pick": _HINTS["pick-one"],
    "as": "letters, digits, - and _ only, no digit first",
}


def not_listable(key: Key | None) -> Diagnostic:
    """Return the diagnostic about a key whose storage cannot be listed; None stands for eodata."""
    hint = "keys of the types s3 and s3-public can be listed; for others write the files as `list:` or `csv:`"
    return error("key-not-listable", f"a storage of type {key.type if key else EODATA} cannot be listed", hint)


def value_fault(kind: str, where: str, context: dict[str, Any], message: str, value: Data) -> Diagnostic:
    """Return a diagnostic about a value by pydantic's type of error, or by the code that a validator of ours raised."""
    if kind in WRONG_TYPES:
        return _wrong_type(WRONG_TYPES[kind], where, value)
    if kind in ("literal_error", "enum"):
        return _not_one_of(where, str(context.get("expected", "")), value)
    if kind == "string_pattern_mismatch":
        return error("bad-name", f"`{where}` has the wrong form", _RULES.get(where.split(".")[-1], ""))
    if kind in ("string_too_short", "too_short"):
        return error("bad-value", f"`{where}` must not be empty")
    if kind in ("greater_than_equal", "greater_than"):
        return error("bad-value", f"`{where}` must be {context.get('ge', context.get('gt'))} or more")
    if "-" in kind:
        return error(kind, f"`{where}`: {message}", _HINTS.get(kind, ""))
    return error("bad-value", f"`{where}` is not valid here")


def _wrong_type(wanted: str, where: str, value: Data) -> Diagnostic:
    if value is None:
        return error("wrong-type", f"`{where}` is empty", f"give it {wanted}, or remove the line")
    field = next(part for part in reversed(where.split(".")) if not part.isdigit())
    return error("wrong-type", f"`{where}` must be {wanted}", _as_type(wanted, value) or _FORMS.get(field, ""))


def _as_type(wanted: str, value: Data) -> str:
    """Return how to write a value that has another type than it seems."""
    if wanted == WRONG_TYPES["wrong-type"] and isinstance(value, list):
        return 'write one text in quotes; a region is WKT, such as "POLYGON((20 58, 21 58, 21 59, 20 58))"'
    if wanted == "text":
        return "" if isinstance(value, dict | list) else "put it in quotes"
    if not isinstance(value, str):
        return ""
    if wanted == WRONG_TYPES["bool_type"]:
        return next((f"write {word}" for word, also in _TRUE_OR_FALSE.items() if value.casefold() in also), "")
    is_number = "number" in wanted and not isinstance(resolve_plain(value), str | bool | None)
    return "write it without quotes" if is_number else ""


def _not_one_of(where: str, expected: str, value: Data) -> Diagnostic:
    # It stands as in `'first', 'last' or 1`; a comma may be one of the words.
    words = [quoted or bare for quoted, bare in re.findall(r"'([^']*)'|(\w+)(?=,| or |$)", expected)]
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    if where == "version":
        return error("bad-value", "only version 1 of this format is supported", "write `version: 1`, without quotes")
    if where.endswith(".process"):
        message = f"the process of this job is {words[0]}"
        return error("bad-value", message, hint or "remove `process:`, or what belongs to it")
    shown = [word if word.isascii() and word[:1].isalnum() else f'"{word}"' for word in words]
    return error("bad-value", f"`{where}` must be {one_of(shown)}", hint or _RULES.get(where.split(".")[-1], ""))


_TAGGED = {
    **KEY_TYPES,
    **JOB_TYPES,
    **STEP_TYPES,
    **POINTS_TYPES,
    **{f"to-{name}": model for name, model in OUTPUT_TYPES.items()},
}
_BY_TAG: dict[str, type[StrictModel]] = {f"<{name}>": model for name, model in {**INPUT_TYPES, **_TAGGED}.items()}
_BY_FIELD: dict[str, type[StrictModel]] = {
    "timing": Timing,
    "defaults": Defaults,
    "quota": QuotaWindow,
    "ledger": LedgerSettings,
    "moved": Moved,
    "notify": Notify,
}


class StructureFault(Struct, frozen=True):
    """A diagnostic without a place, the path it belongs to, and whether that is the name or the value there."""

    found: Diagnostic
    path: Path
    at_name: bool = True


def structure_faults(problem: ValidationError, data: Data) -> Iterator[StructureFault]:
    """Yield what is wrong, one diagnostic for each field."""
    faults: dict[Path, StructureFault] = {}
    alike: dict[str, list[StructureFault]] = {}
    for each in problem.errors(include_url=False, include_input=False):
        known = alike.setdefault(each["type"], [])
        if len(known) < MOST_OF_A_CODE:
            fault = _fault(each["type"], each["loc"], each.get("ctx", {}), each["msg"], data)
            known.append(fault)
        else:
            # Of these only the number is shown, so looking for a near name would be in vain.
            fault = structs.replace(known[-1], path=_without_tags(each["loc"], data))
        faults.setdefault(fault.path, fault)
    yield from faults.values()


def _fault(kind: str, loc: Path, context: dict[str, Any], message: str, data: Data) -> StructureFault:
    path = _without_tags(loc, data)
    value = value_at(data, path)
    reference = next(
        (_REFERENCES[tag] for tag in map(str, loc) if tag in _REFERENCES and {"keys", "notify"} & {*loc}), ""
    )
    if kind == "missing" and not isinstance(loc[-1], int):
        model = _model(loc[:-1])
        field = model.model_fields.get(str(loc[-1])) if model else None
        hint = _BEGINNINGS.get(path) or (_what_belongs(field) if field else reference)
        return StructureFault(error("missing-field", f"`{_dotted(path)}` is missing", hint), path)
    if kind == "extra_forbidden":
        return StructureFault(_unknown_field(path, _model(loc[:-1])), path)
    if loc[-1] == "[key]":
        return StructureFault(_bad_name(str(path[-1]), path), path)
    if kind.startswith("union_tag"):
        return StructureFault(*no_such_kind(path, value), at_name=False)
    found = value_fault(kind, _dotted(path), context, message, value)
    found = structs.replace(found, hint=found.hint or reference)
    return StructureFault(found, path, at_name=kind in ("literal-secret", "reserved-name"))


def _what_belongs(field: FieldInfo) -> str:
    """Return what a field is for, of one with a closed set of values also these."""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    values = f" Write {one_of([str(choice) for choice in choices])}." if choices else ""
    return f"{field.description or ''}{values}".strip()


def _unknown_field(path: Path, model: type[StrictModel] | None) -> Diagnostic:
    name = str(path[-1])
    fields = [field.alias or own for own, field in model.model_fields.items()] if model else []
    jobs = list(JOB_TYPES.values())
    if model in jobs and any(name in each.model_fields for each in jobs):
        message = f"`{name}` does not belong to this kind of job"
        return error("unknown-field", message, f"its fields are {one_of(fields)}")
    if model is Step:
        message = f"unknown field `{name}` in a step: neither a source nor an option"
        return error("unknown-field", message, did_you_mean(name, fields) or f"the sources are {one_of(KINDS)}")
    hint = did_you_mean(name, fields) or (f"the fields here are {one_of(fields)}" if fields else "")
    if model in jobs and name in _ORDERS:
        hint = "a job follows the one whose result it reads: inputs: {img1: {result: JOB}}"
    owner = f"`{_dotted(path[:-1])}`" if len(path) > 1 else "the manifest"
    return error("unknown-field", f"unknown field `{name}` in {owner}", hint)


def _bad_name(name: str, path: Path) -> Diagnostic:
    if path[-2:-1] == ("retries",):
        classes = get_args(FailureClass)
        hint = did_you_mean(name, classes) or f"the classes are {one_of(classes)}"
        return error("bad-name", f"`{name[:60]}` is not a class of failures", hint)
    rule = "letters, digits and _ only, no digit first"
    if path[-2:-1] not in (("inputs",), ("params",)):
        rule = "it begins with a small letter; small letters, digits, - and _ follow, 40 characters at most"
    return error("bad-name", f"`{name[:60]}` cannot be a name here", rule)


def _model(loc: Path) -> type[StrictModel] | None:
    if not loc:
        return Manifest
    tagged = _BY_TAG.get(str(loc[-1]))
    if tagged is not None:
        return tagged
    if "for_each" in loc:
        return Step if loc[-2] == "<steps>" else STEP_FIELDS.get(str(loc[-1]))
    if "<points-file>" in loc:
        return POINTS_FIELDS.get(str(loc[-1]))
    return _BY_FIELD.get(str(loc[0])) if len(loc) <= 2 else None


def _without_tags(loc: Path, data: Data) -> Path:
    """Drop what pydantic puts into a place although nothing of that name stands in the text."""
    path: list[str | int] = []
    for number, part in enumerate(loc):
        last = number == len(loc) - 1
        inside = isinstance(data, dict) and part in data
        inside = inside or (isinstance(data, list) and isinstance(part, int) and part < len(data))
        if inside:
            data = data[part]  # type: ignore[index]
            path.append(part)
        elif last and isinstance(data, dict) and not str(part).startswith(("<", "[")):
            path.append(part)
    return tuple(path)


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)
