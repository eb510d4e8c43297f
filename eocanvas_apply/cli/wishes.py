"""What plan and apply may be asked for beyond the manifest."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.addresses import addresses_named, jobs_named
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Requests


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    part = parser.add_argument_group("how much of it")
    part.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        help="launch, forget and delete only this: a name, a campaign, CAMPAIGN/ID; the keys of these jobs go along",
    )
    part.add_argument("--limit", metavar="N", type=_count, help="launch at most so many jobs in this run")
    again = parser.add_argument_group("what to run again, each time at the cost of a unit of quota")
    again.add_argument("--retry-failed", action="store_true", help="the jobs that failed")
    again.add_argument("--relaunch", metavar="ADDRESS", action="append", default=[], help="this job, or this campaign")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of launches; it counts from 1")
    return int(text)


async def requests(args: Namespace, session: Session) -> Requests:
    """Return the requests of a command line; raises UsageError for an address that nothing has."""
    from eocanvas_apply.planning.plan import Requests

    recorded = await session.engine.recorded()
    named = [jobs_named(written, session.desired, recorded) for written in args.relaunch]
    again = frozenset(str(address) for addresses in named for address in addresses)
    allowed = frozenset(getattr(args, "allowed", ()))
    return Requests(
        allowed=allowed,
        relaunch=again,
        retry_failed=args.retry_failed,
        only=addresses_named(args.only, session.desired, recorded) if args.only else None,
        limit=args.limit,
        no_fetch=getattr(args, "no_fetch", False),
    )
