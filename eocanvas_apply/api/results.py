"""The results of jobs as the ledger knows them, one row a result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

from eocanvas_apply.api.addresses import jobs_named
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.state.at_keys import location_of
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.results.presence import is_as_stored


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a job.

    `state` is `here`, `edited` (here, and not what was fetched), `missing` (fetched once, its file is gone), `pending`
    (not fetched yet) or `at-key` (in the storage of the job's output key). `file` is relative to `folder`; of the
    latter two it is the service's title. `size` (bytes) and `sha256` (hex) are those of what was fetched, else None.
    `location` is where a result at a key lies: `s3://BUCKET/PATH` or an address on a Drive; None where the ledger does
    not know the key, and for all others. `remarks` are the codes of what the job's log says of its results.
    """

    address: str
    job_id: str
    file: str
    size: int | None
    sha256: str | None
    state: str
    folder: Path
    location: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def path(self) -> Path | None:
        """The file on this machine, None where it is not here."""
        return self.folder / self.file if self.state in ("here", "edited") else None

    @property
    def instance(self) -> str | None:
        """The id of the row, None where the job is no campaign."""
        return Address.parse(self.address).instance

    def to_json(self) -> dict[str, Any]:
        """Return it as `eocanvas-apply results --format json` does."""
        columns = ("address", "job_id", "file", "size", "sha256", "state", "location")
        return {**{name: getattr(self, name) for name in columns}, "remarks": list(self.remarks)}

    def to_dict(self) -> dict[str, Any]:
        """Return it as one row of a table, with `instance` and `path` (a pathlib.Path or None)."""
        return {**self.to_json(), "instance": self.instance, "path": self.path}


@dataclass(frozen=True, slots=True)
class Results(Sequence[Result]):
    """Results in the order of their addresses. `str(results)` is the text of `eocanvas-apply results`."""

    rows: tuple[Result, ...]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one row a result: what `to_json` has, and `instance` and `path`."""
        return [row.to_dict() for row in self.rows]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as `eocanvas-apply results --format json` does."""
        return [row.to_json() for row in self.rows]

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Result | Results:
        return Results(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        from eocanvas_apply.render.results import result_files as render

        return render.text(self.to_json())

    def _repr_html_(self) -> str:
        from eocanvas_apply.render.results import result_files as render

        return render.html(self.to_json())


def chosen_jobs(text: str | None, recorded: Recorded) -> list[str]:
    """Return the recorded jobs that a text names, all where there is none; raises UsageError for an unknown one."""
    if not text:
        return sorted(recorded.jobs)
    if not recorded.keys and not recorded.jobs:
        hint = "the first apply records it; `status` lists every address"
        raise UsageError(error("unknown-address", f"nothing is recorded yet, not {text!r} either", hint))
    return sorted(jobs_named([text], (), recorded))


def recorded_results(recorded: Recorded, addresses: Collection[str], boundary: Boundary) -> Results:
    """Return the results of these jobs; files outside of the boundary are not read."""
    return Results(
        tuple(row for address in addresses if address in recorded.jobs for row in _of(recorded, address, boundary))
    )


def _of(recorded: Recorded, address: str, boundary: Boundary) -> list[Result]:
    record = recorded.jobs[address]
    run = None if record.forgotten else counted_run(record)
    if run is None:
        return []
    folder = boundary.folder
    stored = [
        Result(address, run.job_id, each.file, each.size, each.sha256, _state(boundary, each), folder)
        for each in run.stored.values()
    ]
    elsewhere = [
        Result(
            address,
            run.job_id,
            each.title,
            None,
            None,
            "at-key" if each.at_key else "pending",
            folder,
            location_of(recorded, record, run, each),
        )
        for key, each in run.listed.items()
        if key not in run.stored
    ]
    remarks = tuple(each.code for each in run.remarks or ())
    return [replace(each, remarks=remarks) for each in stored + elsewhere] if remarks else stored + elsewhere


def _state(boundary: Boundary, stored: ResultFile) -> str:
    try:
        return "here" if is_as_stored(boundary.folder / stored.file, stored, boundary) else "edited"
    except OSError:
        return "missing"
