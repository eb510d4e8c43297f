from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.diagnostics import Excerpt, Position, Severity
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.loading import load
from eocanvas_apply.manifest.model.jobs import KeyInput, RawJob, SnapJob, TailorJob, ToDownload, ToKey, UrlInput
from eocanvas_apply.secrets.secret_references import FileReference

WHOLE = """version: 1
project: baltic-chlorophyll
keys:
  scenes:
    type: s3
    bucket: olci-scenes
    region: waw3-2
    endpoint: https://s3.example.test
    access_key: {env: SCENES_ACCESS_KEY}
    secret_key: {env: SCENES_SECRET_KEY}
    expires_in: 3d
    keep: true
  drive: {type: wekeo-drive, username: jane, password: {file: secrets/drive-password}, shared: true, name: jane.drive}
  anns: {type: existing, name: ann-s3-key, storage: s3}
jobs:
  subset:
    graph: graphs/subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 58))", size: 3, share: 0.5, all: true}
    inputs:
      img1: {key: scenes, path: /a.zip, uncompress: true, sub_path: xfdumanifest.xml}
      img2: {key: eodata, path: /b}
      img3: {url: "https://example.test/c", id: c}
    output: {key: drive}
    max_duration: 30m
    mark: false
    on_doubt: launch
    checks: {storage-not-for-input: warning}
  cube:
    chain: {file: chains/olci.yaml, roi: {id: baltic}}
    inputs: {img1: {key: anns, path: /d}}
    output: {download: results/datacube}
  demo:
    process: shearwater-demo
    inputs: {area: Sindian, startDay: "2024-07-01", text: "$${each.id}"}
timing: {poll: 2s}
account: jane
checks: {key-too-short: error}
x-mine: {anything: [goes]}
"""


def test_a_whole_manifest_is_read() -> None:
    loaded = load(WHOLE, "eocanvas.yaml")
    assert loaded.diagnostics == ()
    manifest = loaded.require()
    assert manifest.project == "baltic-chlorophyll"
    assert manifest.timing.poll == timedelta(seconds=2)
    assert manifest.timing.settle == timedelta(minutes=15)
    assert manifest.checks == {"key-too-short": Severity.ERROR}
    drive = manifest.keys["drive"]
    assert drive.type == "wekeo-drive"
    assert drive.password == FileReference(file="secrets/drive-password")


def test_jobs_have_the_type_of_their_process() -> None:
    jobs = load(WHOLE, "eocanvas.yaml").require().jobs
    subset, cube, demo = jobs["subset"], jobs["cube"], jobs["demo"]
    assert isinstance(subset, SnapJob)
    assert subset.process == "snap-function"
    kinds: list[type] = [type(given) for given in subset.inputs.values()]
    expected: list[type] = [KeyInput, KeyInput, UrlInput]
    assert kinds == expected
    assert subset.input_keys == ("scenes", "eodata")
    assert subset.key_names == {"scenes", "drive"}
    assert subset.output == ToKey(key="drive")
    assert isinstance(cube, TailorJob)
    assert (cube.chain_file, cube.chain_fields) == ("chains/olci.yaml", {"roi": {"id": "baltic"}})
    assert cube.output == ToDownload(download="results/datacube")
    assert isinstance(demo, RawJob)
    assert demo.inputs == {"area": "Sindian", "startDay": "2024-07-01", "text": "${each.id}"}
    assert demo.key_names == frozenset()


def test_params_keep_their_types() -> None:
    subset = load(WHOLE, "eocanvas.yaml").require().jobs["subset"]
    assert isinstance(subset, SnapJob)
    assert [type(value) for value in subset.params.values()] == [str, int, float, bool]


def test_process_may_be_given_beside_graph_or_chain() -> None:
    text = WHOLE.replace("    graph: g", "    process: snap-function\n    graph: g")
    assert load(text.replace("    chain:", "    process: dataTailor\n    chain:"), "f").diagnostics == ()


def test_fields_know_their_places() -> None:
    loaded = load(WHOLE, "eocanvas.yaml")
    assert loaded.locate(("keys", "drive", "type")) == Position("eocanvas.yaml", 13, 17)
    assert loaded.locate(("jobs", "subset", "inputs", "img1")) == Position("eocanvas.yaml", 20, 7)
    assert loaded.snippet(loaded.locate(("project",))) == Excerpt("project: baltic-chlorophyll")


def test_the_digest_is_of_the_unchanged_text() -> None:
    assert load(WHOLE, "f").digest == "sha256:" + hashlib.sha256(WHOLE.encode()).hexdigest()
    assert load(b"\xff", "f").digest == "sha256:" + hashlib.sha256(b"\xff").hexdigest()


