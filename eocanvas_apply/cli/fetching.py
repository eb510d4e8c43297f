"""`results --fetch`: opens the service, brings what is not here, and lists it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.cli.exit_codes import Exit
from eocanvas_apply.cli.result_list import chosen, listed, of_record
from eocanvas_apply.cli.session import Session, with_engine
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.engine.collecting import Collected
    from eocanvas_apply.render.json_shapes import StoredJson
    from eocanvas_apply.report.progress import Progress


def fetch(args: Namespace, console: Console) -> Outcome:
    """Fetch what the arguments ask for and return the listing of it; exit 1 where something could not be had."""

    async def work(session: Session) -> Outcome:
        engine = session.engine
        engine.report = partial(_tell, console)
        addresses = chosen(args.address, await engine.recorded())
        collected = await _collected(session, args, addresses)
        recorded, folder = engine.journal.recorded, session.project.folder
        found = _copies(collected, args.to) if args.to else of_record(recorded, addresses, folder)
        outcome = listed(args, found, addresses)
        exit_code = Exit.ERROR if collected.failures else Exit.DONE
        return replace(outcome, exit=exit_code, diagnostics=(*collected.failures, *collected.left))

    return with_engine(args, work)


async def _collected(session: Session, args: Namespace, addresses: Collection[str]) -> Collected:
    from eocanvas_apply.engine.collecting import collect, copy_to

    if args.to:
        return await copy_to(session.engine, addresses, args.to.resolve(), again=args.refetch)
    return await collect(session.engine, addresses, again=args.refetch)


def _copies(collected: Collected, folder: Path) -> list[StoredJson]:
    return [
        {
            "address": copy.address,
            "job_id": copy.job_id,
            "file": str(folder / copy.file),
            "size": copy.size,
            "sha256": copy.sha256,
            "state": "here" if how == "here" else "missing",
        }
        for copy, how in collected.stands.items()
    ]


def _tell(console: Console, progress: Progress) -> None:
    from eocanvas_apply.render.progress import line

    if not progress.transfer:
        console.say(line(progress, console.err.style))
