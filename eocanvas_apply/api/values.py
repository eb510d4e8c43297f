"""What a project answers with: plan, apply result, status, progress; each as text, as JSON and as an HTML table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import structs

from eocanvas_apply.api.exit_codes import Exit, of_endings
from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.ledger.fold.moves_ahead import MovesAhead
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.moves import see_moves
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.render.diagnostics import document

if TYPE_CHECKING:
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.manifest.model.manifest import Manifest
    from eocanvas_apply.planning import plan as planning
    from eocanvas_apply.planning.desired.desired import Desired
    from eocanvas_apply.planning.state.observed import Observed
    from eocanvas_apply.report import progress as report
    from eocanvas_apply.report import status as report_status


class _Rendered:
    """A value that a module of `render/` writes as text, JSON and HTML; it is imported when it is asked to."""

    __slots__ = ()
    _module: str
    value: Any

    @property
    def summary(self) -> dict[str, int]:
        """How many of what there are."""
        raise NotImplementedError

    @property
    def _render(self) -> Any:
        return import_module(f"eocanvas_apply.render.{self._module}")

    def __str__(self) -> str:
        return str(self._render.text(self.value))

    def __hash__(self) -> int:
        # Equal values have equal counts; what else they hold, such as graphs, has no hash.
        return hash((type(self), *self.summary.items()))

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {name}" for name, number in self.summary.items() if number)
        return f"<{type(self).__name__}: {counts or 'nothing'}>"

    def _repr_html_(self) -> str:
        return str(self._render.html(self.value))


class _Pictured(_Rendered):
    """A value that is shown in a notebook below the map and the calendar of its report, where it has one."""

    __slots__ = ()

    manifest: Manifest | None
    recorded: Recorded | None

    @property
    def _status(self) -> report_status.Status:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        table = _Rendered._repr_html_(self)
        if self.manifest is None or self.recorded is None:
            return table
        from eocanvas_apply.render.notebook import project_display
        from eocanvas_apply.report.page.report_page import ReportPage

        return project_display.html(ReportPage(self._status, self.manifest, self.recorded), table)


@dataclass(frozen=True, slots=True, repr=False)
class Plan(_Pictured):
    """What an apply would change, and why. `str(plan)` is the text of `eocanvas-apply plan`.

    `requests` are what was asked for beyond the manifest, `observed` what the service showed, `warnings` what was
    found in the manifest, its rows and its secrets, `intents` the last launch of each job to run again, by its address.
    One that was made `offline` cannot be applied. A notebook shows it with a map and a calendar, if it has `manifest`
    and `recorded`: what is on record of the project, which goes on when it is applied.
    """

    _module = "plan"
    __hash__ = _Rendered.__hash__  # a dataclass would make one of all fields
    value: planning.Plan
    requests: planning.Requests
    observed: Observed
    warnings: tuple[Diagnostic, ...] = ()
    intents: Mapping[str, str | None] = field(default_factory=dict)
    offline: bool = False
    manifest: Manifest | None = field(default=None, compare=False)
    recorded: Recorded | None = field(default=None, compare=False)

    @property
    def _status(self) -> report_status.Status:
        from eocanvas_apply.report.status import status

        found = status(self.value, self.recorded or Recorded(), self.observed)
        return structs.replace(found, offline=self.offline)

    @property
    def actions(self) -> tuple[planning.PlannedAction, ...]:
        """One action for each key and job: `address`, `action`, `reason`, `changes`, `depends_on`, `not_before`."""
        return self.value.actions

    @property
    def changes_pending(self) -> bool:
        """Whether an apply would change something on the service, in the ledger or on disk."""
        return self.value.changes_pending

    @property
    def summary(self) -> dict[str, int]:
        """How many addresses each action has, zeros too: `{"create": 1, "launch": 3, ...}`."""
        return {str(kind): number for kind, number in self.value.counts.items()}

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings and errors about the manifest and the plan, and the safety rules that would refuse an apply."""
        return (*self.warnings, *self.value.findings)

    def to_dict(self, *, full: bool = False) -> dict[str, Any]:
        """Return the JSON document of `eocanvas-apply plan`.

        Campaigns of more than 1,000 instances are folded unless `full`.
        """
        code = Exit.ERROR if has_errors(self.value.diagnostics) else Exit.DONE
        return document("plan", self._render.body(self.value, full=full), code, self.diagnostics)


