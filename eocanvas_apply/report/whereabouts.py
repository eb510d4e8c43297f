"""Where the results of a run are, in words."""

from __future__ import annotations

from eocanvas_apply.ledger.fold.job_records import Run


def whereabouts(run: Run) -> str:
    """Return `2 of 3 results here`, or `1 result at the key` of what a storage of the user's own holds."""
    listed = run.results or ()
    at_key = sum(each.at_key for each in listed)
    fetched = len(listed) - at_key
    here = f"{len(run.stored)} of {_counted(fetched)} here"
    there = f"{_counted(at_key)} at the key"
    if not at_key:
        return here
    return f"{here}, {there}" if fetched else there


def _counted(number: int) -> str:
    return f"{number} result" if number == 1 else f"{number} results"
