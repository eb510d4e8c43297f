"""A plan without the service: the same requests and values as those of an open project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.api.project import AsyncProject
from eocanvas_apply.api.report_pages import page_of_survey
from eocanvas_apply.api.values import Plan
from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.definition import Definition
from eocanvas_apply.engine.inspection.offline_planning import OfflineSurvey, survey_offline
from eocanvas_apply.engine.opening import review_of
from eocanvas_apply.errors import UsageError
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.page.report_page import ReportPage

if TYPE_CHECKING:
    from typing import Never


class OfflineProject(AsyncProject):
    """A project that only plans, from manifest, lock and ledger; it has no settings, credentials or engine.

    The ledger too is read once, with the first plan.
    """

    def __init__(self, project: Definition, ledger: str | None, timing: Mapping[str, timedelta]) -> None:
        self.project, self._ledger, self._timing = project, ledger, timing
        self._survey: OfflineSurvey | None = None

    async def engine(self) -> Never:
        """Refuse: there is no service to ask."""
        hint = "open it without offline=True"
        raise UsageError(error("usage", "a project that is opened offline can only plan", hint))

    async def survey(self) -> OfflineSurvey:
        """Return what a plan is made from; raises ManifestError, UsageError and LedgerError."""
        if self._survey is None:
            self._survey = await survey_offline(self.project, self._ledger, self._timing)
        return self._survey

    async def addresses(self) -> tuple[str, ...]:
        """Return the addresses of all keys and jobs that the manifest asks for."""
        desired = (await self.survey()).desired
        return (*desired.keys, *desired.jobs)

    async def _recorded(self) -> Recorded:
        return (await self.survey()).recorded

    async def planned(self, requests: Requests) -> Plan:
        """Return the plan for these requests."""
        survey = await self.survey()
        value = survey.plan(requests, review_of(self.project))
        return Plan(
            value,
            requests,
            survey.observed,
            survey.findings,
            offline=True,
            manifest=self.project.manifest,
            recorded=survey.recorded,
        )

    async def last_page(self) -> ReportPage:
        """Return what a report shows, by the ledger."""
        return page_of_survey(self.project, await self.survey())
