"""The same work by the official client: run by the Python of its own environment, with nothing of ours.

Arguments: addresses as JSON, the graph's file, how many keys and jobs, how many threads.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def launch(number: int, graph: Any) -> str:
    """Create a key and submit a job that reads through it; return the job's id."""
    from eocanvas.api import Config, ConfigOption, Input, Key, S3KeyConfig
    from eocanvas.processes import SnapProcess

    config = S3KeyConfig(
        access_key="A" * 32, secret_key="S" * 32, bucket=f"bucket-{number}", region="waw3-2",
        endpoint="https://s3.example.org",
    )  # fmt: skip
    key = Key(name=f"official-{number}", config=config).create()
    scene = Input(key="img1", url=f"/scene-{number}.zip", keystore=key)
    options = Config(key="img1", options=ConfigOption(uncompress=True, sub_path="xfdumanifest.xml"))
    return str(SnapProcess(snap_graph=graph, eo_input=[scene], eo_config=[options]).submit().job_id)


def main() -> int:
    """Do it and print the job ids."""
    from eocanvas import API, Credentials
    from eocanvas.config import URLs
    from eocanvas.snap.graph import Graph

    addresses, graph_file, number, threads = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    urls = URLs()
    urls.base_url, urls.token_url = addresses["url"], addresses["token_url"]
    API(urls, Credentials("jane", "correct-horse"))
    graph = Graph.from_uri(graph_file)
    if threads == 1:
        jobs = [launch(i, graph) for i in range(number)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            jobs = list(pool.map(lambda i: launch(i, graph), range(number)))
    print(json.dumps(jobs))
    return 0 if len(set(jobs)) == number else 1


if __name__ == "__main__":
    raise SystemExit(main())
