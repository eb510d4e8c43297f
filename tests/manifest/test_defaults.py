"""`defaults:` fills in what jobs and keys do not set, and a fault is found where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.manifest.loading import LoadedManifest, load

S3 = "type: s3, bucket: b, access_key: {env: A}, secret_key: {env: B}"
TEXT = """\
version: 1
project: p
defaults:
  keys: {region: r, endpoint: "https://s3.test", expires_in: 3d, keep: true}
  jobs:
    max_duration: 4h
    canary: 2
    params: {aoi: shared}
    retries: 1
keys:
  a: {type: s3, bucket: b, access_key: {env: A}, secret_key: {env: B}}
  b: {type: s3, bucket: b, access_key: {env: A}, secret_key: {env: B}, region: own}
  c: {type: existing, name: ann, storage: s3}
jobs:
  snap: {graph: g.xml, params: {aoi: own}}
  other: {graph: g.xml}
  tailor: {chain: c.yaml, retries: 0, for_each: {list: [x]}}
"""


def loaded(text: str) -> LoadedManifest:
    return load(text, "f.yaml")


def manifest(text: str) -> Any:
    return loaded(text).require()


def test_a_field_that_is_not_set_has_its_default_and_one_that_is_set_its_own_value() -> None:
    found = manifest(TEXT)
    assert [found.keys[name].region for name in "ab"] == ["r", "own"]
    assert [found.jobs[name].params["aoi"] for name in ("snap", "other")] == ["own", "shared"]
    assert [found.jobs[name].retries for name in ("snap", "other", "tailor")] == [1, 1, 0]
    assert str(found.jobs["tailor"].max_duration) == "4:00:00"


def test_a_default_goes_only_where_the_field_belongs() -> None:
    found = manifest(TEXT)
    # An existing key has no region and no life of ours, a chain no params, a single job no canary.
    assert found.keys["c"].model_fields_set == {"type", "name", "storage"}
    assert "params" not in found.jobs["tailor"].model_fields_set
    assert [found.jobs[name].canary for name in ("snap", "tailor")] == [None, 2]


@pytest.mark.parametrize(
    ("defaults", "job", "kind"),
    [
        ("graph: g.xml", "params: {a: b}", "graph"),
        ("graph: g.xml", "chain: c.yaml", "chain"),
        ("graph: g.xml", "process: snap-function", "graph"),
        ("graph: g.xml", "process: shearwater-demo", None),
        ("process: snap-function", "chain: c.yaml", "chain"),
        ("process: shearwater-demo", "inputs: {area: Sindian}", None),
        ("process: shearwater-demo, for_each: {list: [a]}", "graph: g.xml", "graph"),
    ],
)
def test_what_a_job_says_of_its_kind_wins(defaults: str, job: str, kind: str | None) -> None:
    found = manifest(f"version: 1\nproject: p\ndefaults: {{jobs: {{{defaults}}}}}\njobs: {{a: {{{job}}}}}\n")
    assert found.jobs["a"].document == kind
    assert bool(found.jobs["a"].steps) == ("for_each" in defaults)


def test_the_type_of_keys_may_be_a_default() -> None:
    found = manifest(
        "version: 1\nproject: p\n"
        f"defaults: {{keys: {{{S3}, region: r, endpoint: e}}}}\n"
        "keys: {a: {bucket: own}, b: {type: existing, name: n, storage: s3}}\n"
    )
    assert [found.keys["a"].type, found.keys["a"].bucket, found.keys["b"].type] == ["s3", "own", "existing"]


def test_variables_and_rows_fill_in_defaults() -> None:
    found = loaded(
        "version: 1\nproject: p\nvars: {v: from-var}\n"
        'defaults: {jobs: {params: {a: "${each.id}", b: "${var.v}"}}}\n'
        "jobs: {a: {graph: g.xml, for_each: {list: [x]}}}\n"
    )
    assert found.diagnostics == ()
    assert found.templates["a"].fill({"id": "x"})["params"] == {"a": "x", "b": "from-var"}


def test_a_wrong_default_is_one_fault_at_its_own_line() -> None:
    found = loaded(TEXT.replace("4h", "4 hours")).diagnostics
    assert [(each.code, each.position.line if each.position else 0) for each in found] == [("bad-duration", 6)]
    assert found[0].message.startswith("`defaults.jobs.max_duration`: ")
    assert (found[0].snippet or "").strip() == "max_duration: 4 hours"


def test_a_wrong_default_of_a_thousand_jobs_is_one_fault() -> None:
    jobs = "".join(f"  j{number}: {{graph: g.xml}}\n" for number in range(1000))
    found = loaded(f"version: 1\nproject: p\ndefaults: {{jobs: {{mark: maybe}}}}\njobs:\n{jobs}").diagnostics
    assert [(each.code, each.message) for each in found] == [
        ("wrong-type", "`defaults.jobs.mark` must be true or false")
    ]


def test_a_name_that_is_no_field_is_found_also_where_nothing_uses_it() -> None:
    found = loaded(
        "version: 1\nproject: p\ndefaults: {keys: {regoin: r, name: fixed}, jobs: {skip: why}}\n"
    ).diagnostics
    assert [(each.message, each.hint) for each in found] == [
        ("unknown field `regoin`: no key has it", "did you mean region?"),
        ("`name` cannot have a default", "a fixed name is of one key: write it there"),
        ("`skip` cannot have a default", "a reason is of one job: write it there"),
    ]


@pytest.mark.parametrize("keys", ["", f"keys: {{a: {{{S3}, region: r, endpoint: e}}}}\n"])
def test_a_literal_secret_is_found_once_whether_a_key_has_it_or_not(keys: str) -> None:
    text = "version: 1\nproject: p\ndefaults:\n  keys: {secret_key: hunter2}\n" + keys.replace("secret_key:", "keep:")
    found = [each for each in loaded(text).diagnostics if each.code == "literal-secret"]
    assert [(each.position.line if each.position else 0, each.snippet) for each in found] == [
        (4, "  keys: {secret_key: ***}")
    ]


def test_defaults_that_make_the_manifest_too_large_are_refused() -> None:
    values = ", ".join(f"a{number}: 1" for number in range(1000))
    jobs = "".join(f"  j{number}: {{graph: g.xml}}\n" for number in range(200))
    found = loaded(f"version: 1\nproject: p\ndefaults: {{jobs: {{params: {{{values}}}}}}}\njobs:\n{jobs}").diagnostics
    assert [each.code for each in found] == ["manifest-too-long"]
