"""The results of jobs as the ledger knows them, one row a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from eocanvas_apply.api.addresses import jobs_named
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.state.at_keys import location_of
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.results.presence import is_as_stored

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

# The fields of the rows that jobs were made from, by address.
Rows = Mapping[str, Mapping[str, object]]
_NO_ROWS: Rows = MappingProxyType({})


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
    created: datetime | None = None
    finished: datetime | None = None
    fields: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)

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

    def open(self) -> xr.Dataset:
        """Open the file with xarray: NetCDF and HDF5 (extra `notebook`), GeoTIFF where rioxarray is installed.

        Numbers are read when they are used; close it, or use it in a `with` block. Raises UsageError where it is not
        here, for other formats, for a broken file, and where a package is missing.
        """
        from eocanvas_apply.api.notebook.dataset import dataset

        if self.path is None:
            raise UsageError(_not_here(self))
        return dataset(self.path)


@dataclass(frozen=True, slots=True)
class Results(Sequence[Result]):
    """Results in the order of their addresses. `str(results)` is the text of `eocanvas-apply results`."""

    rows: tuple[Result, ...]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one row a result: what `to_json` has, and `instance` and `path`."""
        return [row.to_dict() for row in self.rows]

    def to_dataframe(self) -> pd.DataFrame:
        """Return a table of pandas (extra `notebook`), one row a result.

        Columns: address, instance, `each.<name>` for every field of the campaigns' rows, job_id, created and finished
        (of the job, in UTC), state, file, path (pathlib.Path or None), size (bytes, Int64), sha256, location, remarks.
        Raises UsageError where pandas is not installed.
        """
        from eocanvas_apply.api.notebook.data_frame import data_frame

        of_job = [{"created": row.created, "finished": row.finished} for row in self.rows]
        try:
            return data_frame([(r.to_dict() | times, r.fields) for r, times in zip(self.rows, of_job, strict=True)])
        except ModuleNotFoundError as missing:
            message = f"a table of results needs {missing.name}, which is not installed"
            raise UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[notebook]'")) from None

    def paths(self) -> list[Path]:
        """Return the files that are on this machine, in the order of the results; others have no path."""
        return [row.path for row in self.rows if row.path is not None]

    def open(self) -> xr.Dataset | dict[str, xr.Dataset]:
        """Open the results with xarray: one as a Dataset, several as a Dataset each, by the ids of their instances.

        Jobs of several campaigns, or of none, stand by their addresses; several files of one job as
        `<instance>/<file name>`. One of them, or some: `results[0].open()`, `results[:3].open()`.
        Raises UsageError where there is none, and what `Result.open` raises.
        """
        if not self.rows:
            hint = "`eocanvas-apply status` shows what the jobs are doing"
            raise UsageError(error("usage", "there is no result to open", hint))
        if len(self.rows) == 1:
            return self.rows[0].open()
        return {name: row.open() for name, row in zip(self._names(), self.rows, strict=True)}

    def _names(self) -> list[str]:
        """Return a name for each result that no other one has."""
        of_one = len({Address.parse(row.address).whole for row in self.rows}) == 1
        jobs = Counter(row.address for row in self.rows)
        names = [(row.instance if of_one else None) or row.address for row in self.rows]
        return [
            f"{name}/{Path(row.file).name}" if jobs[row.address] > 1 else name
            for name, row in zip(names, self.rows, strict=True)
        ]

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


def recorded_results(
    recorded: Recorded, addresses: Collection[str], boundary: Boundary, rows: Rows = _NO_ROWS
) -> Results:
    """Return the results of these jobs; files outside of the boundary are not read."""
    known = [address for address in addresses if address in recorded.jobs]
    return Results(tuple(each for address in known for each in _of(recorded, address, boundary, rows.get(address, {}))))


def _of(recorded: Recorded, address: str, boundary: Boundary, row: Mapping[str, object]) -> list[Result]:
    record = recorded.jobs[address]
    run = None if record.forgotten else counted_run(record)
    if run is None:
        return []
    of_run = partial(
        Result,
        address,
        run.job_id,
        folder=boundary.folder,
        remarks=tuple(each.code for each in run.remarks or ()),
        created=run.created,
        finished=run.finished,
        fields=row,
    )
    stored = [of_run(each.file, each.size, each.sha256, _state(boundary, each)) for each in run.stored.values()]
    elsewhere = [
        of_run(
            each.title,
            None,
            None,
            "at-key" if each.at_key else "pending",
            location=location_of(recorded, record, run, each),
        )
        for key, each in run.listed.items()
        if key not in run.stored
    ]
    return stored + elsewhere


def _not_here(result: Result) -> Diagnostic:
    """Return what there is to say where a file cannot be opened because it is somewhere else."""
    file = result.location or result.file
    message = {
        "missing": f"{file} was downloaded, and is gone",
        "at-key": f"{file} is in the storage of a key, not on this machine",
    }.get(result.state, f"{file} is not downloaded yet")
    hint = {
        "missing": "eocanvas-apply results --refetch",
        "at-key": "copy it from there with a client of that storage",
    }.get(result.state, "apply downloads it, or eocanvas-apply results --fetch")
    return error("usage", message, hint, address=result.address)


def _state(boundary: Boundary, stored: ResultFile) -> str:
    try:
        return "here" if is_as_stored(boundary.folder / stored.file, stored, boundary) else "edited"
    except OSError:
        return "missing"