def build_plan(
    desired: Desired, recorded: Recorded, observed: Observed, requests: planning.Requests, now: datetime
) -> Plan:
    """Return the plan that follows from what is desired, recorded and observed. Pure: no I/O, no clock.

    `now` is the time of the service, with a time zone; it replaces `observed.at`. What the observation adds to the
    record counts, as in a run; `recorded` itself stays as it is.
    """
    from eocanvas_apply.planning.planner import plan as planned

    seen, record, ahead = structs.replace(observed, at=now), deepcopy(recorded), MovesAhead()
    see_moves(desired, record, ahead)
    record.note(notes(desired, record, seen))
    return Plan(dataclasses.replace(planned(desired, requests, record, seen), moves=ahead.pairs), requests, seen)


@dataclass(frozen=True, slots=True, repr=False)
class ApplyResult(_Rendered):
    """How an apply ended. `str(result)` is the text of `eocanvas-apply apply`; a failed job raises nothing."""

    _module = "results.result"
    __hash__ = _Rendered.__hash__  # a dataclass would make one of all fields
    value: report.ApplyResult
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def results(self) -> tuple[report.AddressResult, ...]:
        """How each address ended: `address`, `action`, `outcome` (done, failed, waiting, skipped), `error`."""
        return self.value.results

    @property
    def summary(self) -> dict[str, int]:
        """How many addresses ended how, zeros too: `{"done": 3, "failed": 0, "waiting": 0, "skipped": 0}`."""
        from eocanvas_apply.report.progress import outcome_counts

        return outcome_counts(self.value.results)

    @property
    def exit_code(self) -> int:
        """What the command line would end with: 0 done, 3 unfinished, 4 failed, 7 a decision is needed, ..."""
        return int(of_endings(self.value.endings))

    @property
    def unfinished(self) -> bool:
        """Whether something runs or waits that a later apply goes on with, without a decision or correction before."""
        return any(each.goes_on for each in self.value.results)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings and errors about the manifest and the last plan of the run."""
        return (*self.warnings, *self.value.diagnostics)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `eocanvas-apply apply`."""
        return document("apply", self._render.body(self.value), self.exit_code, self.diagnostics)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one row an address: `address`, `action`, `outcome`, `error`."""
        return [dict(row) for row in self._render.body(self.value)["results"]]


@dataclass(frozen=True, slots=True, repr=False)
class Status(_Pictured):
    """The state of every key and job. `str(status)` is the text of `eocanvas-apply status`.

    A notebook shows it with a map and a calendar, if it has `manifest` and `recorded`, which goes on.
    """

    _module = "status"
    __hash__ = _Rendered.__hash__  # a dataclass would make one of all fields
    value: report_status.Status
    warnings: tuple[Diagnostic, ...] = ()
    manifest: Manifest | None = field(default=None, compare=False)
    recorded: Recorded | None = field(default=None, compare=False)

    @property
    def _status(self) -> report_status.Status:
        return self.value

    @property
    def summary(self) -> dict[str, int]:
        """How many keys and jobs there are: `{"keys": 1, "jobs": 3}`."""
        return {"keys": len(self.value.keys), "jobs": len(self.value.jobs)}

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings and errors about the manifest, the keys and the jobs."""
        return (*self.warnings, *self.value.plan.diagnostics)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `eocanvas-apply status`: `keys`, `jobs`, `windows` (of the quota), `forecast`."""
        return document("status", self._render.body(self.value), Exit.DONE, self.diagnostics)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one row a job: `address`, `status`, `reason`, `job_id`, `created` (RFC 3339, UTC)."""
        return [{**row, "reason": str(row["reason"])} for row in self._render.body(self.value)["jobs"]]


@dataclass(frozen=True, slots=True)
class Progress:
    """One event of a run. `str(event)` is one line, so that `on_progress=print` shows the run.

    `at` is when it happened, in UTC; `address` the key or job that it happened to, or `service` where that does not
    answer; `happening` one of `report.progress.Happening`: `created`, `launched`, `status`, `stored`, `failed`, ...;
    `detail` the key's name, the job id, the status or the file.
    """

    at: datetime
    address: str
    happening: str
    detail: str
    line: str = field(repr=False)

    def __str__(self) -> str:
        return self.line
