"""Several files of a folder are one manifest, and every value keeps its place in its own file."""

from __future__ import annotations

import pytest

from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.manifest.layers.composition import composed
from eocanvas_apply.manifest.loading import LoadedManifest, load, load_layers
from eocanvas_apply.manifest_sources import Source

MAIN = """\
version: 1
project: p
vars: {area: baltic}
keys:
  dav: {type: webdav, endpoint: "https://a.test", username: jane, password: {env: A}}
jobs:
  one: {process: shearwater-demo, output: {key: dav}}
protect: [job.one]
environments:
  test: {project: p-test, jobs: {one: {max_duration: 1h}}}
"""
OTHER = """\
version: 1
vars: {year: 2024}
defaults: {jobs: {retries: 3}}
jobs:
  two: {process: shearwater-demo, inputs: {year: "${var.year}", area: "${var.area}"}, output: {key: dav}}
protect: [job.two]
environments:
  test: {jobs: {two: {max_duration: 30m}}}
  other: {}
x-notes: {a: 1}
"""


def loaded(*texts: str, environment: str | None = None) -> LoadedManifest:
    sources = tuple(Source(f"{name}.yaml", text.encode()) for name, text in zip("abcdef", texts, strict=False))
    return load_layers((sources,), environment=environment)


def places(*texts: str, environment: str | None = None) -> list[tuple[str, str, int]]:
    found = loaded(*texts, environment=environment).diagnostics
    return [(d.code, d.position.file, d.position.line) for d in found if d.position]


def test_each_file_brings_keys_jobs_and_other_fields() -> None:
    found = loaded(MAIN, OTHER).require()
    assert (found.project, [*found.keys], [*found.jobs]) == ("p", ["dav"], ["one", "two"])
    assert found.vars == {"area": "baltic", "year": 2024}
    assert found.protect == ("job.one", "job.two")
    # A default holds for the jobs of all files, and a variable is used in another file than the one that has it.
    assert {job.retries for job in found.jobs.values()} == {3}
    assert found.jobs["two"].model_dump()["inputs"] == {"year": 2024, "area": "baltic"}


def test_an_environment_may_stand_in_several_files() -> None:
    found = loaded(MAIN, OTHER, environment="test").require()
    assert found.project == "p-test"
    assert {name: str(job.max_duration) for name, job in found.jobs.items()} == {"one": "1:00:00", "two": "0:30:00"}
    assert [*found.environments] == ["test", "other"]


@pytest.mark.parametrize(
    ("before", "after", "environment", "place"),
    [
        ("retries: 3", "retries: x", None, ("wrong-type", "b.yaml", 3)),
        ("output: {key: dav}", "output: {key: dva}", None, ("unknown-key", "b.yaml", 5)),
        ("project: p\n", "project: P\n", None, ("bad-name", "a.yaml", 2)),
        ("max_duration: 30m", "max_duration: 30", "test", ("bad-duration", "b.yaml", 8)),
        ("max_duration: 1h", "max_duration: 1", "test", ("bad-duration", "a.yaml", 10)),
        ("x-notes", "notes", None, ("unknown-field", "b.yaml", 10)),
        ("{year: 2024}", "{year: 012}", None, ("yaml-1-1", "b.yaml", 2)),
        ("{env: A}", "hunter2", None, ("literal-secret", "a.yaml", 5)),
    ],
)
def test_a_fault_is_found_in_its_file(
    before: str, after: str, environment: str | None, place: tuple[str, str, int]
) -> None:
    texts = [text.replace(before, after) for text in (MAIN, OTHER)]
    assert texts != [MAIN, OTHER]
    found = loaded(*texts, environment=environment).diagnostics
    assert [(d.code, d.position.file, d.position.line) for d in found if d.position][-1] == place
    assert "hunter2" not in str([each.snippet for each in found])


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("jobs: {one: {process: x}}", [("a.yaml", 7), ("b.yaml", 1)]),
        ("keys: {dav: {type: existing, name: a, storage: s3}}", [("a.yaml", 5), ("b.yaml", 1)]),
        ("project: p", [("a.yaml", 2), ("b.yaml", 1)]),
        ("version: 2", [("a.yaml", 1), ("b.yaml", 1)]),
        ("vars: {area: north}", [("a.yaml", 3), ("b.yaml", 1)]),
        ("environments: {test: {project: q}}", [("a.yaml", 10), ("b.yaml", 1)]),
        ("environments: {test: {jobs: {one: {process: x}}}}", [("a.yaml", 10), ("b.yaml", 1)]),
        ("vars: []", [("a.yaml", 3), ("b.yaml", 1)]),
    ],
)
def test_what_two_files_give_is_an_error_at_both_places(text: str, where: list[tuple[str, int]]) -> None:
    assert places(MAIN, text) == [("given-twice", *place) for place in where]


def test_what_three_files_give_is_named_in_each() -> None:
    found = [d for d in loaded(MAIN, "project: q", "project: r").diagnostics if d.position]
    assert {(d.position.file, d.message.partition(" in ")[2]) for d in found if d.position} == {
        ("a.yaml", "b.yaml:1"),
        ("b.yaml", "a.yaml:2"),
        ("a.yaml", "c.yaml:1"),
        ("c.yaml", "a.yaml:2"),
    }


def test_fields_of_the_users_own_may_stand_in_each_file() -> None:
    assert places(MAIN + "x-notes: 1\n", OTHER) == []


@pytest.mark.parametrize("text", ["", "# nothing yet", "- a"])
def test_a_file_without_fields_is_named_and_the_others_are_judged_by_themselves(text: str) -> None:
    assert places(MAIN, text) == [("not-a-mapping", "b.yaml", 1)]


def test_the_faults_of_all_texts_are_shown_at_once() -> None:
    found = places("version: 1\nproject: [p\n", "jobs: {a: 1, a: 2}", "keys: {<<: 1}")
    assert {(code, file) for code, file, _ in found} == {
        ("yaml-syntax", "a.yaml"),
        ("duplicate-key", "b.yaml"),
        ("yaml-merge-key", "c.yaml"),
    }


def test_the_digest_is_of_every_file_and_of_one_alone_as_before() -> None:
    digests = {loaded(*texts).digest for texts in ((MAIN,), (MAIN, OTHER), (MAIN, OTHER + "\n"), (OTHER, MAIN))}
    assert len(digests) == 4
    assert loaded(MAIN).digest == load(MAIN, "other name").digest
    assert loaded(MAIN, OTHER).digests == {
        "a.yaml": load(MAIN, "f").digest,
        "b.yaml": load(OTHER, "f").digest,
    }


def test_the_nodes_of_one_file_are_not_changed_by_another() -> None:
    text, other = YamlText.parse(MAIN, "a"), YamlText.parse(OTHER, "b")
    before = text.data
    composed([[text, other]], None)
    assert text.data == before
