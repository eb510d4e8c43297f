"""What of a plan is still to do: a plan that is applied again launches nothing twice, and no more than its limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES
from eocanvas_apply.planning.plan import Plan, Requests


def still_to_do(requests: Requests, intents: Mapping[str, str | None], recorded: Recorded) -> Requests:
    """Return the requests of a plan without what was launched since it was made."""
    launched = {address for address, intent in intents.items() if _last_sent(recorded, address) != intent}
    limit = None if requests.limit is None else max(requests.limit - len(launched), 0)
    return replace(requests, relaunch=requests.relaunch - launched, limit=limit)


def last_intents(requests: Requests, plan: Plan, recorded: Recorded) -> dict[str, str | None]:
    """Return the last intent that was, or may have been, sent, of each job that counts against what was asked for.

    These are the jobs to run again, and with a limit all that the plan launches.
    """
    limited = {action.address for action in plan.actions if action.action in LAUNCHES} if requests.limit else set()
    return {address: _last_sent(recorded, address) for address in sorted(requests.relaunch | limited)}


def _last_sent(recorded: Recorded, address: str) -> str | None:
    record: JobRecord | None = recorded.jobs.get(address)
    sent = (IntentState.OPEN, IntentState.SUBMITTED)
    intents = record.intents.values() if record else ()
    return next((intent.id for intent in reversed([*intents]) if intent.state in sent), None)
