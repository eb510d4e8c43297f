"""Launches the job that the task describes under `job`, and gives its id."""

from __future__ import annotations

from tests.peers.drivers.session import begin, process_of, tell


def main() -> None:
    _, task = begin()
    tell({"id": process_of(task["job"]).submit().job_id})


main()
