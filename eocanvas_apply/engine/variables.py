"""Variables that a run is given: their types are those that the manifest gives their defaults."""

from __future__ import annotations

from collections.abc import Mapping

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.suggestions import did_you_mean
from eocanvas_apply.documents.yaml.nodes import Data
from eocanvas_apply.documents.yaml.scalars import Plain, resolve_plain
from eocanvas_apply.errors import UsageError


def typed_variables(given: Mapping[str, str], manifest: Data) -> Mapping[str, Plain]:
    """Return the variables given as texts, read as the manifest would read them unquoted.

    One whose default is a text stays text. Raises UsageError for those that `vars` does not declare.
    """
    declared = manifest.get("vars") if isinstance(manifest, dict) else None
    known = declared if isinstance(declared, dict) else {}
    faults = [_undeclared(name, known) for name in given if name not in known]
    if faults:
        raise UsageError(*faults)
    return {name: _typed(text, known[name]) for name, text in given.items()}


def _typed(text: str, default: Data) -> Plain:
    if isinstance(default, str):
        return text
    value = resolve_plain(text)
    return text if value is None else value


def _undeclared(name: str, known: Mapping[str, object]) -> Diagnostic:
    declare = f"declare it with a default in the manifest: `vars: {{{name}: VALUE}}`"
    message = f"--var {name}: the manifest has no variable of that name"
    return error("unknown-variable", message, did_you_mean(name, known) or declare)
