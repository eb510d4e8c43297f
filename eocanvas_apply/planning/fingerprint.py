"""A job's fingerprint: what makes it this job and no other, as components and as one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from eocanvas_apply.planning.change import Change

ALGORITHM = 1
_LONG = 200


def fingerprint(components: Mapping[str, Any]) -> str:
    """Return the digest of the components, `sha256:<hex>`."""
    canonical = json.dumps(components, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether two definitions are the same job.

    Components of different algorithms are compared where both have them: a difference that only the newer
    algorithm makes must not run everything again.
    """
    if before.get("algorithm") == after.get("algorithm"):
        return dict(before) == dict(after)
    shared = (before.keys() & after.keys()) - {"algorithm"}
    return all(before[name] == after[name] for name in shared)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the differences by path, sorted; texts over 200 characters appear as their SHA-256."""
    if before == after:
        return ()
    from deepdiff import DeepDiff  # takes 136 ms to import, and most plans differ in nothing

    tree = DeepDiff(dict(before), dict(after), view="tree", threshold_to_diff_deeper=0)
    found = [_change(item) for items in tree.values() for item in items]
    return tuple(sorted(found, key=lambda change: change.path))


def _change(item: Any) -> Change:
    path = ".".join(str(part) for part in item.path(output_format="list"))
    return Change(path, _shown(item.t1), _shown(item.t2))


def _shown(value: Any) -> Any:
    if type(value).__name__ == "NotPresent":
        return None
    if isinstance(value, str) and len(value) > _LONG:
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()
    return value
