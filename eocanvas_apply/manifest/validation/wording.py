"""Messages about values that do not fit their field. They never repeat a value, for it may be a secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.nodes import Data
from eocanvas_apply.manifest.model.keys import EODATA, Key

WRONG_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
_HINTS = {
    "literal-secret": "name where it comes from: {env: NAME} or {file: PATH}; and change it, if others saw it",
    "secret-reference": "write {env: NAME}, {file: PATH} or {file: {env: NAME}}",
    "bad-day": "write a day such as 2024-07-01, or today, yesterday, now-3d",
    "step-source": "the sources are list, map, csv, json, geojson, days, hda, s3 and job; begin a new step for each",
    "pick-one": "write first, last, latest or earliest, or one of {latest: COLUMN}, {largest: COLUMN} and their like",
    "bad-duration": "write a number with its unit, such as 30s, 15m, 1h30m or 7d",
}
_RULES = {
    "project": "it begins with a small letter; small letters, digits and - follow, 31 characters at most",
    "name": "it begins with a letter or digit; letters, digits and . _ @ - follow",
    "expect": 'write a number, ">=1", "<=2" or "0..2"',
    "stop_after": 'write a number, such as 5, or a share below all, such as "20%"',
    "as": "letters, digits, - and _ only, no digit first",
}


def names(words: Sequence[str]) -> str:
    """Return `a, b or c`."""
    return " or ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


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
    quotes = "put it in quotes" if wanted == "text" and not isinstance(value, (dict, list)) else ""
    return error("wrong-type", f"`{where}` must be {wanted}", quotes)


def _not_one_of(where: str, expected: str, value: Data) -> Diagnostic:
    words = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    if where == "version":
        return error("bad-value", "only version 1 of the manifest is supported", "write `version: 1`")
    if where.endswith(".process"):
        return error("bad-value", f"the process of this job is {words[0]}", "remove `process:`, or what belongs to it")
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    return error("bad-value", f"`{where}` must be {names(words)}", hint)
