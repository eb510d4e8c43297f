"""Jobs and instances as rows of a table: what the manifest says of each, and its state on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.log_rules import ChecksOfJobs, checks_of
from eocanvas_apply.planning.plan import instance_of
from eocanvas_apply.planning.state.job_states import job_state, remark_words
from eocanvas_apply.planning.state.runs import counted_run


class JobRow(Struct, frozen=True):
    """One job or instance: `fields` are those of its row, `job_id` is empty before it was launched.

    `remarks` are codes of what the log of its job says of the results.
    `state` is done, succeeded (results not fetched), failed, cancelled, running, waiting or skipped.
    """

    address: str
    state: str
    job_id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    remarks: str = ""

    @property
    def instance(self) -> str:
        """The instance's id, empty for a job that is no campaign."""
        return instance_of(self.address)


class GivenJob(Struct, frozen=True):
    """What a manifest says of a job or instance: the fields of its row, and why it is skipped (None: it is not)."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    skip: str | None = None


def job_rows(
    addresses: Iterable[str], given: Mapping[str, GivenJob], recorded: Recorded, checks: ChecksOfJobs
) -> list[JobRow]:
    """Return the rows of these jobs; those that are in neither the manifest nor the ledger any more have none."""
    rows = []
    for address in addresses:
        record, said = recorded.jobs.get(address), given.get(address)
        if said or (record and not record.forgotten):
            run = counted_run(record)
            state = job_state(record, said.skip if said else None, checks_of(address, checks))
            fields = said.fields if said else {}
            rows.append(JobRow(address, state, run.job_id if run else "", fields, remark_words(run)))
    return rows
