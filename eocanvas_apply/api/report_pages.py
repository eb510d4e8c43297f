"""What a report shows of a project, from manifest and ledger alone: the service is not asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

from msgspec import structs

from eocanvas_apply.engine.definition import Definition
from eocanvas_apply.engine.inspection.offline_planning import OfflineSurvey, survey_offline
from eocanvas_apply.engine.opening import review_of
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.report.page.report_page import ReportPage
from eocanvas_apply.report.status import recorded_actions, status


async def page_of_ledger(project: Definition, ledger: str | None, timing: Mapping[str, timedelta]) -> ReportPage:
    """Return the page of a ledger, or of the one beside the manifest; raises ManifestError, UsageError, LedgerError."""
    return page_of_survey(project, await survey_offline(project, ledger, timing))


def page_of_survey(project: Definition, survey: OfflineSurvey) -> ReportPage:
    """Return the page of what was read already."""
    plan = _with_recorded(survey.plan(Requests(), review_of(project)), survey)
    found = structs.replace(status(plan, survey.recorded, survey.observed), offline=True)
    return ReportPage(found, project.manifest, survey.recorded)


def _with_recorded(plan: Plan, survey: OfflineSurvey) -> Plan:
    """Return a plan with what is on record of campaigns whose rows only a search would find."""
    known = {action.address for action in plan.actions}
    others = recorded_actions(survey.recorded, plan.created, known=known)
    return dataclasses.replace(plan, actions=(*plan.actions, *others))
