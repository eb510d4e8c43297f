"""What people add to a catalogue (licence, authors, a citation), kept when the catalogue is written again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eocanvas_apply.render.provenance.job_facts import Json

# Written by us only where no one else did.
_THEIRS = {"license", "keywords", "providers"}
_ROOT = "./"


def collection_with_added(collection: Json, before: object) -> Json:
    """Return a collection with the fields, extensions and kinds of links that the one before has and it has not."""
    if not isinstance(before, Mapping):
        return collection
    added = {name: each for name, each in before.items() if name in _THEIRS or name not in collection}
    # A collection without results has no items, and those before are not theirs.
    own = {"item", *(each["rel"] for each in collection["links"])}
    links = [each for each in _list(before.get("links")) if isinstance(each, Mapping) and each.get("rel") not in own]
    extensions = [each for each in _list(before.get("stac_extensions")) if each not in collection["stac_extensions"]]
    return {
        **collection,
        # One that holds a digest of what lay here before is not theirs.
        **{name: each for name, each in added.items() if not name.startswith("eocanvas:")},
        "links": [*collection["links"], *links],
        "stac_extensions": [*collection["stac_extensions"], *extensions],
    }


def crate_with_added(crate: Json, before: object) -> Json:
    """Return a crate whose root has what the one before has and it has not, with all that this refers to."""
    old, new = _entities(before), _entities(crate)
    root, known = new[_ROOT], old.get(_ROOT, {})
    added = {name: each for name, each in known.items() if name in _THEIRS or name not in root}
    root |= added
    more = {name: old[name] for name in _reached(added, old) if name not in new}
    return {**crate, "@graph": [*crate["@graph"], *more.values()]}


def _entities(crate: object) -> dict[str, Json]:
    graph = crate.get("@graph") if isinstance(crate, Mapping) else None
    return {each["@id"]: each for each in _list(graph) if isinstance(each, dict) and isinstance(each.get("@id"), str)}


def _reached(value: Any, entities: Mapping[str, Json]) -> Iterator[str]:
    """Yield the ids that a value leads to, near and far, each once."""
    seen: set[str] = set()
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            name = each.get("@id")
            if isinstance(name, str) and name in entities and name not in seen:
                seen.add(name)
                yield name
                left.append({key: under for key, under in entities[name].items() if key != "@id"})
            left += each.values()
        elif isinstance(each, list):
            left += each


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
