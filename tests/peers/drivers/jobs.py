"""Runs jobs to their end: status, log, results and files of each, and the whole list. Task: `jobs`, `folder`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.peers.drivers.session import NotDownloadableError, begin, process_of, tell, wait


def ended(job: Any, folder: Path) -> dict[str, Any]:
    status = wait(job)
    results = job.results if status == "successful" else []
    return {
        "id": job.job_id,
        "status": status,
        "log": [[entry.timestamp.isoformat(), entry.message] for entry in job.logs],
        "results": [{"href": result.href, "title": result.title, "rel": result.rel} for result in results],
        "refused": [result.title for result in results if not downloaded(result, folder)],
    }


def downloaded(result: Any, folder: Path) -> bool:
    try:
        result.download(str(folder))
    except NotDownloadableError:
        return False
    return True


def main() -> None:
    api, task = begin()
    jobs = [process_of(job).submit() for job in task["jobs"]]
    done = [ended(job, Path(task["folder"])) for job in jobs]
    listed = [{"id": job.job_id, "status": job.status, "created": job.created} for job in api.get_jobs()]
    tell({"jobs": done, "listed": listed})


main()
