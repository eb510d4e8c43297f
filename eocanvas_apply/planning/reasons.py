"""The reasons of a plan, and one row for each action and reason that a key or a job can have.

A row says what follows from them (phase, outcome, state), and in plain words what they mean and what to do next.
`render/` builds the sentences. Adding a reason: see CONTRIBUTING.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from msgspec import Struct

from eocanvas_apply.planning.actions import ACTIONS, ActionKind, Outcome, Phase, State


class Reason(StrEnum):
    """Why an action is planned."""

    NEW = "new"
    MISSING = "missing"
    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"
    CONFIG_CHANGED = "config-changed"
    SECRET_CHANGED = "secret-changed"  # noqa: S105  # a reason, not a secret
    DRIFTED = "drifted"
    NOT_IN_MANIFEST = "not-in-manifest"
    SUPERSEDED = "superseded"
    DESTROYED = "destroyed"
    FOUND = "found"
    EXISTING = "existing"
    CANNOT_TELL = "cannot-tell"
    DRAINING = "draining"
    IN_USE = "in-use"
    NOT_NEEDED = "not-needed"
    UNCHANGED = "unchanged"
    DEFINITION_CHANGED = "definition-changed"
    INPUT_CHANGED = "input-changed"
    VANISHED = "vanished"
    REQUESTED = "requested"
    FAILED = "failed"
    IN_FLIGHT = "in-flight"
    ANSWER_OPEN = "answer-open"
    STUCK = "stuck"
    RESULTS_PENDING = "results-pending"
    RETURNED = "returned"
    AMBIGUOUS = "ambiguous"
    DUPLICATED = "duplicated"
    DONE = "done"
    NO_RESULT = "no-result"
    RESULTS_GONE = "results-gone"
    KEPT = "kept"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    OUT_OF_WINDOW = "out-of-window"
    WAITS_FOR = "waits-for"
    HELD_CANARY = "held-canary"
    HELD_STOPPED = "held-stopped"
    HELD_BUDGET = "held-budget"
    NOT_SELECTED = "not-selected"


class Row(Struct, frozen=True):
    """One legal pair of action and reason.

    `words` say what it means, `advice` what to do next, with `{address}` as on the command line and `{until}` for
    ` until TIME` or nothing. `outcome` is how the address ends when an apply stops here. One that is `wanted` leaves
    its job to be launched, watched or fetched, so that its keys are needed. With `usable` its dependants may use it as
    it is; with `settled` a plan only counts it. A `consequence` needs no new consent. One that `loses` takes away what
    a `protect:` of the manifest guards. The time of one that is `expected` depends on when other jobs end. One that
    `repeats` runs a finished job again; one that vanished is not finished, for its results were never safe.
    """

    action: ActionKind
    reason: Reason
    words: str
    advice: str
    phase: Phase
    outcome: Outcome
    state: State
    wanted: bool
    launches: bool
    expected: bool
    repeats: bool
    usable: bool = False
    settled: bool = False
    consequence: bool = False
    loses: bool = False


_A, _R, _P, _O, _S = ActionKind, Reason, Phase, Outcome, State
_EXPECTED = frozenset({_R.HELD_BUDGET, _R.HELD_CANARY, _R.WAITS_FOR})


def _row(
    action: ActionKind,
    reason: Reason,
    words: str,
    advice: str,
    outcome: Outcome = Outcome.WAITING,
    phase: Phase | None = None,
    state: State | None = None,
    *,
    usable: bool = False,
    settled: bool = False,
    consequence: bool = False,
    loses: bool = False,
) -> Row:
    traits = ACTIONS[action]
    stands = phase or traits.phase
    return Row(
        action,
        reason,
        words,
        advice,
        phase=stands,
        outcome=outcome,
        state=state or traits.state,
        wanted=action is not _A.NONE or stands is _P.WAITING,
        launches=traits.launches,
        expected=reason in _EXPECTED,
        repeats=action is _A.RELAUNCH and reason is not _R.VANISHED,
        usable=usable,
        settled=settled,
        consequence=consequence or traits.consequence,
        loses=loses,
    )


_done = partial(_row, _A.NONE, outcome=_O.DONE, settled=True)
_failed = partial(_row, _A.NONE, outcome=_O.FAILED, phase=_P.FAILED, state=_S.FAILED)
_skipped = partial(_row, _A.NONE, outcome=_O.SKIPPED)
_held = partial(_row, _A.NONE, phase=_P.WAITING)

_NEXT_GENERATION = "the next apply creates the next generation; a longer expires_in makes this rarer"
_REPLACES = "the next apply replaces it; "
_UNNEEDED = "no unfinished job needs it"
_DELETES = "the next apply deletes it; it is created again when a job needs it"
_RUNS_AGAIN = "the next apply runs it again; `on_change: keep` keeps the earlier result"
_RELAUNCH = "eocanvas-apply apply --relaunch {address} runs it again"
_RETRY = "--retry-failed or a changed definition runs it again"
_LOGS = "see eocanvas-apply logs {address}; "
_UNTIL = (
    "wait{until}, apply finds out by itself; where you see its job: eocanvas-apply resolve {address} --adopt JOB-ID"
)
_DECIDE = "decide: eocanvas-apply resolve {address} --adopt JOB-ID, or --launch"
_NOT_ONE_TO_ONE = "launch and jobs do not match one to one"
_RESTORE = "; put it back into the manifest to keep it"
_REQUESTED = "requested on the command line"

_KEYS = (
    _row(_A.CREATE, _R.NEW, "not created yet", "the next apply creates it"),
    _row(
        _A.CREATE,
        _R.MISSING,
        "the service no longer has it",
        "the next apply creates the next generation; find out who deletes keys of this account",
        consequence=True,
    ),
    _row(_A.CREATE, _R.EXPIRED, "expired", _NEXT_GENERATION, consequence=True),
    _row(_A.RENEW, _R.EXPIRES_SOON, "ends before the jobs that need it", _NEXT_GENERATION),
    _row(
        _A.REPLACE,
        _R.CONFIG_CHANGED,
        "configuration changed",
        _REPLACES + "restore the old value to keep it",
        loses=True,
    ),
    _row(_A.REPLACE, _R.SECRET_CHANGED, "secret changed", _REPLACES + "the service cannot change a secret in place"),
    _row(
        _A.REPLACE, _R.DRIFTED, "changed on the service by another client", _REPLACES + "find out who else changes it"
    ),
    _row(
        _A.DELETE, _R.NOT_IN_MANIFEST, "no longer in the manifest", f"the next apply deletes it{_RESTORE}", loses=True
    ),
    _row(_A.DELETE, _R.SUPERSEDED, "replaced by a newer generation", "the next apply deletes it", consequence=True),
    _row(
        _A.DELETE, _R.DESTROYED, "destroy requested", "destroy deletes it; a later apply creates it again", loses=True
    ),
    _row(_A.DELETE, _R.SECRET_CHANGED, f"secret changed; {_UNNEEDED}", _DELETES),
    _row(_A.DELETE, _R.CONFIG_CHANGED, f"configuration changed; {_UNNEEDED}", _DELETES, loses=True),
    _row(_A.ADOPT, _R.FOUND, "created, but the answer was lost", "the next apply records it"),
    _done(_R.EXISTING, "not managed by this project", "nothing to do; its owner renews it", usable=True),
    _skipped(
        _R.CANNOT_TELL, "state unknown; see the diagnostics", "fix what the diagnostics name; dependent jobs wait"
    ),
    _row(_A.NONE, _R.DRAINING, "rotation waits until no job runs", "wait; apply continues by itself"),
    _done(
        _R.IN_USE,
        "a running job uses this generation",
        "wait; it is deleted when the jobs that use it have ended",
        settled=False,
    ),
    _done(_R.NOT_NEEDED, _UNNEEDED, "nothing to do; `keep: true` keeps it valid anyway"),
    _done(_R.UNCHANGED, "as in the manifest", "nothing to do", usable=True),
)
_JOBS = (
    _row(_A.LAUNCH, _R.NEW, "not launched yet", "the next apply launches it as soon as keys and quota allow"),
    _row(_A.RELAUNCH, _R.DEFINITION_CHANGED, "definition changed", _RUNS_AGAIN),
    _row(_A.RELAUNCH, _R.INPUT_CHANGED, "an input changed", _RUNS_AGAIN),
    _row(
        _A.RELAUNCH,
        _R.VANISHED,
        "the service lost the job before its results were downloaded",
        "the next apply runs it again; ask the service why jobs are lost",
    ),
    _row(_A.RELAUNCH, _R.REQUESTED, _REQUESTED, "the apply that requests it runs it again"),
    _row(_A.RETRY, _R.FAILED, "the job failed", "the next apply retries it; `retries:` of the job says how often"),
    _row(_A.RETRY, _R.REQUESTED, _REQUESTED, "the apply that requests it retries it"),
    _row(_A.WATCH, _R.IN_FLIGHT, "running", "wait; eocanvas-apply logs {address} shows its progress"),
    _row(_A.WATCH, _R.ANSWER_OPEN, "sent, but not known yet whether the service took it", _UNTIL),
    _row(_A.WATCH, _R.STUCK, "running for more than a day", _LOGS + "eocanvas-apply cancel {address} stops it"),
    _row(
        _A.FETCH,
        _R.RESULTS_PENDING,
        "succeeded; results not downloaded yet",
        "the next apply downloads them",
        usable=True,
    ),
    _row(_A.ADOPT, _R.FOUND, "launched, but the answer was lost", "the next apply records its job"),
    _row(
        _A.ADOPT,
        _R.RETURNED,
        "forgotten earlier, now declared again unchanged",
        "the next apply records its job again without running it",
    ),
    _row(_A.ASK, _R.AMBIGUOUS, "not clear which job of the service, or which result of another job, is meant", _DECIDE),
    _row(_A.ASK, _R.DUPLICATED, _NOT_ONE_TO_ONE, _DECIDE),
    _row(
        _A.FORGET,
        _R.NOT_IN_MANIFEST,
        "no longer in the manifest",
        f"the next apply removes it from the ledger{_RESTORE}",
        loses=True,
    ),
    _row(
        _A.FORGET, _R.DESTROYED, "destroy requested", "destroy removes it from the ledger; its results stay", loses=True
    ),
    _row(_A.FORGET, _R.REQUESTED, _REQUESTED, "it is removed from the ledger; its job and its results stay"),
    _row(_A.DISMISS, _R.DUPLICATED, _NOT_ONE_TO_ONE, "the next apply asks the service to stop the extra job"),
    _row(_A.DISMISS, _R.DESTROYED, "destroy requested", "destroy asks the service to stop it", loses=True),
    _row(_A.DISMISS, _R.REQUESTED, _REQUESTED, "the service is asked to stop it"),
    _done(
        _R.DONE,
        "succeeded",
        "nothing to do; eocanvas-apply results {address} lists its results",
        phase=_P.DONE,
        state=_S.SUCCEEDED,
        usable=True,
    ),
    _failed(
        _R.FAILED,
        "failed earlier; not retried (--retry-failed)",
        _LOGS + _RETRY,
    ),
    _failed(_R.NO_RESULT, "succeeded without a result", _LOGS + _RETRY),
    _failed(_R.RESULTS_GONE, "succeeded, but the service no longer has its results", _RETRY, state=_S.SUCCEEDED),
    _done(
        _R.KEPT,
        "definition changed; `on_change: keep` keeps the result",
        f"nothing to do; {_RELAUNCH}",
        phase=_P.DONE,
        state=_S.SKIPPED,
        usable=True,
        settled=False,
    ),
    _skipped(_R.SKIPPED, "skipped", "remove it from `skip:` to run it", state=_S.SKIPPED),
    _skipped(_R.CANCELLED, "cancelled", _RELAUNCH, state=_S.SKIPPED),
    _skipped(
        _R.OUT_OF_WINDOW,
        "its row is no longer in the source",
        "nothing to do; eocanvas-apply forget {address} removes it from the ledger",
    ),
    _held(
        _R.WAITS_FOR,
        "waits for another job",
        "wait; it starts when that job is done (eocanvas-apply status shows it)",
    ),
    _held(
        _R.HELD_CANARY,
        "waits for the first instances (canary)",
        "wait for the first instances; if they fail, correct the definition",
    ),
    _held(
        _R.HELD_STOPPED,
        "too many instances failed (stop_after)",
        "eocanvas-apply status shows why the others failed; then correct the definition, use --retry-failed, "
        "or raise `stop_after`",
    ),
    _held(
        _R.HELD_BUDGET,
        "limit of jobs reached (max_running or --limit)",
        "wait; it starts when other jobs have ended (max_running), or in a later apply (--limit)",
    ),
    _skipped(_R.NOT_SELECTED, "not selected (--only)", "run without --only, or add it there"),
)
KEY_ROWS = {(row.action, row.reason): row for row in _KEYS}
JOB_ROWS = {(row.action, row.reason): row for row in _JOBS}


def row_of(address: str, action: ActionKind, reason: Reason) -> Row:
    """Return the row of an action and reason at an address; raises ValueError where no plan says that."""
    row = (KEY_ROWS if address.startswith("key.") else JOB_ROWS).get((action, reason))
    if row is None:
        raise ValueError(f"{address}: {action}({reason}) is not an action of a plan")
    return row
