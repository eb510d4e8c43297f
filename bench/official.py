"""The same work by the official client: run by the Python of its own environment, with nothing of ours.

Arguments: `keys` or `jobs`, addresses as JSON, the graph's file, how many, how many threads.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def create_key(number: int) -> str:
    """Create a key; return its name."""
    from eocanvas.api import Key, S3KeyConfig

    config = S3KeyConfig(
        access_key="A" * 32, secret_key="S" * 32, bucket=f"bucket-{number}", region="waw3-2",
        endpoint="https://s3.example.org",
    )  # fmt: skip
    return str(Key(name=f"official-{number}", config=config).create().name)


def launching(graph_file: str) -> Callable[[int], str]:
    """Return what submits a job and returns its id."""
    from eocanvas.api import Config, ConfigOption, Input, Key
    from eocanvas.processes import SnapProcess
    from eocanvas.snap.graph import Graph

    graph, eodata = Graph.from_uri(graph_file), Key(name="eodata", config=None)
    options = Config(key="img1", options=ConfigOption(uncompress=True, sub_path="xfdumanifest.xml"))

    def launch(number: int) -> str:
        scene = Input(key="img1", url=f"/scene-{number}.zip", keystore=eodata)
        return str(SnapProcess(snap_graph=graph, eo_input=[scene], eo_config=[options]).submit().job_id)

    return launch


def main() -> int:
    """Do it and print the names or ids."""
    from eocanvas import API, Credentials
    from eocanvas.config import URLs

    kind, addresses, graph_file, number, threads = sys.argv[1:]
    urls, known = URLs(), json.loads(addresses)
    urls.base_url, urls.token_url = known["url"], known["token_url"]
    API(urls, Credentials("jane", "correct-horse"))
    each = create_key if kind == "keys" else launching(graph_file)
    with ThreadPoolExecutor(int(threads)) as pool:
        made = list(pool.map(each, range(int(number))))
    print(json.dumps(made))
    return 0 if len(set(made)) == int(number) else 1


if __name__ == "__main__":
    raise SystemExit(main())
