"""A campaign of many instances, new or finished: `python -m bench.campaign FOLDER N [URL [listed]]`.

Run as a process of its own, so that its memory is measured alone. With the service's address it
writes the ledger and the results of a campaign that has come to its end; `listed` leaves the results to be fetched.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bench.project import ACCOUNT, GRAPH
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.engine.definition import given_rows, open_project
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends.local import open_backend
from eocanvas_apply.ledger.binding import Binding
from eocanvas_apply.ledger.event_values import ListedResult, TraceDigests
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.service.urls import Endpoints

_MANIFEST = """\
version: 1
project: bench
quota: [{{jobs: 10, per: 1h}}, {{jobs: 100, per: 30d}}]
jobs:
  tiles:
    for_each: {{csv: rows.csv, id: "${{each.tile}}-${{each.day}}", max: {number}}}
    graph: graph.xml
    inputs: {{img1: {{url: "https://products.example.org/${{each.tile}}/${{each.day}}.zip", uncompress: true}}}}
    output: {{download: results}}
"""
_RESULT = b"one small result\n"
_FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def write(folder: Path, number: int) -> None:
    """Write the manifest, its graph and a table of so many rows into an empty folder."""
    folder.mkdir(parents=True)
    (folder / "graph.xml").write_text(GRAPH, encoding="utf-8")
    (folder / "eocanvas.yaml").write_text(_MANIFEST.format(number=number), encoding="utf-8")
    rows = (f"T{row // 1000:03},{(_FIRST_DAY + timedelta(days=row % 1000)).date()}\n" for row in range(number))
    (folder / "rows.csv").write_text("tile,day\n" + "".join(rows), encoding="utf-8")


async def finish(folder: Path, service: str, number: int | None = None, *, fetched: bool = True) -> None:
    """Write what a finished campaign leaves, or the first so many jobs of it: the ledger, and a result of each.

    Results that are not `fetched` are listed in the ledger alone.
    """
    desired = given_rows(open_project(folder / "eocanvas.yaml"), datetime.now(UTC)).desired({})
    numbers = (f"{number:032x}" for number in range(1, sys.maxsize))
    journal = Journal(open_backend(None, Boundary(folder)), "bench", lambda: datetime.now(UTC), lambda: next(numbers))
    binding = Binding(desired.project, Endpoints(service).base_url, ACCOUNT["HDA_USER"])
    await journal.claim(0, [binding.event(lambda: next(numbers))])
    jobs = islice(desired.jobs.values(), number)
    while some := list(islice(jobs, 1000)):
        await journal.record(
            *(event for job in some for event in _life(job, next(numbers), folder if fetched else None))
        )


def _life(job: DesiredJob, intent: str, folder: Path | None) -> Iterator[e.AnyEvent]:
    address, job_id = job.address, f"{intent[:8]}-{intent[8:12]}-5000-8000-{intent[20:]}"
    yield e.JobIntended(
        address=address,
        intent=intent,
        process=job.process,
        fingerprint=job.fingerprint,
        components=dict(job.components),
        trace=TraceDigests(document=job.fingerprint, inputs=job.fingerprint),
        marked=True,
        body_sha256=job.fingerprint,
        output=job.output,
        max_duration_s=7200,
        decided=_LONG_AGO,
        send_before=_LONG_AGO + timedelta(seconds=30),
    )
    yield e.JobSubmitted(address=address, intent=intent, job_id=job_id, status="accepted", created=_LONG_AGO)
    yield e.JobObserved(address=address, job_id=job_id, status="successful", finished=_LONG_AGO + timedelta(minutes=5))
    yield e.ResultsListed(address=address, job_id=job_id, results=(_LISTED,), looked=_LONG_AGO + timedelta(minutes=6))
    if folder:
        yield _stored(job, job_id, folder)


_LISTED = ListedResult(title="wks3:///bench/output/result.nc", name="result.nc")


def _stored(job: DesiredJob, job_id: str, folder: Path) -> e.ResultStored:
    file = folder / (job.folder or "") / _LISTED.name
    file.parent.mkdir(parents=True)
    file.write_bytes(_RESULT)
    return e.ResultStored(
        address=job.address,
        job_id=job_id,
        title=_LISTED.title,
        file=str(file.relative_to(folder)),
        size=len(_RESULT),
        sha256=hashlib.sha256(_RESULT).hexdigest(),
        modified_ns=file.stat().st_mtime_ns,
    )


def main(words: Sequence[str]) -> int:
    """Write one."""
    folder = Path(words[0])
    write(folder, int(words[1]))
    if len(words) > 2:
        asyncio.run(finish(folder, words[2], fetched=words[3:] != ["listed"]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
