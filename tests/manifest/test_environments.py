"""An environment lays its overlay over the manifest, and every value keeps the place where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.manifest.loading import load

TEXT = """\
version: 1
project: p
account: jane
vars: {area: baltic, year: 2024}
defaults: {jobs: {max_duration: 2h, retries: 1}}
keys:
  dav: {type: webdav, endpoint: "https://a.test", username: jane, password: {env: A}}
jobs:
  snap:
    graph: g.xml
    params: {area: "${var.area}", bands: all}
    inputs: {img1: {url: "https://a.test/1"}, img2: {url: "https://a.test/2"}}
    output: {download: out}
quota: [{jobs: 10, per: 1h}]
environments:
  test:
    project: p-test
    account: joe
    vars: {area: kattegat}
    defaults: {jobs: {max_duration: 30m}}
    keys:
      dav: {endpoint: "https://b.test", password: {file: secret}}
    jobs:
      snap:
        params: {bands: one}
        inputs: {img1: {product: S3A, dataset_id: D}}
        output: {key: dav}
      more: {process: shearwater-demo}
    quota: [{jobs: 1, per: 1h}]
  empty: {}
"""


def manifest(environment: str | None, text: str = TEXT) -> Any:
    return load(text, "f.yaml", environment=environment).require()


def lines(text: str, environment: str | None) -> list[tuple[str, int]]:
    found = load(text, "f.yaml", environment=environment).diagnostics
    return [(each.code, each.position.line if each.position else 0) for each in found]


@pytest.mark.parametrize("environment", [None, "empty"])
def test_without_an_overlay_the_manifest_holds_as_it_stands(environment: str | None) -> None:
    found = manifest(environment)
    assert (found.project, found.account, [*found.jobs], found.quota[0].jobs) == ("p", "jane", ["snap"], 10)


def test_named_things_are_united_and_values_replaced() -> None:
    found = manifest("test")
    assert (found.project, found.account, [*found.jobs]) == ("p-test", "joe", ["snap", "more"])
    assert found.vars == {"area": "kattegat", "year": 2024}
    assert (found.keys["dav"].endpoint, found.keys["dav"].username) == ("https://b.test", "jane")
    # A reference to a secret, an input, an output and a list are replaced as a whole.
    assert found.keys["dav"].password.model_dump() == {"file": "secret"}
    snap = found.jobs["snap"]
    assert snap.params == {"area": "kattegat", "bands": "one"}
    assert {name: type(given).__name__ for name, given in snap.inputs.items()} == {
        "img1": "ProductInput",
        "img2": "UrlInput",
    }
    assert (snap.output_key, snap.download_folder) == ("dav", None)
    assert [window.jobs for window in found.quota] == [1]


def test_defaults_of_an_environment_reach_all_jobs() -> None:
    found = manifest("test")
    assert {(str(job.max_duration), job.retries) for job in found.jobs.values()} == {("0:30:00", 1)}


def test_a_job_or_key_of_another_kind_takes_the_place_of_the_whole() -> None:
    text = TEXT.replace(
        "      more: {process: shearwater-demo}\n", "      more: {process: shearwater-demo}\n      a: {chain: c.yaml}\n"
    ).replace("  snap:\n", "  a: {graph: g.xml, params: {x: y}}\n  snap:\n", 1)
    other = "{type: s3, bucket: b, region: r, endpoint: e, access_key: {env: A}, secret_key: {env: B}}"
    text = text.replace('{endpoint: "https://b.test", password: {file: secret}}', other)
    found = manifest("test", text)
    assert found.jobs["a"].document == "chain"
    assert found.keys["dav"].type == "s3"


@pytest.mark.parametrize(
    ("before", "after", "code", "line"),
    [
        ("max_duration: 30m", "max_duration: 30", "bad-duration", 20),
        ("{endpoint: ", "{endpiont: ", "unknown-field", 22),
        ("bands: one", "bands: [1]", "wrong-type", 25),
        ("output: {key: dav}", "output: {key: dva}", "unknown-key", 27),
        ("output: {key: dav}", 'output: {download: "${var.folder}"}', "unknown-variable", 27),
        ("jobs: 1,", "jobs: 0,", "bad-value", 29),
        ("quota: [{jobs: 1,", "qouta: [{jobs: 1,", "unknown-field", 29),
        ("project: p-test", "project: P", "bad-name", 17),
        ("{file: secret}", "hunter2", "literal-secret", 22),
        ("account: joe", "version: 1", "unknown-field", 18),
        ("account: joe", "environments: {}", "unknown-field", 18),
        ("account: joe", "notify: [{url: u}]", "bad-value", 18),
    ],
)
def test_a_fault_is_found_at_its_line_of_the_overlay(before: str, after: str, code: str, line: int) -> None:
    assert before in TEXT
    assert lines(TEXT.replace(before, after), "test") == [(code, line)]


def test_a_fault_that_an_overlay_replaces_does_not_count_and_one_that_it_keeps_does() -> None:
    assert lines(TEXT.replace("jobs: 10,", "jobs: 0,"), "test") == []
    assert lines(TEXT.replace("img2: {url: ", "img2: {ulr: "), "test") == [("missing-field", 12)]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("tset", "did you mean test?"), ("production", "the environments are test or empty")],
)
def test_an_environment_that_does_not_exist_is_named_with_those_that_do(name: str, hint: str) -> None:
    (found,) = load(TEXT, "f.yaml", environment=name).diagnostics
    assert (found.code, found.message, found.hint) == (
        "unknown-environment",
        f"this manifest has no environment `{name}`",
        hint,
    )
    assert found.position
    assert found.position.line == 15


def test_a_manifest_without_environments_says_how_to_declare_one() -> None:
    (found,) = load("version: 1\nproject: p\n", "f", environment="test").diagnostics
    assert found.hint == "declare it: `environments: {test: {...}}`, or leave out --env"


@pytest.mark.parametrize(
    ("name", "code"),
    [("default", "reserved-name"), ("nul", "reserved-name"), ("Test", "bad-name"), ("../x", "bad-name")],
)
def test_a_name_that_cannot_be_that_of_a_ledger_is_refused(name: str, code: str) -> None:
    assert lines(f"version: 1\nproject: p\nenvironments:\n  {name}: {{}}\n", None) == [(code, 4)]


@pytest.mark.parametrize("environment", [None, "empty", "test"])
@pytest.mark.parametrize(
    "place",
    ["keys: {a: {type: wekeo-drive, username: jane, password: hunter2}}", "defaults: {keys: {password: hunter2}}"],
)
def test_a_literal_secret_is_found_in_every_environment_and_never_shown(place: str, environment: str | None) -> None:
    text = f"version: 1\nproject: p\nenvironments:\n  empty: {{}}\n  test:\n    {place}\n"
    found = [each for each in load(text, "f", environment=environment).diagnostics if each.code == "literal-secret"]
    assert [each.position.line if each.position else 0 for each in found] == [6]
    assert "hunter2" not in str(found)


def test_a_plain_day_of_another_environment_is_no_warning() -> None:
    days = "for_each: {days: {from: 2024-07-01, to: 2024-07-02}}"
    text = f"version: 1\nproject: p\nenvironments: {{a: {{jobs: {{b: {{process: p, {days}}}}}}}}}\n"
    assert lines(text, None) == lines(text, "a") == []


def test_an_overlay_through_an_alias_is_laid_over_too() -> None:
    text = "version: 1\nproject: p\nx-short: &short {a: one}\nvars: {a: all}\nenvironments: {test: {vars: *short}}\n"
    assert manifest("test", text).vars == {"a": "one"}


KEY = '  box: {type: webdav, endpoint: "https://c.test", username: jane, password: {env: B}}\n'
JOB = "  big: {process: shearwater-demo, output: {key: box}}\n"
WITH_MORE = TEXT.replace("jobs:\n  snap:", f"{KEY}jobs:\n  snap:", 1).replace("quota:", f"{JOB}quota:", 1)


@pytest.mark.parametrize("null", ["null", "~"])
def test_null_leaves_out_a_key_or_job_in_that_environment_only(null: str) -> None:
    text = WITH_MORE.replace("  empty: {}", f"  small:\n    keys: {{box: {null}}}\n    jobs: {{big: {null}}}")
    assert ([*manifest(None, text).jobs], [*manifest(None, text).keys]) == (["snap", "big"], ["dav", "box"])
    assert ([*manifest("small", text).jobs], [*manifest("small", text).keys]) == (["snap"], ["dav"])
    assert [*manifest("test", text).jobs] == ["snap", "big", "more"]


@pytest.mark.parametrize(
    ("overlay", "found"),
    [
        ("jobs: {bgi: null}", ("unknown-job", "there is no job `bgi` to leave out", "did you mean big?")),
        (
            "keys: {other: null}",
            ("unknown-key", "there is no key `other` to leave out", "remove the line: null"),
        ),
        ("keys: {box: null}", ("unknown-key", "no key of this manifest has the name `box`", "declare it under keys:")),
        # Where nothing is written fields may have been forgotten.
        ("jobs: {big: }", ("wrong-type", "`jobs.big` is empty", "write its fields below it")),
        ("jobs: {big: {process: null}}", ("wrong-type", "`jobs.big.process` is empty", "")),
    ],
)
def test_what_cannot_be_left_out_is_an_error_at_its_place(overlay: str, found: tuple[str, str, str]) -> None:
    text = WITH_MORE.replace("  empty: {}", f"  small: {{{overlay}}}")
    (only,) = load(text, "f", environment="small").diagnostics
    assert only.position
    line = 15 if "box" in overlay else text[: text.index("small:")].count("\n") + 1
    assert (only.code, only.position.line) == (found[0], line)
    assert only.message.startswith(found[1])
    assert only.hint.startswith(found[2])


def test_null_in_the_manifest_itself_is_an_error() -> None:
    assert lines("version: 1\nproject: p\njobs: {a: null}\n", None) == [("wrong-type", 3)]
