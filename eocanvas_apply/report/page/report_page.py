"""The report of a project: everything that its page shows, made from one status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.report.dependencies import Dependencies, dependencies
from eocanvas_apply.report.outcomes import blocked
from eocanvas_apply.report.page.footprints import Footprint, SearchArea, footprints, search_areas
from eocanvas_apply.report.page.timeline import Timeline, timeline
from eocanvas_apply.report.result_places import Place, places
from eocanvas_apply.report.status import JobStatus, Status, Tally, tallies, together


@dataclass(frozen=True)
class ReportPage:
    """A status with what the manifest and the ledger say around it.

    `logs` are the last lines of the logs of failed jobs, without secrets, by address; `thumbnails` small pictures (PNG)
    of results, by address.
    """

    status: Status
    manifest: Manifest
    recorded: Recorded
    logs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def desired_jobs(self) -> Mapping[str, DesiredJob]:
        """The jobs that the manifest asks for, by address."""
        return self.status.plan.desired.jobs if self.status.plan.desired else {}

    @cached_property
    def tallies(self) -> tuple[Tally, ...]:
        """How many jobs of each campaign stand where."""
        return tuple(tallies(self.status.plan.actions))

    @property
    def total(self) -> Tally:
        """How many jobs of all stand where."""
        return together(self.tallies)

    @cached_property
    def footprints(self) -> tuple[Footprint, ...]:
        """The places of the jobs."""
        return footprints(((job.address, job.phase) for job in self.status.jobs), self.desired_jobs)

    @property
    def search_areas(self) -> tuple[SearchArea, ...]:
        """Where campaigns search."""
        return tuple(search_areas(self.manifest))

    @cached_property
    def timeline(self) -> Timeline:
        """When what happened and will happen."""
        return timeline(self.status.plan, self.recorded)

    @property
    def dependencies(self) -> tuple[Dependencies, ...]:
        """What depends on what; a campaign has as many instances as it has rows now."""
        counts = {tally.campaign.removeprefix("job."): tally.total for tally in self.tallies if tally.campaign}
        return dependencies(self.manifest, counts)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where results lie."""
        return places((job.address for job in self.status.jobs), self.recorded, self.status.plan.desired)

    @cached_property
    def blocked(self) -> Mapping[str, str]:
        """Why a job cannot start although it waits, by address."""
        return blocked(self.status.plan)

    def record(self, job: JobStatus) -> JobRecord | None:
        """What is on record of a job."""
        return self.recorded.jobs.get(job.address)

    def attempts(self, job: JobStatus) -> tuple[Run, ...]:
        """The jobs of the service that were launched for it before the one that counts, oldest first."""
        record, counts = self.record(job), job.run
        return tuple(run for run in record.runs.values() if run is not counts) if record else ()
