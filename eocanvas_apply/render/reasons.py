"""What each reason of a plan means, in words."""

from __future__ import annotations

from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason
from eocanvas_apply.render.layout import moment, one_line

_R = Reason
WORDS: dict[Reason, str] = {
    _R.NEW: "it is in the manifest and not on record yet",
    _R.MISSING: "the service does not know it any more, or was told to delete it",
    _R.EXPIRED: "it has expired",
    _R.EXPIRES_SOON: "it would end before the jobs that need it",
    _R.CONFIG_CHANGED: "its configuration changed",
    _R.SECRET_CHANGED: "its secret changed",
    _R.DRIFTED: "somebody changed it on the service",
    _R.NOT_IN_MANIFEST: "it is not in the manifest any more",
    _R.SUPERSEDED: "a younger generation took its place",
    _R.DESTROYED: "destroy was asked for",
    _R.FOUND: "an answer was lost, and the service shows that it happened",
    _R.EXISTING: "it is not ours: never renewed, never deleted",
    _R.CANNOT_TELL: "it cannot be told what it is or should be; the findings say why",
    _R.DRAINING: "its rotation waits until no job runs",
    _R.IN_USE: "a job in flight uses this generation",
    _R.NOT_NEEDED: "no unfinished job needs it",
    _R.UNCHANGED: "it is as the manifest says",
    _R.DEFINITION_CHANGED: "its definition changed",
    _R.INPUT_CHANGED: "an input changed",
    _R.VANISHED: "the service lost the job before its results were safe",
    _R.REQUESTED: "it was asked for",
    _R.FAILED: "its job failed",
    _R.IN_FLIGHT: "its job is under way, or the log of its end is",
    _R.ANSWER_OPEN: "it was sent, and it is not known yet whether the service took it",
    _R.STUCK: "its job has been under way for more than a day",
    _R.RESULTS_PENDING: "its job is done and its results are not stored yet",
    _R.RETURNED: "it was forgotten, and is back unchanged",
    _R.AMBIGUOUS: "it cannot be told which job of the service or result of another job is meant",
    _R.DUPLICATED: "the service has two jobs where one belongs, or one where two do",
    _R.DONE: "its job succeeded and its results are safe",
    _R.NO_RESULT: "its job succeeded and left no result",
    _R.RESULTS_GONE: "its job succeeded, and the service has its results no more",
    _R.KEPT: "its definition changed, and on_change says keep",
    _R.SKIPPED: "the manifest says skip",
    _R.CANCELLED: "it was cancelled",
    _R.OUT_OF_WINDOW: "its row is gone from the source",
    _R.WAITS_FOR: "it waits for what it depends on",
    _R.HELD_CANARY: "it waits for the first instances, the canary",
    _R.HELD_STOPPED: "too many instances failed, so no more are launched",
    _R.HELD_BUDGET: "as many jobs run, or were launched, as may",
    _R.NOT_SELECTED: "the command line did not select it",
}


def in_words(planned: PlannedAction) -> str:
    """Return what the reason of an action means, and what the manifest says of it."""
    return f"{WORDS[planned.reason]}: {one_line(planned.note)}" if planned.note else WORDS[planned.reason]


def when(planned: PlannedAction) -> str:
    """Return from when an action may go; where it waits for others to end, when that may be expected."""
    word = "probably at" if planned.is_expected else "not before"
    return f"{word} {moment(planned.not_before)}"


SIGNS: dict[ActionKind, tuple[str, str]] = {
    ActionKind.RELAUNCH: ("-/+", "yellow"),
    ActionKind.REPLACE: ("-/+", "yellow"),
    ActionKind.DELETE: ("-", "red"),
    ActionKind.FORGET: ("-", "red"),
    ActionKind.DISMISS: ("-", "red"),
    ActionKind.CREATE: ("+", "green"),
    ActionKind.LAUNCH: ("+", "green"),
    ActionKind.RETRY: ("~", "yellow"),
    ActionKind.RENEW: ("~", "yellow"),
    ActionKind.ADOPT: ("<=", "cyan"),
    ActionKind.FETCH: ("<=", "cyan"),
    ActionKind.ASK: ("?", "yellow"),
    ActionKind.WATCH: ("…", "cyan"),
    ActionKind.NONE: ("", "dim"),
}
# People read first what costs something or cannot be taken back.
READING_ORDER = tuple(SIGNS)
