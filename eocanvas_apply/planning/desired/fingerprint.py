"""What makes a job this job and no other: the components of its fingerprint compared, and what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Change(Struct, frozen=True, omit_defaults=True):
    """A difference at a dotted path; a sensitive one shows no values."""

    path: str
    before: Any = None
    after: Any = None
    sensitive: bool = False


ALGORITHM = 1
# The component that holds the digest of a graph or chain.
DOCUMENT = "document"
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether two definitions are the same job.

    Components of different algorithms are compared where both have them: a difference that only the newer
    algorithm makes must not run everything again.
    """
    one, other = _comparable(before, after)
    # Python takes 1 for True; what is sent is JSON, which does not.
    return one == other and _canonical(one) == _canonical(other)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the differences by path, sorted."""
    if same(before, after):
        return ()
    from deepdiff import DeepDiff  # takes 136 ms to import, and most plans differ in nothing

    one, other = _comparable(before, after)
    tree = DeepDiff(one, other, view="tree", threshold_to_diff_deeper=0, ignore_private_variables=False)
    found = [_change(item) for items in tree.values() for item in items]
    return tuple(sorted(found, key=lambda change: change.path))


def _comparable(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if before.get("algorithm") == after.get("algorithm"):
        return dict(before), dict(after)
    shared = (before.keys() & after.keys()) - {"algorithm"}
    return {name: before[name] for name in shared}, {name: after[name] for name in shared}


def _change(item: Any) -> Change:
    path = ".".join(str(part) for part in item.path(output_format="list"))
    return Change(path, _value(item.t1), _value(item.t2))


def _value(value: Any) -> Any:
    return None if type(value).__name__ == "NotPresent" else value
