"""RO-Crates that are written into the folders of results, read by rocrate and held to the rules of the profile."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.cli.provenance.conftest import PRODUCT, Coast

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rocrate.rocrate import ROCrate

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def _entities(path: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((path / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {each["@id"]: each for each in document["@graph"]}
    assert len(entities) == len(document["@graph"])
    return entities


def _listed(value: Any) -> list[str]:
    return [each["@id"] for each in (value if isinstance(value, list) else [value])]


def _types(entity: dict[str, Any]) -> set[str]:
    found = entity["@type"]
    return set(found if isinstance(found, list) else [found])


def _valid(path: Path) -> dict[str, dict[str, Any]]:
    """Return the entities of a crate that keeps what RO-Crate 1.1 and Process Run Crate 0.5 say of every crate."""
    entities = _entities(path)
    root = entities["./"]
    assert entities["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert root.keys() >= {"@type", "name", "description", "datePublished", "license", "hasPart", "conformsTo"}
    assert _types(entities[root["conformsTo"]["@id"]]) == {"CreativeWork"}
    for reference in _references(list(entities.values())):
        assert reference in entities or reference == "https://w3id.org/ro/crate/1.1", reference
    for part in _listed(root["hasPart"]):
        assert "File" in _types(entities[part])
        if ":" not in part:
            content = (path / unquote(part)).read_bytes()
            assert entities[part]["sha256"] == hashlib.sha256(content).hexdigest()
            assert entities[part]["contentSize"] == str(len(content))
    files = [name for name, each in entities.items() if "File" in _types(each)]
    assert sorted(files) == sorted(_listed(root["hasPart"]))
    for action in _listed(root["mentions"]):
        _require_action(entities[action], entities)
    return entities


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for each in value for name in _references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["@id"]] if value.keys() == {"@id"} else []
    return own + [name for each in value.values() for name in _references(each)]


def _require_action(action: dict[str, Any], entities: dict[str, dict[str, Any]]) -> None:
    assert action["@type"] == "CreateAction"
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert ISO.fullmatch(action["startTime"])
    assert ISO.fullmatch(action["endTime"])
    for each in _listed(action["instrument"]):
        assert _types(entities[each]) & {"SoftwareApplication", "SoftwareSourceCode"}
    for each in _listed(action["result"]):
        assert "File" in _types(entities[each])


@pytest.mark.parametrize("job", ["islands", "merged", "maps"])
def test_each_job_is_a_crate_that_rocrate_reads(coast: Coast, job: str) -> None:
    coast.commit()
    coast.write("ro-crate")
    entities = _valid(coast.folder / "results" / job)
    crate = ROCrate(coast.folder / "results" / job)
    assert crate.root_dataset["name"] == f"Results of job.{job} of the project coast"
    assert len(crate.get_by_type("CreateAction")) == len(_listed(entities["./"]["mentions"]))
    assert {each.id for each in crate.get_entities()} >= entities.keys() - {"./", "ro-crate-metadata.json"}


def test_a_job_is_an_action_from_its_inputs_by_its_graph_to_its_files(coast: Coast) -> None:
    commit = coast.commit()
    assert coast.write("ro-crate", "islands") == "results/islands/ro-crate-metadata.json: 2 results of job.islands\n"
    entities = _valid(coast.folder / "results/islands")
    (action,) = (each for each in entities.values() if each.get("name", "").startswith('job.islands["gotland"]'))
    assert _listed(action["result"]) == [f"gotland/{coast.result('islands', 'gotland').name}"]
    graph, process = (entities[each] for each in _listed(action["instrument"]))
    assert graph["@id"].startswith("provenance/graph-")
    assert graph["identifier"].startswith("sha256:")
    assert (process["name"], process["softwareVersion"]) == ("snap-function of WEkEO EOCanvas", "10.0.0")
    assert entities[process["softwareRequirements"]["@id"]]["softwareVersion"] == "10.0.0"
    source, aoi = (entities[each] for each in _listed(action["object"]))
    assert source["@id"] == f"https://data.example.org/{PRODUCT}/gotland.nc"
    assert aoi["value"].startswith("POLYGON((18.2 57,")
    manifest = entities["provenance/eocanvas.yaml"]
    assert (manifest["version"], manifest["codeRepository"]) == (commit, "https://git.example.org/coast.git")
    assert entities["provenance/index.csv"]["encodingFormat"] == "text/csv"


def test_the_result_of_a_job_before_is_named_by_that_job(coast: Coast) -> None:
    coast.write("ro-crate", "merged")
    coast.write("stac", "islands")
    before = coast.item("islands", "oland")["properties"]["eocanvas:job_id"]
    assert f"urn:eocanvas-apply:job:{before}" in _valid(coast.folder / "results/merged")


def test_the_manifest_in_a_crate_is_whole_but_for_its_secrets(coast: Coast) -> None:
    coast.write("ro-crate", "maps")
    shown = (coast.folder / "results/maps/provenance/eocanvas.yaml").read_text(encoding="utf-8").splitlines()
    written = coast.project.manifest.read_text(encoding="utf-8").splitlines()
    differing = [line.strip() for line, other in zip(shown, written, strict=True) if line != other]
    assert differing == [
        "access_key: {env: ***}",
        "secret_key: {env: ***}",
        f'img1: {{url: "https://data.example.org/{PRODUCT}/${{each.id}}.nc"}}',
    ]


def test_the_manifest_in_a_crate_names_no_account(coast: Coast) -> None:
    drives = """\
  drive: {type: wekeo-drive, username: jane, password: {env: SCENES_SECRET_KEY}}
  other:
    type: wekeo-drive
    username: "jane"  # of the office
    password: {env: SCENES_SECRET_KEY}
