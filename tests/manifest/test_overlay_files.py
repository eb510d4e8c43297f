"""A later file is laid over those before it as an environment is, and its relative paths stay relative to it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from eocanvas_apply.manifest.layers.relative_paths import from_one_folder
from eocanvas_apply.manifest.loading import LoadedManifest, load, load_layers
from eocanvas_apply.manifest.model.manifest import json_schema
from eocanvas_apply.manifest_sources import Source
from tests.manifest.test_environments import TEXT

BASE, _, _ENVIRONMENTS = TEXT.partition("environments:\n")
# What the environment `test` of the same text has.
OVERLAY = "\n".join(line[4:] for line in _ENVIRONMENTS.partition("  test:\n")[2].partition("  empty:")[0].splitlines())


def loaded(*texts: str, base: str = "", environment: str | None = None) -> LoadedManifest:
    """Return the manifest of files that are laid over each other; the later ones lie where `base` leads."""
    sources = [Source(f"{at}.yaml", text.encode(), base if at else "") for at, text in enumerate(texts)]
    return load_layers(tuple((each,) for each in sources), environment=environment)


def places(*texts: str, environment: str | None = None) -> list[tuple[str, str, int]]:
    found = loaded(*texts, environment=environment).diagnostics
    return [(each.code, each.position.file, each.position.line) for each in found if each.position]


def without_environments(manifest: Any) -> dict[str, Any]:
    return {name: value for name, value in manifest.model_dump().items() if name != "environments"}


def test_a_later_file_does_what_an_environment_of_the_same_text_does() -> None:
    assert "output: {key: dav}" in OVERLAY
    by_file, by_environment = loaded(BASE, OVERLAY), load(TEXT, "f", environment="test")
    assert without_environments(by_file.require()) == without_environments(by_environment.require())


def test_the_environment_is_laid_over_all_files_wherever_it_stands() -> None:
    found = loaded(TEXT, "project: laid-over\naccount: jill\n", environment="test").require()
    assert (found.project, found.account) == ("p-test", "joe")
    # A later file may change an environment too, or bring another one.
    change = "environments: {test: {account: jill, jobs: {snap: {max_duration: 3h}}}, more: {project: p-more}}\n"
    found = loaded(TEXT, change, environment="test").require()
    assert (found.account, found.project, str(found.jobs["snap"].max_duration)) == ("jill", "p-test", "3:00:00")
    assert found.jobs["snap"].output_key == "dav"
    assert loaded(TEXT, change, environment="more").require().project == "p-more"


def test_the_last_file_wins() -> None:
    assert loaded(BASE, "vars: {area: a, year: 1}", "vars: {area: b}").require().vars == {"area": "b", "year": 1}


@pytest.mark.parametrize(
    ("overlay", "place"),
    [
        ("jobs: {snap: {max_duration: 30}}", ("bad-duration", "1.yaml", 1)),
        ("\njobs: {snap: {outptu: 1}}", ("unknown-field", "1.yaml", 2)),
        ("qouta: []", ("unknown-field", "1.yaml", 1)),
        ("version: 2", ("bad-value", "1.yaml", 1)),
        ("keys: {dav: {password: hunter2}}", ("literal-secret", "1.yaml", 1)),
        ("keys: {dav: {endpoint: 12:30:00}}", ("yaml-1-1", "1.yaml", 1)),
        ("vars: {}", None),
        ("quota: [{jobs: 0, per: 1h}]", ("bad-value", "1.yaml", 1)),
        ("- a", ("not-a-mapping", "1.yaml", 1)),
        ("jobs: {snap: {}, snap: {}}", ("duplicate-key", "1.yaml", 1)),
    ],
)
def test_a_fault_is_found_in_the_file_that_has_it(overlay: str, place: tuple[str, str, int] | None) -> None:
    assert places(BASE, overlay)[:1] == ([place] if place else [])
    assert "hunter2" not in str([each.snippet for each in loaded(BASE, overlay).diagnostics])


def test_a_fault_that_an_overlay_replaces_does_not_count_and_one_that_it_keeps_does() -> None:
    assert places(BASE.replace("jobs: 10,", "jobs: 0,"), "quota: []") == []
    assert places(BASE.replace("img2: {url: ", "img2: {ulr: "), "quota: []") == [("missing-field", "0.yaml", 12)]


PATHS = """\
version: 1
project: p
vars: {graph: /shared/g.xml}
keys:
  dav: {type: webdav, endpoint: "https://a.test", username: jane, password: {file: secret}}
  box:
    {type: s3, bucket: b, region: r, endpoint: "https://e.test", access_key: {sops: s, at: a}, secret_key: {env: B}}
