"""Results in the storage of a key: their path there, and where that is for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from eocanvas_apply.ledger.event_values import KeyUse, ListedResult
from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.planning.state.runs import counted_run, definition
from eocanvas_apply.vocabulary import StorageType

_EODATA = f"key.{EODATA}"


class ResultAtKey(Struct, frozen=True):
    """One result in the storage of a generation of a key; `location` is where, for people, None where unknown.

    `listed` is when the service listed it, so that it was whole (service time).
    """

    address: str
    job_id: str
    key: str
    generation: int | None
    path: str
    location: str | None
    listed: datetime | None


def results_at_keys(recorded: Recorded) -> Iterator[ResultAtKey]:
    """Yield the results in storages of the runs that count, but for jobs that are given up."""
    for record in recorded.jobs.values():
        run = None if record.forgotten else counted_run(record)
        use = _output(record, run) if run else None
        if run is None or use is None:
            continue
        for listed in run.results or ():
            if listed.at_key:
                path, place = path_at_key(listed.title, use.name), location_of(recorded, record, run, listed)
                yield ResultAtKey(record.address, run.job_id, use.address, use.generation, path, place, run.last_listed)


def path_at_key(title: str, key: str) -> str:
    """Return the path in a key's storage that a result's title names, `keystore://NAME/PATH` or without the name."""
    path = (title.partition("://")[2] or title).removeprefix("keystore").lstrip(":/")
    return "/" + (path.removeprefix(f"{key}/") if key else path)


def location_of(recorded: Recorded, record: JobRecord, run: Run, result: ListedResult) -> str | None:
    """Return where a result at a key lies: `s3://BUCKET/PATH`, or the address of the file on a Drive.

    The key is taken as it was when the job was launched. None for a result that lies at no key, and for a key that was
    created elsewhere: the ledger does not know what it opens.
    """
    use = _output(record, run)
    return place_at(recorded, use, path_at_key(result.title, use.name)) if use and result.at_key else None


def place_at(recorded: Recorded, use: KeyUse | None, path: str) -> str | None:
    """Return where a path in a key's storage is, `s3://BUCKET/PATH` or the address of a file on a Drive.

    None for a key that was created elsewhere. EODATA is the bucket of that name.
    """
    if use is not None and use.address == _EODATA:
        return f"s3://eodata/{path.lstrip('/')}"
    key = recorded.keys.get(use.address) if use else None
    generation = key.generations.get(use.generation) if use and key and use.generation else None
    if generation is None or generation.intended is None:
        return None
    config, path = generation.intended.config, f"/{path.lstrip('/')}"
    if generation.intended.storage is StorageType.S3:
        return f"s3://{config.get('bucket', '')}{path}"
    return config.get("endpoint", "").rstrip("/") + path


def _output(record: JobRecord, run: Run) -> KeyUse | None:
    intended = definition(record, run)
    return next((use for use in intended.keys if use.address == intended.output), None) if intended else None
