"""Overlays: what an environment, or a later file, changes of a manifest. Their nodes keep their places in the texts.

Blocks of things that have names are united, name by name. Any other value of an overlay takes the place of the
manifest's as a whole, and so does a key or job of another kind, such as a chain in place of a graph. `null` leaves a
key or job out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, Suggestions, did_you_mean, error, one_of
from eocanvas_apply.documents.yaml.nodes import Data, Node, Path, Scalar, step, to_data
from eocanvas_apply.documents.yaml.nodes import Mapping as MappingNode
from eocanvas_apply.files import is_portable
from eocanvas_apply.manifest.model.jobs import kind_of_job
from eocanvas_apply.manifest.model.keys import type_of_key
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.vocabulary import NO_ENVIRONMENT

BLOCK = "environments"
_NOT_IN_OVERLAYS = frozenset({"version", BLOCK})
FIELDS = tuple(name for name in Manifest.model_fields if name not in _NOT_IN_OVERLAYS)
# Blocks of things that have names.
BLOCKS: frozenset[Path] = frozenset(
    {
        *(("vars",), ("timing",), ("checks",), ("keys",), ("jobs",)),
        *(("defaults",), ("defaults", "keys"), ("defaults", "jobs")),
    }
)
_OF_JOBS = ("inputs", "params", "checks")
_UNITED: frozenset[Path] = BLOCKS | frozenset(
    {
        *((), (BLOCK,), ("keys", "*"), ("jobs", "*")),
        *(("jobs", "*", name) for name in _OF_JOBS),
        *(("defaults", "jobs", name) for name in _OF_JOBS),
    }
)
_OF_NAMES: tuple[Path, ...] = (("keys",), ("jobs",))
_OF_KIND = {"keys": type_of_key, "jobs": kind_of_job}


class NotThere(Struct, frozen=True):
    """A key or job that an overlay leaves out and the manifest does not have; `known` are those that it has."""

    path: Path
    name: Scalar
    known: tuple[str, ...]


def with_overlay(root: Node | None, environment: str | None, not_there: list[NotThere]) -> Node | None:
    """Return the nodes of a manifest with those of an environment; as they are without one of that name."""
    overlay: Node | None = root
    for part in (BLOCK, environment):
        found = step(overlay, part) if overlay and part is not None else None
        overlay = found[1] if found else None
    if not isinstance(root, MappingNode) or not isinstance(overlay, MappingNode):
        return root
    known = {name: entry for name, entry in overlay.by_name.items() if name in FIELDS}
    return laid_over(root, MappingNode(overlay.span, known), not_there)


def laid_over(root: MappingNode, overlay: MappingNode, not_there: list[NotThere]) -> MappingNode:
    """Return the nodes of a manifest with those of another one over them; what is left out in vain is added to a list.

    In the `environments` of the overlay nothing is left out yet: it is when they are laid over the manifest.
    """
    return _united(root, overlay, (), not_there)


def in_manifest(path: Path) -> Path:
    """Return the path that a field of an environment has in the manifest; any other path as it is."""
    return path[2:] if path[:1] == (BLOCK,) and len(path) > 1 else path


def environment_faults(data: Mapping[str, Data], environment: str | None) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield what is wrong with the names of environments and of the fields of each, and with the one asked for."""
    block = data.get(BLOCK)
    declared = block if isinstance(block, dict) else {}
    if environment is not None and environment not in declared:
        yield _unknown(environment, [*declared]), (BLOCK,)
    suggestions = Suggestions()
    for name, overlay in declared.items():
        if name == NO_ENVIRONMENT or not is_portable(name):
            message = f"an environment cannot have the name `{name[:60]}`: its ledger is a file of that name"
            yield error("reserved-name", message, "choose another name, such as test or production"), (BLOCK, name)
        for field in overlay if isinstance(overlay, dict) else ():
            if field not in FIELDS and not field.startswith("x-"):
                yield _not_in_overlays(field, suggestions), (BLOCK, name, field)


def _unknown(name: str, declared: list[str]) -> Diagnostic:
    hint = did_you_mean(name, declared) or (f"the environments are {one_of(declared[:20])}" if declared else "")
    declare = f"declare it: `environments: {{{name[:60]}: {{...}}}}`, or leave out --env"
    return error("unknown-environment", f"this manifest has no environment `{name[:60]}`", hint or declare)


def _not_in_overlays(field: str, suggestions: Suggestions) -> Diagnostic:
    if field in _NOT_IN_OVERLAYS:
        return error("unknown-field", f"an environment cannot have the field `{field}`", "remove it")
    hint = suggestions.near(field, FIELDS) or f"its fields are {one_of(FIELDS)}"
    return error("unknown-field", f"unknown field `{field[:60]}` in an environment", hint)


def _united(base: MappingNode, overlay: MappingNode, path: Path, not_there: list[NotThere]) -> MappingNode:
    entries = dict(base.by_name)
    for name, (key, value) in overlay.by_name.items():
        if path in _OF_NAMES and _is_null(value):
            if entries.pop(name, None) is None:
                not_there.append(NotThere((*path, name), key, tuple(base.by_name)))
        else:
            over = _over(entries[name][1], value, (*path, name), not_there) if name in entries else value
            entries[name] = (key, over)
    return MappingNode(base.span, entries, base.refused)


def _is_null(value: Node) -> bool:
    """Whether null is written out: where nothing stands, fields may have been forgotten."""
    return isinstance(value, Scalar) and bool(value.text) and to_data(value) is None


def _over(base: Node, value: Node, path: Path, not_there: list[NotThere]) -> Node:
    inner = in_manifest(path)
    pattern = (inner[0], "*", *inner[2:]) if inner[:1] in (("keys",), ("jobs",)) and inner[1:] else inner
    both = isinstance(base, MappingNode) and isinstance(value, MappingNode)
    if not both or pattern not in _UNITED or _of_other_kind(base, value, pattern):
        return value
    assert isinstance(base, MappingNode)  # noqa: S101 - looked at above
    assert isinstance(value, MappingNode)  # noqa: S101 - looked at above
    return _united(base, value, path, not_there)


def _of_other_kind(base: Node, value: Node, pattern: Path) -> bool:
    if len(pattern) != 2 or (kind := _OF_KIND.get(str(pattern[0]))) is None:
        return False
    before, now = kind(scalars(base)), kind(scalars(value))
    return None not in (before, now) and before != now


def scalars(node: Node) -> dict[str, Data]:
    """Return the fields of a mapping, their values only where these are scalars."""
    entries = node.by_name.items() if isinstance(node, MappingNode) else ()
    return {name: to_data(value) if isinstance(value, Scalar) else None for name, (_, value) in entries}
