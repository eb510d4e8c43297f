"""Which relaunches of a plan are still to do: a plan that is applied again launches nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.plan import Requests


def still_to_do(requests: Requests, intents: Mapping[str, str | None], recorded: Recorded) -> Requests:
    """Return the requests of a plan without the relaunches that were launched since it was made."""
    now = last_intents(requests, recorded)
    return replace(requests, relaunch=frozenset(a for a in requests.relaunch if now[a] == intents[a]))


def last_intents(requests: Requests, recorded: Recorded) -> dict[str, str | None]:
    """Return the last intent of each job to run again that was, or may have been, sent."""
    return {address: _last_sent(recorded.jobs.get(address)) for address in requests.relaunch}


def _last_sent(record: JobRecord | None) -> str | None:
    sent = (IntentState.OPEN, IntentState.SUBMITTED)
    intents = record.intents.values() if record else ()
    return next((intent.id for intent in reversed([*intents]) if intent.state in sent), None)
