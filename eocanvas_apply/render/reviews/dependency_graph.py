"""What depends on what, as text, as JSON, and as a drawing for Mermaid and Graphviz (DOT)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from eocanvas_apply.render.layout import counted
from eocanvas_apply.report.dependencies import Dependencies


def text(found: Sequence[Dependencies]) -> str:
    """Return a block for each key and job, with what must be there before it."""
    lines = (line for each in found for line in (_title(each), *(f"  {line}" for line in _lines(each))))
    return "".join(f"{line}\n" for line in lines)


def _title(each: Dependencies) -> str:
    if not each.campaign:
        return each.address
    known = "instances not known" if each.instances is None else counted(each.instances, "instance")
    return f"{each.address} ({known})"


def _lines(each: Dependencies) -> Iterator[str]:
    for words, addresses in (("reads", each.reads), ("follows", each.follows), ("writes", each.writes)):
        if addresses:
            yield f"{words} {', '.join(addresses)}"


def as_json(each: Dependencies) -> dict[str, object]:
    """Return one as JSON; `instances` is null for what is no campaign, and where the rows are not known."""
    lists = {"reads": list(each.reads), "follows": list(each.follows), "writes": list(each.writes)}
    return {"address": each.address, **lists, "campaign": each.campaign, "instances": each.instances}


def mermaid(found: Sequence[Dependencies]) -> str:
    """Return a flowchart, as GitHub and GitLab draw it from a block of code called mermaid."""
    shapes = [f"  {_id(address)}{_shape(address, title)}" for address, title in _nodes(found).items()]
    arrows = [f"  {_id(one)} --> {_id(other)}" for one, other in _arrows(found)]
    return "\n".join(["flowchart LR", *shapes, *arrows]) + "\n"


def dot(found: Sequence[Dependencies]) -> str:
    """Return a graph for Graphviz."""
    shapes = [
        f"  {json.dumps(address)} [label={json.dumps(title)}, shape={'cylinder' if _is_key(address) else 'box'}];"
        for address, title in _nodes(found).items()
    ]
    arrows = [f"  {json.dumps(one)} -> {json.dumps(other)};" for one, other in _arrows(found)]
    return "\n".join(["digraph {", "  rankdir=LR;", *shapes, *arrows, "}"]) + "\n"


def _nodes(found: Sequence[Dependencies]) -> dict[str, str]:
    """Return the titles by address, also of `key.eodata`, which no manifest declares."""
    titles = {each.address: _title(each) for each in found}
    named = (address for pair in _arrows(found) for address in pair)
    return titles | {address: address for address in named if address not in titles}


def _arrows(found: Sequence[Dependencies]) -> Iterator[tuple[str, str]]:
    """Yield the way of the data: from keys that are read and jobs that are followed, to keys that are written."""
    for each in found:
        yield from ((before, each.address) for before in (*each.reads, *each.follows))
        yield from ((each.address, after) for after in each.writes)


def _is_key(address: str) -> bool:
    return address.startswith("key.")


def _id(address: str) -> str:
    # Names hold small letters, digits, _ and -, of which Mermaid takes a - for a part of an arrow.
    kind, _, name = address.partition(".")
    return f"{kind}_{name.replace('_', '__').replace('-', '_-').replace('-', 'd')}"


def _shape(address: str, title: str) -> str:
    return f'[("{title}")]' if _is_key(address) else f'["{title}"]'
