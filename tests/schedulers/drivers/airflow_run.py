"""Runs in Airflow's environment: loads the DAG and runs it as `airflow dags test` does; writes how its tasks ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.models.taskreschedule import TaskReschedule
from airflow.utils.session import create_session
from sqlalchemy import func, select


def run(folder: str, answer: str, conf: str) -> None:
    bag = DagBag(folder)
    if bag.import_errors:
        sys.exit(str(bag.import_errors))
    ended = bag.dags["eocanvas_campaign"].test(run_conf=json.loads(conf))
    tasks = [
        {"task": each.task_id, "name": each.rendered_map_index or "", "state": each.state}
        for each in ended.get_task_instances()
    ]
    with create_session() as session:
        again = session.scalar(select(func.count()).select_from(TaskReschedule))
    Path(answer).write_text(json.dumps({"state": ended.state, "tasks": tasks, "rescheduled": again}), encoding="utf-8")


run(*sys.argv[1:])
