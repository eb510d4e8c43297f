"""What plan and apply may be asked for beyond the manifest."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.addresses import jobs_named
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Requests


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    again = parser.add_argument_group("what to run again, each time at the cost of a unit of quota")
    again.add_argument("--retry-failed", action="store_true", help="the jobs that failed")
    again.add_argument("--relaunch", metavar="ADDRESS", action="append", default=[], help="this job, or this campaign")


async def requests(args: Namespace, session: Session) -> Requests:
    """Return the requests of a command line; raises UsageError for an address that nothing has."""
    from eocanvas_apply.planning.plan import Requests

    recorded = await session.engine.recorded()
    named = [jobs_named(written, session.desired, recorded) for written in args.relaunch]
    again = frozenset(str(address) for addresses in named for address in addresses)
    allowed = frozenset(getattr(args, "allowed", ()))
    return Requests(allowed=allowed, relaunch=again, retry_failed=args.retry_failed)
