"""What a person can do next about each thing that a plan says; for every action and reason there is one sentence."""

from __future__ import annotations

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.plan import ActionKind, Reason

_A, _R = ActionKind, Reason
_APPLY = "the next apply does it; nothing else is to be done"
_WAIT = "wait: apply goes on with it by itself"
_DECIDE = "decide: eocanvas-apply resolve {address} --adopt JOB-ID, or --launch"
_AGAIN = "eocanvas-apply apply --relaunch {address} runs it again"
REFUSED = "correct its definition, or ask for another try: eocanvas-apply apply --retry-failed"

NEXT: dict[tuple[ActionKind, Reason], str] = {
    (_A.CREATE, _R.NEW): _APPLY,
    (_A.CREATE, _R.MISSING): "the next apply makes the next generation; see who deletes keys of this account",
    (_A.CREATE, _R.EXPIRED): "the next apply makes the next generation; a longer expires_in makes that rarer",
    (_A.RENEW, _R.EXPIRES_SOON): "the next apply makes the next generation; a longer expires_in makes that rarer",
    (_A.REPLACE, _R.CONFIG_CHANGED): "the next apply replaces it; put the old value back to keep it",
    (_A.REPLACE, _R.SECRET_CHANGED): "the next apply replaces it; the service cannot change a secret in place",
    (_A.REPLACE, _R.DRIFTED): "the next apply replaces it; find out who else writes to it",
    (_A.DELETE, _R.NOT_IN_MANIFEST): "the next apply deletes it; put it back into the manifest to keep it",
    (_A.DELETE, _R.SUPERSEDED): _APPLY,
    (_A.DELETE, _R.DESTROYED): "destroy deletes it, and apply would make it again",
    (_A.ADOPT, _R.FOUND): _APPLY,
    (_A.ADOPT, _R.RETURNED): "the next apply takes its job back, without running it again",
    (_A.NONE, _R.EXISTING): "nothing to do; whoever made it keeps it alive",
    (_A.NONE, _R.CANNOT_TELL): "mend what the findings name; what depends on it waits until then",
    (_A.NONE, _R.DRAINING): _WAIT,
    (_A.NONE, _R.IN_USE): "wait: it is deleted when the jobs that use it have ended",
    (_A.NONE, _R.NOT_NEEDED): "nothing to do; `keep: true` keeps it alive all the same",
    (_A.NONE, _R.UNCHANGED): "nothing to do",
    (_A.LAUNCH, _R.NEW): "the next apply launches it, as soon as keys and quota allow",
    (_A.RELAUNCH, _R.DEFINITION_CHANGED): "the next apply runs it again; `on_change: keep` keeps the earlier result",
    (_A.RELAUNCH, _R.INPUT_CHANGED): "the next apply runs it again; `on_change: keep` keeps the earlier result",
    (_A.RELAUNCH, _R.VANISHED): "the next apply runs it again; ask the service why jobs are lost",
    (_A.RELAUNCH, _R.REQUESTED): "the run that asked for it runs it again",
    (_A.RETRY, _R.FAILED): "the next apply tries it again; `retries:` of the job says how often",
    (_A.RETRY, _R.REQUESTED): "the run that asked for it tries it again",
    (_A.WATCH, _R.IN_FLIGHT): _WAIT + "; eocanvas-apply logs {address} shows how far it is",
    (_A.WATCH, _R.ANSWER_OPEN): "wait, or " + _DECIDE,
    (_A.WATCH, _R.STUCK): "look at eocanvas-apply logs {address}; eocanvas-apply cancel {address} stops it",
    (_A.FETCH, _R.RESULTS_PENDING): "the next apply fetches them",
    (_A.ASK, _R.AMBIGUOUS): _DECIDE,
    (_A.ASK, _R.DUPLICATED): _DECIDE,
    (_A.FORGET, _R.NOT_IN_MANIFEST): "the next apply takes it off the record; put it back into the manifest to keep it",
    (_A.FORGET, _R.DESTROYED): "destroy takes it off the record; its results stay",
    (_A.FORGET, _R.REQUESTED): "it is taken off the record; its job and its results stay",
    (_A.DISMISS, _R.DUPLICATED): "the next apply asks the service to stop the surplus job",
    (_A.DISMISS, _R.DESTROYED): "destroy asks the service to stop it",
    (_A.DISMISS, _R.REQUESTED): "the service is asked to stop it",
    (_A.NONE, _R.DONE): "nothing to do; eocanvas-apply results {address} names what it left",
    (_A.NONE, _R.FAILED): "see: eocanvas-apply logs {address}; it runs again with --retry-failed or another definition",
    (_A.NONE, _R.NO_RESULT): "see: eocanvas-apply logs {address}; " + _AGAIN,
    (_A.NONE, _R.RESULTS_GONE): _AGAIN,
    (_A.NONE, _R.KEPT): "nothing to do; " + _AGAIN,
    (_A.NONE, _R.SKIPPED): "take it out of `skip:` to run it",
    (_A.NONE, _R.CANCELLED): _AGAIN,
    (_A.NONE, _R.OUT_OF_WINDOW): "nothing to do; eocanvas-apply forget {address} takes it off the record",
    (_A.NONE, _R.WAITS_FOR): "see what it waits for: eocanvas-apply status; it starts by itself when that is done",
    (_A.NONE, _R.HELD_CANARY): "wait for the first ones; if they fail, correct the definition",
    (_A.NONE, _R.HELD_STOPPED): "see why the others failed: eocanvas-apply status; then correct the definition, "
    "run with --retry-failed, or raise `stop_after`",
    (_A.NONE, _R.HELD_BUDGET): "wait: it starts when others have ended; `max_running` or --limit holds it back",
    (_A.NONE, _R.NOT_SELECTED): "run without --only, or name it there",
}


def advice(action: ActionKind, reason: Reason, address: str, *, refused: bool = False) -> str:
    """Return what to do next; `refused` tells that the service took no job, so that there is no log to look at."""
    if refused and (action, reason) == (_A.NONE, _R.FAILED):
        return REFUSED
    return NEXT[action, reason].format(address=typed(address))
