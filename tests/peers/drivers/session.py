"""What every driver begins and ends with: its task from stdin, the official API, its answer to stdout.

The drivers run in the environment of the official client, where nothing of ours is installed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

# The client's logger takes over stdout when it is imported; stdout is kept for the answer.
_stdout, sys.stdout = sys.stdout, sys.stderr

from eocanvas import API, Credentials  # noqa: E402
from eocanvas.api import Config, ConfigOption, Input, Key, S3KeyConfig, WebDavKeyConfig  # noqa: E402
from eocanvas.config import URLs  # noqa: E402
from eocanvas.datatailor.chain import Chain  # noqa: E402
from eocanvas.exceptions import NotDownloadableError  # noqa: E402
from eocanvas.processes import DataTailorProcess, ShearWaterProcess, SnapProcess  # noqa: E402
from eocanvas.snap.graph import Graph  # noqa: E402

# The other drivers take the client's names from here, so that it is never imported before stdout is safe.
__all__ = ["Key", "NotDownloadableError", "S3KeyConfig", "WebDavKeyConfig", "begin", "process_of", "tell", "wait"]


def begin() -> tuple[Any, dict[str, Any]]:
    """Return the API, which has not logged in yet, and the task."""
    task = json.load(sys.stdin)
    api = API(urls=URLs(task["urls"]), credentials=Credentials(task["user"], task["password"]))
    return api, task


def tell(answer: Any) -> None:
    """Give the answer."""
    json.dump(answer, _stdout, default=str)
    _stdout.flush()


def process_of(job: dict[str, Any]) -> Any:
    """Return the client's process for a described job."""
    inputs = [Input(i["name"], i["location"], i.get("key")) for i in job.get("inputs", [])]
    config = [Config(c["name"], ConfigOption(c["sub_path"], c.get("uncompress"))) for c in job.get("config", [])]
    output = job.get("output")
    if job["process"] == "snap-function":
        graph = Graph.from_uri(job["graph"])
        return SnapProcess(snap_graph=graph, eo_input=inputs, eo_config=config, output=output)
    if job["process"] == "dataTailor":
        chain = Chain.from_file(job["chain"])
        return DataTailorProcess(epct_chain=chain, epct_input=inputs, epct_config=config, output=output)
    return ShearWaterProcess(area=job["area"], start_day=job["start_day"], end_day=job["end_day"], output=output)


def wait(job: Any) -> str:
    """Wait for a job's end and return its status."""
    while job.status in ("accepted", "running"):
        time.sleep(0.02)
        job.refresh_from_api()
    return str(job.status)
