from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from tests.emulator.model_client import CHAIN, GRAPH, Stage, chain_body, snap_body

GRAPH_LINE = f"+ echo {base64.b64encode(GRAPH).decode()}"
CHAIN_LINE = f"+ echo {base64.b64encode(CHAIN).decode()}"


def behaving(**changes: Any) -> Stage:
    return Stage(Settings(behaviour=Behaviour(**changes))).log_in()


def test_a_log_repeats_all_inputs_of_the_job(stage: Stage) -> None:
    config = {"uncompress": True, "subPath": "xfdumanifest.xml"}
    body = snap_body("/a b.zip", config=config)
    log = stage.log(stage.ended(body))
    assert log[0] == "+ export WKS_USER=jane"
    assert re.fullmatch(r"\+ export WKS_PASSWORD=[0-9a-f]{16}", log[1])
    assert f"+ eo_input='{body['inputs']['eo_input']}'" in log
    assert f"+ eo_config='{body['inputs']['eo_config']}'" in log
    assert GRAPH_LINE in log
    assert "ERROR 1: libpq.so.5: cannot open shared object file: No such file or directory" in log
    assert log[-1] == "SNAP execution completed successfully"


def test_each_job_has_a_password_of_its_own(stage: Stage) -> None:
    assert stage.log(stage.ended())[1] != stage.log(stage.ended())[1]


def test_the_time_stamps_have_nanoseconds_and_rise_until_the_end(stage: Stage) -> None:
    entries = stage.get(f"/jobs/{stage.ended()}/logs")
    stamps = [entry["timestamp"] for entry in entries]
    assert all(re.fullmatch(r"2026-01-05T08:00:0\d\.\d{9}\+00:00", stamp) for stamp in stamps)
    moments = [datetime.fromisoformat(stamp[:26] + stamp[-6:]) for stamp in stamps]
    assert moments == sorted(moments)


def test_a_log_grows_with_the_job(stage: Stage) -> None:
    job_id = stage.launch()
    assert stage.log(job_id) == []
    lengths = []
    for _ in range(5):
        stage.clock.advance(0.5)
        lengths.append(len(stage.log(job_id)))
    assert 0 < lengths[0] < lengths[1] <= lengths[2] < lengths[3] == lengths[4]


def test_the_log_of_a_dismissed_job_does_not_grow(stage: Stage) -> None:
    job_id = stage.launch()
    stage.clock.advance(0.3)
    before = stage.log(job_id)
    stage.call("DELETE", f"/jobs/{job_id}")
    stage.clock.advance(60)
    assert stage.log(job_id) == before


def test_data_tailor_names_its_file_and_may_hide_its_chain(stage: Stage) -> None:
    job_id = stage.ended(chain_body(), "dataTailor")
    log = stage.log(job_id)
    assert CHAIN_LINE in log
    name = stage.get(f"/jobs/{job_id}/results")[0]["title"].rpartition("/")[2]
    assert f"output-product: ./{name}" in log
    stage.service.behaviour = Behaviour(log_shows_chain=False)
    assert CHAIN_LINE not in stage.log(job_id)


def test_a_graph_is_shown_where_chains_are_not() -> None:
    stage = behaving(log_shows_chain=False)
    assert GRAPH_LINE in stage.log(stage.ended())


def test_an_apostrophe_is_quoted_as_a_shell_does(stage: Stage) -> None:
    log = "\n".join(stage.log(stage.ended(snap_body("/it's.zip"))))
    assert "it'\\''s.zip" in log


@pytest.mark.parametrize(("logs", "lines"), [("empty", 0), ("cut", 2)])
def test_a_log_can_stay_empty_or_be_cut(logs: str, lines: int) -> None:
    stage = behaving(logs=logs)
    assert len(stage.log(stage.ended())) == lines


def test_a_log_can_come_long_after_the_end() -> None:
    stage = behaving(logs="late", log_delay=100.0)
    job_id = stage.launch()
    stage.clock.advance(1)
    assert stage.log(job_id) == []
    stage.clock.advance(100)
    assert stage.log(job_id) == []
    stage.clock.advance(1)
    assert GRAPH_LINE in stage.log(job_id)


def test_shear_water_logs_its_inputs(stage: Stage) -> None:
    inputs = {"area": "Sindian", "startDay": "2024-07-01", "endDay": "2024-07-02"}
    log = stage.log(stage.ended({"inputs": inputs, "outputs": {}}, "shearwater-demo"))
    assert log[2:5] == ["+ area='Sindian'", "+ startDay='2024-07-01'", "+ endDay='2024-07-02'"]
    assert log[-1] == "Shear Water execution completed"
