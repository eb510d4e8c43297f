"""`lock`: writes down what the searches of campaigns find, so that every plan finds the same."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eocanvas_apply.cli.options import add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, with_rows
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.campaign.lock import Lock

_SHOWN = 20
EPILOG = """\
It searches anew and writes eocanvas.lock beside the manifest; keep it in version control. From then on these searches
are not made again: products that appear or vanish change nothing until the next `lock`. A search that is changed in
the manifest is made anew until it is locked, and one with times such as now-3d or today is never locked.

Examples:
  eocanvas-apply lock
  eocanvas-apply plan --refresh-searches && eocanvas-apply lock
"""


def add_arguments(parser: Parser) -> None:
    """Declare which manifest."""
    add_manifest(parser)
    parser.set_defaults(accepts_licences=True)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Search and write; a search that fails leaves the file as it was."""
    from eocanvas_apply.engine.campaigns import Rows

    return with_rows(args, Rows.ANEW, _locked, lock_may_be_broken=True)


async def _locked(session: Session) -> Outcome:
    from eocanvas_apply.campaign.lock import lock_of, write_lock_file

    old, new = session.project.lock_file.lock, lock_of(session.engine.searches)
    if old is None and not new.queries:
        words = "Nothing to lock: no campaign has a search without relative times.\n"
        return Outcome(text=lambda _: words, fields=lambda: {"lock": []})
    path = write_lock_file(session.project.folder, new)
    return Outcome(text=lambda _: _text(str(path), old, new), fields=lambda: {"lock": _documents(old, new)})


def _text(path: str, old: Lock | None, new: Lock) -> str:
    documents = _documents(old, new)
    told = [each for each in documents if not each["locked_before"] or each["added"] or each["withdrawn"]]
    rest = {
        f"{_searches(len(documents) - len(told))} unchanged": len(documents) > len(told),
        f"and {len(told) - _SHOWN} more, all with --format json": len(told) > _SHOWN,
        f"{_searches(_dropped(old, new))} that the manifest no longer makes left out": _dropped(old, new),
    }
    lines = [*map(_line, told[:_SHOWN]), *(words for words, holds in rest.items() if holds)]
    return "\n  ".join([f"{path}: {_searches(len(documents))}", *lines]) + "\n"


def _line(found: Mapping[str, Any]) -> str:
    from eocanvas_apply.campaign.freshness import shown_query
    from eocanvas_apply.render.layout import counted

    changed = [f"{len(found[kind])} {kind}" for kind in ("added", "withdrawn") if found[kind]]
    told = ", ".join(changed) if found["locked_before"] else "new"
    return f"{counted(found['products'], 'product')} ({told}): {shown_query(found['query'])}"


def _searches(number: int) -> str:
    from eocanvas_apply.render.layout import counted

    return counted(number, "search", "searches")


def _dropped(old: Lock | None, new: Lock) -> int:
    return len(old.queries.keys() - new.queries.keys()) if old else 0


def _documents(old: Lock | None, new: Lock) -> list[Mapping[str, Any]]:
    before = old.queries if old else {}
    found: list[Mapping[str, Any]] = []
    for digest, each in new.queries.items():
        ids = {str(fields["id"]) for fields in each.products}
        known = {str(fields["id"]) for fields in before[digest].products} if digest in before else ids
        found.append(
            {
                "query": each.query,
                "digest": digest,
                "products": len(ids),
                "locked_before": digest in before,
                "added": sorted(ids - known),
                "withdrawn": sorted(known - ids),
            }
        )
    return found
