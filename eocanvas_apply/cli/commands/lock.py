"""`lock`: writes down what the searches of campaigns find, so that every plan finds the same."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_manifest, add_secrets
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.campaign.lock import Lock

EPILOG = """\
It searches again and writes eocanvas.lock beside the manifest; keep it in version control. From then on these searches
are not made again: products that appear or vanish change nothing until the next `lock`. A search that is changed in
the manifest is made until it is locked, and one with times such as now-3d or today is never locked.

Examples:
  eocanvas-apply lock
  eocanvas-apply plan --refresh-searches && eocanvas-apply lock
"""


def add_arguments(parser: Parser) -> None:
    """Declare which manifest."""
    add_secrets(parser)
    add_manifest(parser)
    parser.set_defaults(accepts_licences=True)


def run(args: Namespace, console: Console) -> Outcome:
    """Search and write; a search that fails leaves the file as it was."""
    return with_project(args, console, _locked, rows="ANEW", lock_may_be_broken=True)


async def _locked(project: AsyncProject) -> Outcome:
    from eocanvas_apply.campaign.lock import Lock, lock_of, write_lock_file
    from eocanvas_apply.render import records as render

    opened, engine = project.project, await project.engine()
    engine.require_policy()
    old, new = opened.lock_file.lock, lock_of(engine.searches)
    if old is None and not new.queries:
        return Outcome(text=lambda _: render.NOTHING_TO_LOCK, fields=lambda: {"lock": []})
    # One lock serves all environments, and this one does not make the searches of the others.
    kept = old.queries if old and opened.manifest.environments else {}
    path, searches = str(write_lock_file(opened.folder, Lock({**kept, **new.queries}))), _as_json(old, new)
    dropped = len(old.queries.keys() - new.queries.keys() - kept.keys()) if old else 0
    return Outcome(text=lambda _: render.lock_text(path, searches, dropped), fields=lambda: {"lock": searches})


def _as_json(old: Lock | None, new: Lock) -> list[Mapping[str, Any]]:
    """Return one entry a search, with the ids of the products that were added and withdrawn."""
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
