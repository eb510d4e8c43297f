"""Which jobs were launched since a plan was made, by this run or by another: what a plan asks for is done once."""

from __future__ import annotations

from collections.abc import Mapping

from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind
from eocanvas_apply.planning.plan import Plan, Requests

_SENT = (IntentState.OPEN, IntentState.SUBMITTED)
Intents = Mapping[str, str | None]


def last_intents(requests: Requests, plan: Plan, recorded: Recorded) -> dict[str, str | None]:
    """Return the last intent that was, or may have been, sent, of each job that counts against what was asked for.

    These are the jobs that are run again, and with a limit all that the plan launches.
    """
    counted = LAUNCHES if requests.limit is not None else LAUNCHES - {ActionKind.LAUNCH}
    addresses = {action.address for action in plan.actions if action.action in counted} | requests.relaunch
    return {address: _last_sent(recorded, address) for address in sorted(addresses)}


def launched_since(intents: Intents, recorded: Recorded) -> frozenset[str]:
    """Return the addresses whose last intent is another one by now."""
    return frozenset(address for address, intent in intents.items() if _last_sent(recorded, address) != intent)


def _last_sent(recorded: Recorded, address: str) -> str | None:
    record = recorded.jobs.get(address)
    intents = record.intents.values() if record else ()
    return next((intent.id for intent in reversed([*intents]) if intent.state in _SENT), None)