def test_valid_parts_are_loaded_beside_the_errors() -> None:
    text = WHOLE.replace("type: existing", "type: exisiting").replace("max_duration: 30m", "max_duration: long")
    loaded = load(text.replace("poll: 2s", "poll: 2"), "f")
    assert loaded.manifest is not None
    assert list(loaded.manifest.keys) == ["scenes", "drive"]
    assert list(loaded.manifest.jobs) == ["cube", "demo"]
    assert {each.code for each in loaded.diagnostics} == {"bad-value", "bad-duration"}
    with pytest.raises(ManifestError) as refusal:
        loaded.require()
    assert refusal.value.diagnostics == loaded.diagnostics


def test_warnings_alone_do_not_stop_a_run() -> None:
    loaded = load("version: 1\nproject: p\njobs: {a: {process: x, inputs: {day: 2024-07-01}}}\n", "f")
    assert [each.severity for each in loaded.diagnostics] == [Severity.WARNING]
    assert loaded.require().jobs["a"].inputs == {"day": "2024-07-01"}


def test_a_raw_input_may_have_any_name_and_shape() -> None:
    inputs = "{product: 1, result: [a], key: {key: missing}, Ä-b: ~}"
    loaded = load(f"version: 1\nproject: p\njobs: {{a: {{process: x, inputs: {inputs}}}}}\n", "f")
    assert loaded.diagnostics == ()
    assert loaded.require().jobs["a"].inputs == {"product": 1, "result": ["a"], "key": {"key": "missing"}, "Ä-b": None}


FIELDS = ["version", "project", "keys", "jobs", "type", "graph", "chain", "process", "inputs", "output", "key", "file"]
FIELDS += [
    "env",
    "password",
    "username",
    "timing",
    "checks",
    "quota",
    "a",
    "x-b",
    "for_each",
    "moved",
    "from",
    "notify",
    "list",
    "csv",
    "hda",
    "days",
    "job",
    "pick",
]

names = st.text(max_size=5) | st.sampled_from(FIELDS)
fragments = st.sampled_from(
    [*WHOLE.splitlines(keepends=True), "? ", "- ", "{", "}", "*a", "&a ", "!!x ", "\t", "<<: ", "'"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    leaves | st.text(max_size=5) | st.sampled_from(["s3", "${each.a}", "1h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200) | st.binary(max_size=200) | st.lists(fragments, max_size=30).map("".join))
def test_any_text_is_read_or_refused(source: str | bytes) -> None:
    refused_or_read(source)


@given(st.dictionaries(st.sampled_from(FIELDS), values, max_size=6))
def test_any_shape_is_read_or_refused(shape: dict[str, object]) -> None:
    refused_or_read(json.dumps(shape))


def refused_or_read(source: str | bytes) -> None:
    loaded = load(source, "f")
    for each in loaded.diagnostics:
        assert each.position is not None
        assert each.code
    try:
        loaded.require()
    except ManifestError as refusal:
        assert refusal.diagnostics == loaded.diagnostics  # noqa: PT017
        assert refusal.diagnostics  # noqa: PT017


def test_plain_dates_are_no_warning_in_fields_of_dates() -> None:
    steps = "[{list: [2024-07-01]}, {days: {from: 2024-07-01, to: 2024-08-31}}]"
    loaded = load(f"version: 1\nproject: x\njobs:\n  a:\n    process: p\n    for_each: {steps}\n", "m.yaml")
    assert [(each.code, each.position) for each in loaded.diagnostics] == [("yaml-1-1", Position("m.yaml", 6, 24))]


def test_an_invalid_share_is_an_error_with_an_example() -> None:
    loaded = load(
        "version: 1\nproject: x\njobs:\n  a:\n    process: p\n    for_each: {list: [a]}\n    stop_after: 500%\n",
        "m.yaml",
    )
    (found,) = loaded.diagnostics
    assert (found.code, found.position) == ("bad-name", Position("m.yaml", 7, 17))
    assert '"20%"' in found.hint


@pytest.mark.parametrize(
    ("field", "messages", "hint"),
    [
        ("retries: {stagin-in: 2}", ["`stagin-in` is not a class of failures"], "did you mean staging-in?"),
        ("retries: {staging-in: -1}", ["`jobs.a.retries.staging-in` must be 0 or more"], ""),
        ("retries: many", ["`jobs.a.retries` must be a whole number"], ""),
        ("for_each: {list: [a], by: []}", ["`jobs.a.for_each.by` must not be empty"], ""),
    ],
)
def test_a_fault_of_a_union_is_reported_once_as_the_user_wrote_it(field: str, messages: list[str], hint: str) -> None:
    loaded = load(f"version: 1\nproject: x\njobs:\n  a:\n    process: p\n    {field}\n", "m.yaml")
    assert [each.message for each in loaded.diagnostics] == messages
    assert loaded.diagnostics[0].hint == hint
