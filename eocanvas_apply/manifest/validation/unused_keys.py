"""Secrets that are written out where no type of key looks: in other environments, unused defaults, keys of no type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.masking import SECRET_FIELDS
from eocanvas_apply.manifest.model.keys import KEY_TYPES, type_of_key
from eocanvas_apply.manifest.validation.meaning import mapping_at

if TYPE_CHECKING:
    # Needed only where there are such keys.
    from pydantic import TypeAdapter

_LITERAL = "literal-secret"


def literal_secrets(
    data: Data, environment: str | None, inherited: frozenset[Path]
) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield each literal secret that the types of the keys in force do not see."""
    used = {path[2] for path in inherited if path[0] == "keys"}
    for path, fields in _unused(data, environment):
        for name in sorted(SECRET_FIELDS & fields.keys()):
            if not (path[0] == "defaults" and name in used) and (message := _literal(fields[name])):
                from eocanvas_apply.manifest.validation.structure import value_fault

                where = (*path, name)
                yield value_fault(_LITERAL, ".".join(map(str, where)), {}, message, None), where


def _unused(data: Data, environment: str | None) -> Iterator[tuple[Path, Mapping[str, Data]]]:
    defaults = mapping_at(data, "defaults", "keys")
    yield ("defaults", "keys"), defaults
    for name, key in mapping_at(data, "keys").items():
        if isinstance(key, dict) and type_of_key({**defaults, **key}) not in KEY_TYPES:
            yield ("keys", name), key
    for name in sorted(mapping_at(data, "environments").keys() - {environment}):
        overlay = ("environments", name)
        yield (*overlay, "defaults", "keys"), mapping_at(data, *overlay, "defaults", "keys")
        for key in mapping_at(data, *overlay, "keys"):
            yield (*overlay, "keys", key), mapping_at(data, *overlay, "keys", key)


def _literal(value: Data) -> str:
    """Return what is wrong with a secret that is written out, empty for a reference and for other faults."""
    from pydantic import ValidationError

    try:
        _references().validate_python(value)
    except ValidationError as problem:
        faults = problem.errors(include_url=False, include_input=False)
        return next((each["msg"] for each in faults if each["type"] == _LITERAL), "")
    return ""


@cache
def _references() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    from eocanvas_apply.secrets.secret_references import SecretReference

    return TypeAdapter(SecretReference)
