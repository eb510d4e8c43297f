"""Large campaigns in a plan's document: what stays as it is there is counted, not listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import ActionDocument, FoldedDocument

# A campaign of more instances than this is folded.
LARGE = 1000
_UNCHANGED = frozenset({Reason.DONE, Reason.KEPT})


def folded(
    actions: Sequence[PlannedAction], document: Callable[[PlannedAction], ActionDocument]
) -> Iterator[ActionDocument | FoldedDocument]:
    """Yield each action's document; of a large campaign one with the number of its unchanged instances, and the rest.

    That one stands where the first of them would.
    """
    campaigns = [action.campaign for action in actions] if len(actions) > LARGE else [None] * len(actions)
    large = {campaign for campaign, instances in Counter(campaigns).items() if instances > LARGE}
    told = list(zip(actions, campaigns, strict=True))
    counts = Counter(campaign for action, campaign in told if campaign in large and _is_unchanged(action))
    for action, campaign in told:
        if campaign is None or campaign not in large or not _is_unchanged(action):
            yield document(action)
        elif count := counts.pop(campaign, 0):
            yield {"address": campaign, "action": "none", "none_count": count}


def _is_unchanged(action: PlannedAction) -> bool:
    return action.action is ActionKind.NONE and action.reason in _UNCHANGED
