from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.manifest.model.steps import Step

HEAD = "version: 1\nproject: p\njobs:\n  a:\n    process: x\n    for_each: "


def loaded(for_each: str) -> LoadedManifest:
    return load(HEAD + for_each + "\n", "m.yaml")


def step(for_each: str) -> Step:
    (only,) = loaded(for_each).require().jobs["a"].steps
    return only


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("{list: [a, 1, {b: 2}]}", "list"),
        ("{map: {a: {b: 1}}}", "map"),
        ("{csv: a.csv}", "csv"),
        ('{csv: {file: a.csv, delimiter: ";"}}', "csv"),
        ("{json: {file: a.json, path: b.c}}", "json"),
        ("{geojson: a.geojson}", "geojson"),
        ("{days: {from: now-3d, to: yesterday, every: 7d}}", "days"),
        ("{hda: {dataset_id: d, boundingBoxValues: [{name: bbox, bbox: [1, 2, 3, 4]}]}}", "hda"),
        ("{s3: {key: eodata, prefix: a/, match: '*.zip'}}", "s3"),
    ],
)
def test_every_source_is_a_step_of_its_own(written: str, kind: str) -> None:
    assert step(written).kind == kind
    assert step(f"[{written}]") == step(written)


def test_a_job_may_follow_another() -> None:
    text = HEAD + "{job: b}\n  b: {process: x, for_each: {list: [a]}}\n"
    assert load(text, "f").require().jobs["a"].steps[0].kind == "job"


@pytest.mark.parametrize(
    ("expect", "bounds"),
    [("3", (3, 3)), ('"3"', (3, 3)), ('">=1"', (1, None)), ('"<= 2"', (0, 2)), ('"0..2"', (0, 2)), ("0", (0, 0))],
)
def test_expectations(expect: str, bounds: tuple[int, int | None]) -> None:
    assert step(f"{{list: [a], expect: {expect}}}").expected == bounds


def test_options() -> None:
    given = step("{list: [a], id: x, as: dem, pick: {smallest: clouds}, max: 3}")
    assert (given.id, given.prefix, given.most) == ("x", "dem", 3)
    assert given.pick is not None
    assert not isinstance(given.pick, str)
    assert given.pick.rule == ("smallest", "clouds")
    days = step("{days: {from: 2024-07-01, to: today}}".replace("2024-07-01", '"2024-07-01"')).days
    assert days is not None
    assert days.every == timedelta(days=1)


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ("3", "wrong-type", "`jobs.a.for_each` must be a step or a list of steps"),
        ("[]", "bad-value", "`jobs.a.for_each` must not be empty"),
        ("[3]", "wrong-type", "`jobs.a.for_each.0` must be a mapping"),
        ("{cvs: a.csv}", "unknown-field", "unknown field `cvs` in a step: neither a source nor an option"),
        ("{csv: {fiel: a}}", "missing-field", "`jobs.a.for_each.csv.file` is missing"),
        ("{csv: 3}", "wrong-type", "`jobs.a.for_each.csv` must be a mapping"),
        ("{days: {from: today, to: today, every: 36h}}", "bad-duration", None),
        ("{days: {form: today, to: today}}", "unknown-field", "unknown field `form` in `jobs.a.for_each.days`"),
        ("{s3: {key: eodata, max: 1}}", "unknown-field", "unknown field `max` in `jobs.a.for_each.s3`"),
        ("{s3: {key: missing}}", "unknown-key", "no key of this manifest has the name `missing`"),
        ("{list: [a], expect: many}", "bad-name", "`jobs.a.for_each.expect` has the wrong form"),
        ("{list: [a], pick: best}", "bad-value", None),
        ("{list: [a], max: 0}", "bad-value", None),
        ("{list: [.nan]}", "bad-value", None),
    ],
)
def test_an_invalid_step_is_refused(written: str, code: str, message: str | None) -> None:
    found = loaded(written).diagnostics
    assert (code, message) in {(each.code, each.message if message else None) for each in found}


def test_the_hint_names_the_nearest_source() -> None:
    (found,) = loaded("{cvs: a.csv}").diagnostics
    assert "csv" in found.hint
