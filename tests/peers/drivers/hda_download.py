"""Searches, then asks for the addresses of downloads and downloads them. Task: `query`, `limit`, `folder`."""

from __future__ import annotations

from tests.peers.drivers.hda_session import QuotaReachedError, begin, tell


def main() -> None:
    client, task = begin()
    found = client.search(dict(task["query"]), task.get("limit"))
    try:
        urls = found.get_download_urls()
    except QuotaReachedError as reached:
        tell({"reached": str(reached)})
        return
    found.download(task["folder"])
    tell({"urls": urls, "ids": [product["id"] for product in found.results]})


main()
