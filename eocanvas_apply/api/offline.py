"""A plan without the service: the same requests and values as those of an open project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.api.project import AsyncProject
from eocanvas_apply.api.values import Plan
from eocanvas_apply.engine.definition import Definition
from eocanvas_apply.engine.inspection.offline_planning import OfflineSurvey, survey_offline
from eocanvas_apply.engine.opening import review_of
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.plan import Requests

if TYPE_CHECKING:
    from typing import Never


class OfflineProject(AsyncProject):
    """A project that only plans, from manifest, lock and ledger; it has no settings, credentials or engine."""

    def __init__(self, project: Definition, survey: OfflineSurvey) -> None:
        self.project, self.survey = project, survey

    @classmethod
    async def opened(cls, project: Definition, ledger: str | None, timing: Mapping[str, timedelta]) -> OfflineProject:
        """Read rows and record; raises ManifestError, UsageError and LedgerError."""
        return cls(project, await survey_offline(project, ledger, timing))

    async def engine(self) -> Never:
        """Refuse: there is no service to ask."""
        raise RuntimeError("a project without the service has no engine")

    async def addresses(self) -> tuple[str, ...]:
        """Return the addresses of all keys and jobs that the manifest asks for."""
        return (*self.survey.desired.keys, *self.survey.desired.jobs)

    async def _recorded(self) -> Recorded:
        return self.survey.recorded

    async def planned(self, requests: Requests) -> Plan:
        """Return the plan for these requests."""
        value = self.survey.plan(requests, review_of(self.project))
        return Plan(value, requests, self.survey.observed, self.survey.findings)
