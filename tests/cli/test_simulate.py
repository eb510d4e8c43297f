"""`plan --simulate` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import Project

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.json").read_text(encoding="utf-8"))


def test_a_simulation_shows_the_end_of_a_campaign_and_the_effect_of_faults(
    project: Project, emulator: RunningEmulator
) -> None:
    project.change("    graph: subset.xml", "    for_each: {list: [a, b, c]}\n    graph: subset.xml")
    project.change("jobs:", "quota: [{jobs: 2, per: 1h}]\njobs:")
    with emulator.model() as wire:
        before = len(wire.service.jobs.every()), len(list(wire.service.keystore))
    assert project.run("plan", "--simulate", "-v") == 0
    assert "Simulated: 3 launches, finished at " in project.out
    assert "limit: 2 of 2 left in 1h, 1 to launch wait for it" in project.out
    assert "the service is unavailable for 6 hours" in project.out
    # Reads of the real service are reported; simulated requests are not.
    assert "POST /serverless" not in project.err
    document = project.json("plan", "--simulate")
    Draft202012Validator(SCHEMA).validate(document)
    assert [course["second_jobs"] for course in document["simulate"]["courses"]] == [0, 0, 0, 0]
    assert "simulate" not in project.json("plan")
    with emulator.model() as wire:
        assert (len(wire.service.jobs.every()), len(list(wire.service.keystore))) == before
    assert not (project.folder / ".eocanvas").exists()
    assert not (project.folder / "results").exists()


def test_a_simulation_without_launches_is_reported(project: Project) -> None:
    project.change(project.manifest.read_text(encoding="utf-8").partition("jobs:")[2], " {}\n")
    assert project.run("plan", "--simulate") == 0
    assert "Simulated: no launches" in project.out
