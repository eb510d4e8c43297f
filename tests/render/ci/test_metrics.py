"""The text of `--metrics`, read back by the parsers of Prometheus."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

from msgspec import structs
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as older_text

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import WindowState
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.render.ci.metrics import RunEnd, text
from eocanvas_apply.report.status import Status, status
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, SCENES, Scene

MANIFEST = f"""\
{HEAD}{SCENES}quota: [{{jobs: 2, per: 1h}}]
jobs:
  tiles:
    for_each: {{list: [a, b, c, d]}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "/${{each.id}}.zip", uncompress: true}}}}
  alone:
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: /alone.zip, uncompress: true}}}}
"""
END = RunEnd("baltic", "default", "apply", AT, 4)
HERE = {"project": "baltic", "environment": "default"}


def _status() -> Status:
    scene = Scene(MANIFEST)
    scene.make_key("scenes")
    scene.done('tiles["a"]', 1)
    scene.launched('tiles["b"]', 2, created=AT - 12 * MINUTE, status="failed")
    scene.events.append(
        e.JobObserved(address='job.tiles["b"]', job_id="job-2", status="failed", failure="killed", failure_line="no")
    )
    made = scene.intend("alone", 5)
    scene.events.append(
        e.JobRefused(address="job.alone", intent=made.intent, status=400, refusal="request", message="no such graph")
    )
    recorded, observed = scene.recorded, scene.observed
    recorded.note(notes(scene.desired, recorded, observed))
    return status(scene.plan(), recorded, observed)


def _samples(families: Iterable[Metric]) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in families:
        assert family.type == "gauge"
        for sample in family.samples:
            assert sample.timestamp is None
            labels = {name: value for name, value in sample.labels.items() if name not in HERE}
            assert {name: sample.labels[name] for name in HERE} == HERE
            found.setdefault(sample.name.removeprefix("eocanvas_apply_"), []).append((labels, sample.value))
    return found


def test_the_text_says_where_everything_stands() -> None:
    found = _samples(openmetrics(text(END, _status())))
    assert found["run_exit_code"] == [({"command": "apply"}, 4)]
    assert found["run_end_timestamp_seconds"] == [({"command": "apply"}, AT.timestamp())]
    jobs = {(each["campaign"], each["state"]): value for each, value in found["jobs"] if value}
    assert jobs == {("tiles", "done"): 1, ("tiles", "failed"): 1, ("tiles", "waiting"): 2, ("", "failed"): 1}
    assert found["jobs_failed"] == [
        ({"campaign": "", "class": "refused"}, 1),
        ({"campaign": "tiles", "class": "killed"}, 1),
    ]
    assert found["key_live"] == [({"key": "scenes"}, 1)]
    ((labels, end),) = found["key_end_timestamp_seconds"]
    assert labels == {"key": "scenes"}
    assert end > AT.timestamp()
    assert found["quota_limit_jobs"] == [({"window": "1h"}, 2)]
    assert found["quota_used_jobs"] == [({"window": "1h"}, 2)]
    assert found["forecast_waiting_jobs"] == [({}, 2)]
    ((_, left),) = found["forecast_remaining_seconds"]
    assert 0 < left < HOUR.total_seconds()


def test_the_older_text_format_reads_the_same() -> None:
    written = text(END, _status())
    assert _samples(older_text(written)) == _samples(openmetrics(written))


def test_labels_are_escaped() -> None:
    name = 'a"b\\c\nd'
    (family, *_) = openmetrics(text(structs.replace(END, environment=name), None))
    assert family.samples[0].labels["environment"] == name


def test_two_windows_of_one_length_are_one_series() -> None:
    found = _status()
    windows = tuple(WindowState(limit, timedelta(hours=1), 1, limit - 1, None) for limit in (3, 9))
    both = structs.replace(found, plan=dataclasses.replace(found.plan, windows=windows))
    assert _samples(openmetrics(text(END, both)))["quota_limit_jobs"] == [({"window": "1h"}, 3)]


def test_a_run_that_saw_nothing_says_only_how_it_ended() -> None:
    written = text(structs.replace(END, exit=1), None)
    assert set(_samples(openmetrics(written))) == {"run_end_timestamp_seconds", "run_exit_code"}
    assert written.endswith("\n# EOF\n")
