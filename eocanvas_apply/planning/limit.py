"""One window of a quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# The service counts with its own clock, so a unit is taken a little after it came back.
MARGIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many jobs created in any time of length `per`."""

    jobs: int
    per: timedelta

    @property
    def span(self) -> timedelta:
        """How long one job occupies its unit."""
        return self.per + MARGIN