defaults: {jobs: {chain: c.yaml}}
jobs:
  snap: {graph: g.xml, points: {csv: p.csv}, for_each: {csv: rows.csv}, output: {download: out}}
  more:
    graph: "${var.graph}"
    for_each: [{json: {file: rows.json}}, {geojson: "~/map.json"}]
    points: {csv: {file: p.csv}}
  tailor: {for_each: {list: [rows.csv]}, inputs: {img1: {url: "https://a.test"}}}
  filled: {chain: {file: d.yaml, roi: {id: x}}, inputs: {img1: {url: "https://a.test"}}}
notify: [{url: {file: hook}, headers: {Authorization: {file: token}}}]
"""


def test_paths_of_another_folder_lead_there() -> None:
    found = loaded("jobs: {}", PATHS, base="../b")
    manifest: Any = found.require()
    dumped = {name: job.model_dump(by_alias=True, exclude_defaults=True) for name, job in manifest.jobs.items()}
    assert dumped["snap"]["graph"] == "../b/g.xml"
    assert dumped["snap"]["points"] == {"csv": "../b/p.csv"}
    assert dumped["snap"]["output"] == {"download": "../b/out"}
    assert manifest.jobs["snap"].steps[0].file == "../b/rows.csv"
    # Paths that are no relative ones stay, also those that a variable gives.
    assert dumped["more"]["graph"] == "/shared/g.xml"
    assert [step.file for step in manifest.jobs["more"].steps] == ["../b/rows.json", "~/map.json"]
    assert dumped["more"]["points"] == {"csv": {"file": "../b/p.csv"}}
    assert (dumped["tailor"]["chain"], dumped["filled"]["chain"]["file"]) == ("../b/c.yaml", "../b/d.yaml")
    assert manifest.keys["dav"].password.model_dump() == {"file": "../b/secret"}
    assert manifest.keys["box"].access_key.model_dump() == {"sops": "../b/s", "at": "a"}
    (hook,) = manifest.notify
    assert hook.url.model_dump() == {"file": "../b/hook"}
    assert hook.headers["Authorization"].model_dump() == {"file": "../b/token"}
    # The rows of a list are no paths, and a template is filled in with the same graph as the job has.
    assert found.steps["tailor"] == [{"list": ["rows.csv"]}]
    filled: Any = found.templates["snap"].fill({})
    assert (filled["graph"], filled["points"], filled["output"]) == tuple(
        dumped["snap"][name] for name in ("graph", "points", "output")
    )


def test_a_field_of_the_first_file_stays_and_one_laid_over_it_leads_to_its_own_folder() -> None:
    manifest: Any = loaded(BASE, "jobs: {snap: {output: {download: out}}}", base="../b").require()
    assert (manifest.jobs["snap"].graph, manifest.jobs["snap"].download_folder) == ("g.xml", "../b/out")
    manifest = loaded(BASE, "jobs: {snap: {graph: g.xml}}", base="/elsewhere/b").require()
    assert (manifest.jobs["snap"].graph, manifest.jobs["snap"].download_folder) == ("/elsewhere/b/g.xml", "out")


def test_only_fields_that_are_paths_are_led_there() -> None:
    job = {"params": {"graph": "x"}, "inputs": {"file": "x"}, "for_each": {"map": {"csv": "x"}}}
    data: Any = {"jobs": {"a": job | {"graph": "g"}}, "x-a": {"file": "x"}, "vars": {"graph": "x"}}
    assert from_one_folder(data, lambda _: "b") == data | {"jobs": {"a": job | {"graph": "b/g"}}}


def test_every_field_of_the_format_that_is_a_path_is_one_that_is_led_there() -> None:
    models = json_schema()["$defs"].values()
    fields = {
        name: each.get("description", "") for model in models for name, each in model.get("properties", {}).items()
    }
    paths = {name for name, about in fields.items() if re.match("Path of|Folder for|A path", about)}
    # The path of an input is one in a storage.
    assert paths - {"path"} == {"chain", "csv", "download", "file", "geojson", "graph", "json", "sops"}


def test_null_leaves_out_a_job_and_in_an_environment_of_a_later_file_only_there() -> None:
    base = BASE + "environments:\n  dev: {jobs: {snap: {max_duration: 1h}}}\n"
    more = "jobs: {big: {process: shearwater-demo}}\n"
    assert [*loaded(base, more, "jobs: {snap: null}").require().jobs] == ["big"]
    of_environment = "environments: {dev: {jobs: {snap: null}}}"
    assert [*loaded(base, more, of_environment).require().jobs] == ["snap", "big"]
    assert [*loaded(base, more, of_environment, environment="dev").require().jobs] == ["big"]
    # What one layer has left out, a later one may declare anew, but not leave out again.
    assert [*loaded(base, "jobs: {snap: null}", more.replace("big", "snap")).require().jobs] == ["snap"]
    assert places(base, more, "jobs: {snap: null}", "\njobs: {snap: null}") == [("unknown-job", "3.yaml", 2)]
