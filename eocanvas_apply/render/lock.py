"""What `lock` wrote: the searches, and how their products differ from the lock before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eocanvas_apply.render.layout import counted, one_line

NOTHING = "Nothing to lock: no campaign has a search without relative times.\n"
_SHOWN = 20
_LONGEST_QUERY = 200


def text(path: str, searches: Sequence[Mapping[str, Any]], dropped: int) -> str:
    """Return the new searches and those that changed, one line each, and how many others there are.

    `searches` are as `lock --format json` lists them; `dropped` counts those that are not in the manifest any more.
    """
    news = [each for each in searches if not each["locked_before"] or each["added"] or each["withdrawn"]]
    rest = {
        f"{_searches(len(searches) - len(news))} unchanged": len(searches) > len(news),
        f"and {len(news) - _SHOWN} more, all with --format json": len(news) > _SHOWN,
        f"{_searches(dropped)} removed: not in the manifest any more": dropped,
    }
    lines = [*map(_line, news[:_SHOWN]), *(words for words, holds in rest.items() if holds)]
    return "\n  ".join([f"{path}: {_searches(len(searches))}", *lines]) + "\n"


def _line(search: Mapping[str, Any]) -> str:
    changed = [f"{len(search[kind])} {kind}" for kind in ("added", "withdrawn") if search[kind]]
    news = ", ".join(changed) if search["locked_before"] else "new"
    query = one_line(json.dumps(search["query"], ensure_ascii=False), _LONGEST_QUERY)
    return f"{counted(search['products'], 'product')} ({news}): {query}"


def _searches(number: int) -> str:
    return counted(number, "search", "searches")