jobs:
  username: {graph: subset.xml, params: {aoi: "POLYGON((0 0, 1 0, 1 1, 0 0))"}, inputs: {img1: {key: out, path: /a}}}
"""
    coast.project.change("jobs:\n", drives)
    coast.project.change("project: coast\n", "project: coast\naccount: jane\n")
    coast.write("ro-crate", "maps")
    shown = (coast.folder / "results/maps/provenance/eocanvas.yaml").read_text(encoding="utf-8")
    assert "jane" not in shown
    assert "\naccount: ***\n" in shown
    assert "\n    username: ***" in shown
    assert "\n  username: {graph: subset.xml," in shown


def test_what_people_add_to_the_root_is_kept_with_what_it_names(coast: Coast) -> None:
    coast.write("ro-crate", "islands")
    path = coast.folder / "results/islands/ro-crate-metadata.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    (root,) = (each for each in document["@graph"] if each["@id"] == "./")
    jane, office = "https://orcid.org/0000-0000-0000-0000", "#the-office"
    root |= {"license": {"@id": "https://spdx.org/licenses/CC-BY-4.0"}, "author": [{"@id": jane}]}
    document["@graph"] += [
        {"@id": jane, "@type": "Person", "name": "Jane", "affiliation": {"@id": office}},
        {"@id": office, "@type": "Organization", "name": "The Office"},
        {"@id": "https://spdx.org/licenses/CC-BY-4.0", "@type": "CreativeWork", "name": "CC BY 4.0"},
        {"@id": "#nobody-names-it", "@type": "Thing"},
    ]
    path.write_text(json.dumps(document), encoding="utf-8")
    coast.result("islands", "oland").unlink()
    coast.write("ro-crate", "islands")
    entities = _valid(coast.folder / "results/islands")
    assert entities["./"]["author"] == [{"@id": jane}]
    assert entities["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert entities[office]["name"] == "The Office"
    assert "#nobody-names-it" not in entities
    assert len(_listed(entities["./"]["mentions"])) == 1


def test_a_crate_of_somebody_else_is_not_replaced(coast: Coast) -> None:
    place = coast.folder / "results/islands/ro-crate-metadata.json"
    place.write_text('{"@graph": []}', encoding="utf-8")
    assert coast.project.run("results", "--format", "ro-crate") == 1
    assert place.read_text(encoding="utf-8") == '{"@graph": []}'
    assert not (coast.folder / "results/maps/ro-crate-metadata.json").exists()


def test_a_crate_lies_with_its_files(coast: Coast) -> None:
    assert coast.project.run("results", "--format", "ro-crate", "--out", "crate") == 1
    assert "a crate lies with its files: --to DIR copies them first" in coast.project.err


def test_a_copy_in_another_folder_is_a_crate_of_its_own(coast: Coast, tmp_path: Path) -> None:
    copy = tmp_path / "deposit"
    said = coast.write("ro-crate", "islands", "--to", str(copy))
    assert said == "deposit/results/islands/ro-crate-metadata.json: 2 results of job.islands\n"
    entities = _valid(copy / "results/islands")
    assert {"provenance/index.csv", "provenance/eocanvas.yaml"} <= entities.keys()
    assert list((coast.folder / "results").rglob("ro-crate-metadata.json")) == []
