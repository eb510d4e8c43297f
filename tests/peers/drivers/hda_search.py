"""Searches, which accepts the dataset's terms. Task: `query`, `limit`; and lists datasets, and shows one."""

from __future__ import annotations

from tests.peers.drivers.hda_session import begin, tell


def main() -> None:
    client, task = begin()
    found = client.search(dict(task["query"]), task.get("limit"))
    datasets = [dataset["dataset_id"] for dataset in client.datasets()]
    tell({"found": found.results, "volume": found.volume, "dataset": found.dataset, "datasets": datasets})


main()
