"""Values that are no kind of what belongs there: a key or job without its type, a text in place of a mapping."""

from __future__ import annotations

from collections.abc import Mapping

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, one_of
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.model.jobs import INPUT_TYPES, JOB_TYPES, OUTPUT_TYPES
from eocanvas_apply.manifest.model.keys import KEY_TYPES
from eocanvas_apply.manifest.model.strict import StrictModel

_INPUT = "write {key: NAME, path: PATH}, {product: ID}, {result: JOB} or {url: ADDRESS}"
_OUTPUT = "write {key: NAME} or {download: FOLDER}"
# What stands at a place where several types do, and how to write it.
_NEITHER = {
    "for_each": ("a step or a list of steps", "write {csv: FILE}, {geojson: FILE}, {list: [a, b]} or another source"),
    "points": (
        "a list of points or a file of them",
        "write [{lat: 54.4, lon: 10.2}], or {csv: FILE}, {json: FILE}, {geojson: FILE}",
    ),
}
_LONGEST = 200


def no_such_kind(path: Path, value: Data) -> tuple[Diagnostic, Path]:
    """Return the diagnostic about a value that is none of the kinds that its place takes, and the place to show."""
    where = ".".join(str(part) for part in path)
    if found := _NEITHER.get(str(path[-1])):
        what, hint = found
        return error("wrong-type", f"`{where}` must be {what}", hint), path
    if len(path) == 2 and path[1] in _fields_of(str(path[0])):
        return _not_indented(path), path
    if value is None:
        return error("wrong-type", f"`{where}` is empty", "write its fields below it, indented"), path
    if not isinstance(value, dict):
        return error("wrong-type", f"`{where}` must be a mapping of its fields", _as_mapping(path, value)), path
    if len(path) == 2 and path[0] == "keys":
        return _no_key_type(path, value)
    if len(path) == 2:
        hint = "give it `graph:`, `chain:` or `process:`"
        return error("missing-field", f"`{where}` does not say what runs", hint), path
    if "inputs" in path:
        hint = _near(value, INPUT_TYPES) or _INPUT
        return error("missing-field", f"`{where}` does not say where the file is", hint), path
    return error(
        "missing-field", f"`{where}` does not say where results go", _near(value, OUTPUT_TYPES) or _OUTPUT
    ), path


def _fields_of(block: str) -> set[str]:
    models = KEY_TYPES.values() if block == "keys" else JOB_TYPES.values()
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _not_indented(path: Path) -> Diagnostic:
    owner = str(path[0]).removesuffix("s")
    message = f"`{path[1]}` is a field of a {owner}, and stands where the name of a {owner} belongs"
    return error("wrong-type", message, f"indent it deeper than the name of its {owner}")


def _as_mapping(path: Path, value: Data) -> str:
    """Return how a text in place of a mapping is probably meant; a key's is not quoted, for it may be a secret."""
    if not isinstance(value, str) or path[0] != "jobs" or len(value) > _LONGEST:
        return ""
    if len(path) == 2:
        return (
            f"write {{chain: {value}}}" if value.endswith((".yaml", ".yml", ".json")) else f"write {{graph: {value}}}"
        )
    if "inputs" in path:
        if value.startswith(("http://", "https://")):
            return f'write {{url: "{value}"}}'
        return f"write {{key: NAME, path: {value}}}" if "/" in value else f"write {{product: {value}}}"
    return _OUTPUT if "://" in value else f"write {{download: {value}}}"


def _no_key_type(path: Path, value: Mapping[str, Data]) -> tuple[Diagnostic, Path]:
    kinds, given = f"the types are {one_of(list(KEY_TYPES))}", value.get("type")
    where = ".".join(map(str, path))
    if given is None:
        return error("missing-field", f"`{where}` has no `type`", kinds), path
    if not isinstance(given, str):
        return error("bad-value", f"`{where}.type` is not a type of key", kinds), (*path, "type")
    hint = did_you_mean(given, KEY_TYPES) or kinds
    return error("bad-value", f"`{given[:60]}` is not a type of key", hint), (*path, "type")


def _near(value: Mapping[str, Data], kinds: Mapping[str, type[StrictModel]]) -> str:
    return next((hint for name in value if (hint := did_you_mean(name, kinds))), "")
