"""What a simulated campaign came to, as values that a view can show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class Disturbance(StrEnum):
    """The fault of a simulated run."""

    NONE = "none"
    ANSWERS_LOST = "answers-lost"
    JOBS_FAIL = "jobs-fail-in-staging"
    SERVICE_OUT = "service-out"


class Course(Struct, frozen=True):
    """One simulated run: `ends` is when nothing was left to do, or to wait for without a person.

    `launches` are the jobs that were made, `per_day` by their date (UTC); `second_jobs` those that should not have
    launched. Of the jobs of the manifest `failed` ended for good without success and `undecided` need a person.
    """

    disturbance: Disturbance
    ends: datetime
    launches: int
    second_jobs: int
    failed: int
    undecided: int
    per_day: Mapping[str, int]
    renewed: Mapping[str, int]


class Rehearsal(Struct, frozen=True):
    """A manifest run in virtual time from where it stands.

    `job_time` is what a job was taken to need, `measured` whether that is this project's own median. `earliest` is
    when the last job could end at the soonest under the quota, were nothing else in the way.
    """

    begun: datetime
    job_time: timedelta
    measured: bool
    earliest: datetime
    courses: tuple[Course, ...]

    @property
    def undisturbed(self) -> Course:
        """The run in which nothing goes wrong."""
        return self.courses[0]
