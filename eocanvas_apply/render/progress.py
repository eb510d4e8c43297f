"""What happens in a run, one line an event."""

from __future__ import annotations

from eocanvas_apply.render.style import PLAIN, Style, one_line
from eocanvas_apply.report.progress import Happening, Progress

_H = Happening
_WORDS: dict[Happening, tuple[str, str]] = {
    _H.CREATING: ("creating", "dim"),
    _H.CREATED: ("created", "green"),
    _H.DELETED: ("deleted", "red"),
    _H.DRAINING: ("waits until no job of the account runs, then rotates", "yellow"),
    _H.ORDERING: ("ordering", "dim"),
    _H.ORDERED: ("ordered", "green"),
    _H.TERMS_ACCEPTED: ("accepted the licence, as the manifest says,", "yellow"),
    _H.LAUNCHING: ("launching", "dim"),
    _H.LAUNCHED: ("launched", "green"),
    _H.WITHDRAWN: ("not sent after all", "yellow"),
    _H.ANSWER_LOST: ("the answer was lost; looking for what became of it", "yellow"),
    _H.REFUSED: ("refused by the service", "red"),
    _H.ADOPTED: ("found again", "green"),
    _H.STATUS: ("is now", "cyan"),
    _H.FETCHING: ("fetching", "dim"),
    _H.RECEIVING: ("receiving", "dim"),
    _H.STORED: ("stored", "green"),
    _H.DISMISSED: ("dismissed", "red"),
    _H.RUNS_ON: ("cannot be dismissed, it runs on:", "yellow"),
    _H.CANCELLED: ("cancelled: it is dismissed if it turns up", "red"),
    _H.FORGOTTEN: ("forgotten", "red"),
    _H.FAILED: ("failed", "red"),
}


def line(progress: Progress, style: Style = PLAIN) -> str:
    """Return `04:00:12 job.subset launched 1d8f...`; the time is UTC."""
    words, colour = _WORDS[progress.happening]
    detail = f" {one_line(progress.detail)}" if progress.detail else ""
    return f"{progress.at:%H:%M:%S} {progress.address} {style.paint(words, colour)}{detail}"
