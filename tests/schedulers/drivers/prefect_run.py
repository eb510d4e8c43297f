"""Runs in Prefect's environment: the flow once, with a server of its own; writes how its task runs ended."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from prefect import get_client


def run(flow: str, answer: str, parameters: str) -> None:
    ended = runpy.run_path(flow)["eocanvas_campaign"](**json.loads(parameters), return_state=True)
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs()
    tasks = [{"name": each.name, "state": each.state.type, "message": each.state.message} for each in runs]
    document = {"state": ended.type, "message": ended.message, "tasks": tasks}
    Path(answer).write_text(json.dumps(document), encoding="utf-8")


run(*sys.argv[1:])
