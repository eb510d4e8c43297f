"""`defaults:`: the fields that jobs and keys have where they do not set them. Nodes keep their places in the text.

A default goes to every job or key whose kind has the field: a region to S3 keys, a graph to jobs that name no chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, Suggestions, error, one_of
from eocanvas_apply.documents.yaml.composer import MOST_VALUES
from eocanvas_apply.documents.yaml.nodes import Data, Node, Path, Scalar, Sequence, step
from eocanvas_apply.documents.yaml.nodes import Mapping as MappingNode
from eocanvas_apply.manifest.layers.overlays import scalars
from eocanvas_apply.manifest.model.jobs import JOB_TYPES, kind_of_job
from eocanvas_apply.manifest.model.keys import KEY_TYPES, type_of_key
from eocanvas_apply.manifest.model.strict import StrictModel

BLOCK = "defaults"
# They mean nothing in a single job.
_OF_CAMPAIGNS = frozenset({"canary", "stop_after"})


class _Owners(Struct, frozen=True):
    """Jobs or keys: how their kind is found, the fields of each kind, and what only one of them can have."""

    one: str
    kind_of: Callable[[Any], str | None]
    kinds: Mapping[str, type[StrictModel]]
    says_kind: str
    of_one: Mapping[str, str]

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that may have a default."""
        return frozenset(name for model in self.kinds.values() for name in model.model_fields) - self.of_one.keys()

    def inherits(self, own: MappingNode, defaults: Mapping[str, Any]) -> Iterator[str]:
        """Yield the names of the defaults that go to a job or key."""
        kind_of_own = self.kind_of(scalars(own))
        kind = kind_of_own or self.kind_of({**scalars(MappingNode(own.span, dict(defaults))), **scalars(own)})
        fields = self.kinds[kind].model_fields if kind and kind in self.kinds else {}
        is_campaign = {"for_each"} & {*own.by_name, *defaults}
        for name in defaults:
            fits = name in fields and name not in self.of_one and (is_campaign or name not in _OF_CAMPAIGNS)
            if fits and name not in own.by_name and not (kind_of_own and name == self.says_kind):
                yield name


OWNERS: Mapping[str, _Owners] = {
    "keys": _Owners("key", type_of_key, KEY_TYPES, "type", {"name": "a fixed name is of one key: write it there"}),
    "jobs": _Owners("job", kind_of_job, JOB_TYPES, "process", {"skip": "a reason is of one job: write it there"}),
}


class Filled(Struct, frozen=True):
    """Nodes with their defaults, or without any if these are `too_large`; `inherited` are the paths that they fill."""

    root: Node | None
    inherited: frozenset[Path] = frozenset()
    too_large: bool = False


def with_defaults(root: Node | None) -> Filled:
    """Return the nodes of a manifest with the defaults of its jobs and keys filled in."""
    given = step(root, BLOCK) if isinstance(root, MappingNode) else None
    if not isinstance(root, MappingNode) or given is None:
        return Filled(root)
    entries, inherited = dict(root.by_name), list[Path]()
    for block in OWNERS.keys() & entries.keys():
        name, owners = entries[block]
        defaults = step(given[1], block)
        if defaults and isinstance(defaults[1], MappingNode) and isinstance(owners, MappingNode):
            fields = {own: _inherited(block, each, defaults[1]) for own, (_, each) in owners.by_name.items()}
            if _values(fields.values()) > MOST_VALUES:
                return Filled(root, too_large=True)
            entries[block] = (name, _filled(owners, fields))
            inherited += [(block, own, field) for own, added in fields.items() for field in added]
    return Filled(MappingNode(root.span, entries, root.refused), frozenset(inherited))


_Fields = dict[str, tuple[Scalar, Node]]


def _inherited(block: str, own: Node, defaults: MappingNode) -> _Fields:
    names = OWNERS[block].inherits(own, defaults.by_name) if isinstance(own, MappingNode) else ()
    return {name: defaults.by_name[name] for name in names}


def _filled(owners: MappingNode, fields: Mapping[str, _Fields]) -> MappingNode:
    entries = dict(owners.by_name)
    for own, added in fields.items():
        name, node = entries[own]
        if added and isinstance(node, MappingNode):
            entries[own] = (name, MappingNode(node.span, {**node.by_name, **added}, node.refused))
    return MappingNode(owners.span, entries, owners.refused)


def _values(added: Iterable[_Fields]) -> int:
    """Return how many values all the fields have that are filled in; each default is counted once."""
    sizes: dict[int, int] = {}
    total = 0
    for fields in added:
        for _, node in fields.values():
            if id(node) not in sizes:
                sizes[id(node)] = _size(node)
            total += sizes[id(node)]
    return total


def _size(node: Node) -> int:
    if isinstance(node, Scalar):
        return 1
    inner = node.items if isinstance(node, Sequence) else (value for _, value in node.entries)
    return 1 + sum(map(_size, inner))


def default_faults(data: Mapping[str, Data], *, too_large: bool) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield each field under `defaults:` that no job or key can have from there."""
    defaults, suggestions = data.get(BLOCK), Suggestions()
    if too_large:
        message = f"with its defaults filled in, the manifest has more than {MOST_VALUES:,} values"
        yield error("manifest-too-long", message, "use shorter defaults, or make one campaign of the jobs"), (BLOCK,)
    for block, owners in OWNERS.items():
        given = defaults.get(block) if isinstance(defaults, dict) else None
        for name in given if isinstance(given, dict) else ():
            if name in owners.of_one:
                found = error("unknown-field", f"`{name}` cannot have a default", owners.of_one[name])
                yield found, (BLOCK, block, name)
            elif name not in owners.fields:
                hint = suggestions.near(name, owners.fields) or f"the fields are {one_of(sorted(owners.fields))}"
                found = error("unknown-field", f"unknown field `{name[:60]}`: no {owners.one} has it", hint)
                yield found, (BLOCK, block, name)
