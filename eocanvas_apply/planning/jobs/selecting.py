"""What the command line leaves out of a run: `--only` selects addresses, `--limit` says how many launches at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Phase
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.tasks import LaunchJob

# In which turn a launch gets its place, the smaller the sooner.
Turn = Callable[[PlannedAction], tuple[int, ...]]
_A, _R = ActionKind, Reason
_ENDED = {_R.NOT_IN_MANIFEST, _R.SECRET_CHANGED, _R.CONFIG_CHANGED}


def selected(jobs: Iterable[PlannedAction], requests: Requests) -> list[PlannedAction]:
    """Return the actions; launches, decisions and forgetting that `--only` does not name are left out."""
    if requests.only is None:
        return list(jobs)

    def is_left_out(action: PlannedAction) -> bool:
        # All else goes on: it costs nothing, and jobs that run stay under watch.
        held = action.action is _A.NONE and action.phase is Phase.WAITING
        optional = held or action.action in (*LAUNCHES, _A.ASK, _A.FORGET)
        return optional and requests.leaves_out(action.address)

    def watched(action: PlannedAction) -> PlannedAction:
        left_out = requests.leaves_out(action.address) and (action.runs_again or action.goes_later)
        return replace(action, runs_again=None, goes_later=None) if left_out else action

    return [PlannedAction.of(a.address, _A.NONE, _R.NOT_SELECTED) if is_left_out(a) else watched(a) for a in jobs]


def selected_keys(keys: Sequence[PlannedAction], requests: Requests) -> list[PlannedAction]:
    """Return the actions; a key that left the manifest, or that no job needs, is deleted only if it is named.

    What else is done with a key follows from the jobs that need it.
    """

    def spared(key: PlannedAction) -> PlannedAction:
        if not requests.leaves_out(key.address) or key.goes is None or key.goes.reason not in _ENDED:
            return key
        deleted_now = key.action is _A.DELETE
        return PlannedAction.of(key.address, _A.NONE, _R.NOT_NEEDED) if deleted_now else replace(key, goes_later=None)

    return list(map(spared, keys))


def limited(jobs: Sequence[PlannedAction], requests: Requests, turn: Turn) -> list[PlannedAction]:
    """Return the actions, launches beyond `--limit` as held back; those of this run so far count."""
    if requests.limit is None:
        return list(jobs)
    beyond = {action.address for action in in_turn(jobs, turn)[max(0, requests.limit - requests.launches) :]}
    return [PlannedAction.of(a.address, _A.NONE, _R.HELD_BUDGET) if a.address in beyond else a for a in jobs]


def in_turn(jobs: Iterable[PlannedAction], turn: Turn) -> list[PlannedAction]:
    """Return the launches that may go, in the order of their turns.

    That is the plan's, but what waits for a key comes behind what does not: a key that cannot be made must not hold a
    place in the quota. Then `turn` decides, the smaller the sooner, and then what follows other jobs goes first: it is
    unknown how long the results that it is given are kept.
    """
    found: dict[tuple[int, ...], list[PlannedAction]] = defaultdict(list)
    for action in jobs:
        if action.row.launches and (task := action.task) is not None:
            stage = task.job.stage if isinstance(task, LaunchJob) else 0
            found[bool(action.depends_on), *turn(action), -stage].append(action)
    return [action for alike in sorted(found) for action in found[alike]]
