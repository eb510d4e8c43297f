"""A plan from manifest, lock and ledger alone: nothing is sent, no secret is read, no program runs, nothing is written.

So it serves for manifests of strangers, such as those of pull requests from forks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from eocanvas_apply.applying.document_store import kept_texts
from eocanvas_apply.diagnostics import Diagnostic, info
from eocanvas_apply.engine.definition import Definition, given_rows, offline_findings
from eocanvas_apply.engine.surveyor import Review
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.binding import Binding, mismatches
from eocanvas_apply.ledger.fold.moves_ahead import MovesAhead
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.ledger.opened_ledger import open_ledger
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.moves import see_moves
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.state.observed import Observed, ObservedKey, Pass
from eocanvas_apply.policy.plan_limits import plan_refusals

OFFLINE = info(
    "planned-offline",
    "planned without the service: keys and jobs count as they were recorded last, and no secret was read",
    "`plan` without --offline looks at the service, compares secrets and asks searches for their rows",
)


class OfflineSurvey(Struct, frozen=True):
    """What a plan is made from: the manifest with the rows that files give, and the record."""

    project: Definition
    desired: Desired
    recorded: Recorded
    observed: Observed
    findings: tuple[Diagnostic, ...]
    manifest_refusals: tuple[Diagnostic, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()

    def policy_refusals(self, made: Plan, requests: Requests) -> tuple[Diagnostic, ...]:
        """Return the refusals of a plan with those of the policy."""
        policy = self.project.policy
        of_plan = plan_refusals(policy, made, self.recorded, requests) if policy else ()
        return (*made.refusals, *self.manifest_refusals, *of_plan)

    def plan(self, requests: Requests, review: Review) -> Plan:
        """Return the plan; `review` gives its diagnostics their places and severities."""
        made = plan(self.desired, requests, self.recorded, self.observed)
        refused = self.policy_refusals(made, requests)
        texts = kept_texts(self.project.boundary, made.launched_digests)
        found = (OFFLINE, *review(made.diagnostics))
        shown = replace(made, diagnostics=found, refusals=refused, moves=self.moves)
        return shown.with_texts(texts)


async def survey_offline(project: Definition, ledger: str | None, timing: Mapping[str, timedelta]) -> OfflineSurvey:
    """Read the record of a project; raises ManifestError, UsageError and LedgerError.

    `ledger` names one outside of the manifest, None is the one beside it. One that the manifest names is not read.
    """
    now = datetime.now(UTC)
    campaigns = given_rows(project, now)
    desired = campaigns.desired(timing)
    findings = offline_findings(campaigns)
    if ledger is None and project.ledger_url:
        # The manifest may be a stranger's, and credentials of this machine go to where a ledger is.
        recorded, findings = Recorded(), (*findings, _ledger_not_asked(project))
    else:
        recorded = await _recorded(project, ledger, now)
    ahead = MovesAhead()
    see_moves(desired, recorded, ahead)
    seen = _as_recorded(desired, recorded, now)
    return OfflineSurvey(project, desired, recorded, seen, findings, campaigns.refusals, ahead.pairs)


async def _recorded(project: Definition, ledger: str | None, now: datetime) -> Recorded:
    # No snapshot of it: that could say something else than the ledger that came with it.
    backend = open_ledger(ledger, project.boundary, project.environment).backend
    journal = Journal(backend, "reader", lambda: now, lambda: "")
    recorded = await journal.refresh()
    if opened := recorded.opened:
        # Which service and account a run would have is not known here.
        here = Binding(project.manifest.project, opened.service, opened.account, project.environment)
        if faults := mismatches(opened, here, journal.url):
            raise LedgerError(*faults)
    return recorded


def _ledger_not_asked(project: Definition) -> Diagnostic:
    message = "the ledger that the manifest names was not read, so keys and jobs count as new"
    found = info("ledger-not-asked", message, "name it yourself to have it read: --ledger URL")
    return project.loaded.place(found, ("ledger", "url"))


def _as_recorded(desired: Desired, recorded: Recorded, now: datetime) -> Observed:
    """Return the service as it was recorded last, with the keys of others that the manifest takes for granted."""
    opened = recorded.opened
    shown = {key.name: key for key in (*_own_keys(recorded), *_existing_keys(desired))}
    return Observed(
        at=now,
        account=opened.account if opened else "",
        service=opened.service if opened else "",
        keys=shown,
        jobs=Pass(now, complete=False, jobs={}),
        # Without a reason each: that none was read is said once.
        unreadable={address: () for address, key in desired.keys.items() if key.secrets},
    )


def _own_keys(recorded: Recorded) -> Iterator[ObservedKey]:
    for record in recorded.keys.values():
        for generation in record.generations.values():
            if (made := generation.created) and generation.live:
                yield ObservedKey(generation.name, "", None, "", made.created, made.expires, made.expires is not None)


def _existing_keys(desired: Desired) -> Iterator[ObservedKey]:
    for key in desired.keys.values():
        if key.existing and key.fixed_name:
            yield ObservedKey(key.fixed_name, "", None, "", None, None, end_known=False)
