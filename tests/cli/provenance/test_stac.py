"""STAC items and collections that are written beside results, judged by pystac."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pystac
import pytest
from pystac.extensions.file import FileExtension
from pystac.validation import RegisteredValidator
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.render.provenance.stac_item import FILE, PROCESSING
from tests.cli.provenance.conftest import ISLANDS, PRODUCT, ROW, TOKENS, Coast

EXTENSIONS = Path(__file__).with_name("stac_extensions")


@pytest.fixture(autouse=True)
def _schemas() -> Iterator[None]:
    """Let pystac judge without the internet: it carries the schemas of STAC, and those of extensions are ours."""
    validator = JsonSchemaSTACValidator()
    for uri, name in ((FILE, "file"), (PROCESSING, "processing")):
        validator.schema_cache[uri] = json.loads((EXTENSIONS / f"{name}.json").read_text(encoding="utf-8"))
    before = RegisteredValidator.get_validator()
    RegisteredValidator.set_validator(validator)
    yield
    RegisteredValidator.set_validator(before)


def _valid(path: Path) -> pystac.Collection:
    """Return a collection after it and all of its items were judged."""
    collection = pystac.Collection.from_file(str(path))
    assert collection.validate()
    for item in collection.get_items():
        assert item.validate()
        assert item.get_collection() is collection
    return collection


def test_a_campaign_is_a_collection_with_an_item_for_each_result(coast: Coast) -> None:
    assert coast.write("stac", "islands") == "results/islands/collection.json: 2 results of job.islands\n"
    collection = _valid(coast.folder / "results/islands/collection.json")
    assert collection.id == "coast-islands"
    assert collection.extent.spatial.bboxes == [[16.5, 57, 19.2, 58]]
    ((begin, end),) = collection.extent.temporal.intervals
    assert f"{begin:%FT%T} {end:%FT%T}" == "2024-07-06T09:40:17 2024-07-06T09:43:17"
    items = {item.properties["eocanvas:row"]["name"]: item for item in collection.get_items()}
    assert items.keys() == ISLANDS.keys()
    for name, item in items.items():
        path = coast.result("islands", name)
        asset = item.assets["data"]
        assert asset.get_absolute_href() == str(path)
        assert asset.media_type == "application/netcdf"
        file = FileExtension.ext(asset)
        assert file.size == path.stat().st_size
        assert file.checksum == "1220" + hashlib.sha256(path.read_bytes()).hexdigest()
        assert item.bbox == [ISLANDS[name], 57, ISLANDS[name] + 1, 58]


def test_an_item_says_what_made_it(coast: Coast) -> None:
    coast.write("stac")
    said = coast.item("islands", "gotland")
    properties = said["properties"]
    graph = properties["eocanvas:graph_digest"]
    source = f"https://data.example.org/{PRODUCT}/gotland.nc"
    assert properties["processing:lineage"] == (
        f"Job {properties['eocanvas:job_id']} of WEkEO EOCanvas ran snap-function 10.0.0 with the graph {graph} "
        f"from {source}."
    )
    assert properties["processing:software"] == {"EOCanvas snap-function": "10.0.0", "ESA SNAP": "10.0.0"}
    assert properties["eocanvas:address"] == 'job.islands["gotland"]'
    assert properties["eocanvas:params"] == {"aoi": "POLYGON((18.2 57, 19.2 57, 19.2 58, 18.2 58, 18.2 57))"}
    assert (properties["datetime"], properties["eocanvas:datetime_of"]) == ("2024-07-06T09:40:17Z", "inputs")
    links = {link["rel"]: link["href"] for link in said["links"]}
    assert links["derived_from"] == source
    copy = coast.folder / "results/islands/gotland" / links["processing-expression"]
    kept = coast.folder / ".eocanvas/documents" / graph.removeprefix("sha256:")
    assert copy.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_logs_that_were_not_read_for_a_version_are_read_once_with_fetch(
    coast: Coast, emulator: RunningEmulator
) -> None:
    ledger = coast.folder / ".eocanvas/default.jsonl"
    events = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    for event in events:
        # As an earlier release wrote them.
        event.pop("software", None)
    ledger.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    coast.write("stac")
    assert coast.item("maps")["properties"]["processing:software"] == {"EOCanvas snap-function": "10.0.0"}
    before = _logs_read(emulator)
    for _ in range(2):
        coast.write("stac", "maps", "--fetch")
        known = {"EOCanvas snap-function": "10.0.0", "ESA SNAP": "10.0.0"}
        assert coast.item("maps")["properties"]["processing:software"] == known
    assert _logs_read(emulator) == before + 1
    with emulator.model() as wire:
        wire.service.change_behaviour({"log_shows_version": False})
    # A log that shows none is not read again either.
    for _ in range(2):
        coast.write("stac", "islands/oland", "--fetch")
    assert _logs_read(emulator) == before + 3
    assert "ESA SNAP" not in coast.item("islands", "oland")["properties"]["processing:software"]


def _logs_read(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return sum(each.request.path.endswith("/logs") for each in wire.received)


def test_a_result_of_a_result_leads_to_the_item_before_and_has_its_time(coast: Coast) -> None:
    coast.write("stac")
    collection = _valid(coast.folder / "results/merged/collection.json")
    (item,) = (each for each in collection.get_items() if each.properties["eocanvas:row"]["id"] == "oland")
    (before,) = item.get_links("derived_from")
    assert before.resolve_stac_object().target.id == coast.item("islands", "oland")["id"]  # type: ignore[union-attr]
    assert f"{item.datetime:%F %T}" == "2024-07-06 09:40:17"
    assert item.properties["processing:software"]["EUMETSAT Data Tailor"] == "3.4.0"
    # Its row has the geometry of the row before, which is less than the region of the chain.
    assert item.bbox == [16.5, 57, 17.5, 58]
    coast.project.manifest.unlink()
    coast.write("stac", "merged")
    assert coast.item("merged", "oland")["bbox"] == [15, 53, 22, 58]


def test_a_result_at_a_key_has_its_address_there_and_no_size(coast: Coast) -> None:
    coast.write("stac", "maps")
    _valid(coast.folder / "results/maps/collection.json")
    said = coast.item("maps")
    assert said["assets"]["data"].keys() == {"href", "title", "type", "roles", "created"}
    assert said["assets"]["data"]["href"].startswith("s3://maps/")
    assert [link["href"] for link in said["links"] if link["rel"] == "derived_from"] == [
        "s3://eodata/Sentinel-3/map.nc"
    ]
    # No name tells when it is of: the time is that of the job, and the item says so.
    assert said["properties"]["eocanvas:datetime_of"] == "job"
    assert said["properties"]["datetime"] == said["properties"]["created"]


def test_the_commit_is_that_of_the_manifest_that_defines_the_job(coast: Coast) -> None:
    coast.write("stac")
    assert "eocanvas:manifest" not in coast.item("maps")["properties"]
    commit = coast.commit()
    known = {"commit": commit, "modified": False, "repository": "https://git.example.org/coast.git"}
    coast.write("stac")
    assert coast.item("maps")["properties"]["eocanvas:manifest"] == known
    coast.project.change("version: 1", "# A remark.\nversion: 1")
    coast.write("stac")
    assert coast.item("maps")["properties"]["eocanvas:manifest"] == known | {"modified": True}
    # Another definition has not made what is here.
    coast.project.change("/Sentinel-3/map.nc", "/Sentinel-3/other.nc")
    coast.write("stac")
    assert "eocanvas:manifest" not in coast.item("maps")["properties"]
    assert coast.item("islands", "oland")["properties"]["eocanvas:manifest"]["commit"] == commit


def test_without_a_manifest_the_ledger_is_enough(coast: Coast) -> None:
    coast.project.manifest.unlink()
    coast.write("stac", "islands")
    _valid(coast.folder / "results/islands/collection.json")
    said = coast.item("islands", "oland")
    assert "eocanvas:row" not in said["properties"]
    assert said["bbox"] == [16.5, 57, 17.5, 58]
    assert said["properties"]["eocanvas:inputs"][0]["title"].endswith("/oland.nc")


def test_only_what_is_here_as_it_was_downloaded_is_described(coast: Coast) -> None:
    coast.result("islands", "oland").write_bytes(b"edited")
    coast.result("merged", "oland").unlink()
    assert coast.write("stac") == (
        "results/islands/collection.json: 1 result of job.islands; not described: 1 edited\n"
        "results/maps/collection.json: 1 result of job.maps\n"
        "results/merged/collection.json: 1 result of job.merged; not described: 1 missing\n"
        "  next: eocanvas-apply results --refetch downloads again what is missing or edited\n"
    )
    assert len(list(_valid(coast.folder / "results/islands/collection.json").get_items())) == 1


def test_an_item_that_is_none_any_more_goes_and_what_is_not_ours_stays(coast: Coast) -> None:
    coast.write("stac")
    coast.result("islands", "oland").write_bytes(b"edited")
    own = coast.folder / "results/islands/oland/notes.stac.json"
    own.write_text("{}", encoding="utf-8")
    coast.write("stac", "islands/gotland")
    assert list((coast.folder / "results/islands/oland").glob("*.stac.json")) == [own]
    assert len(list(_valid(coast.folder / "results/islands/collection.json").get_items())) == 1


def test_a_file_of_somebody_else_is_not_replaced_and_nothing_is_written(coast: Coast) -> None:
    place = coast.folder / "results/maps/collection.json"
    place.parent.mkdir(parents=True)
    place.write_text('{"type": "Collection"}', encoding="utf-8")
    assert coast.project.run("results", "--format", "stac") == 1
    assert "was not written by eocanvas-apply, and is not replaced" in coast.project.err
    assert list(coast.folder.rglob("*.stac.json")) == []
    assert place.read_text(encoding="utf-8") == '{"type": "Collection"}'


def test_what_people_add_to_a_collection_is_kept(coast: Coast) -> None:
    coast.write("stac", "islands")
    path = coast.folder / "results/islands/collection.json"
    said = coast.read(str(path))
    said |= {"license": "CC-BY-4.0", "sci:citation": "Jane, 2026"}
    said["links"].append({"rel": "license", "href": "https://creativecommons.org/licenses/by/4.0/"})
    path.write_text(json.dumps(said), encoding="utf-8")
    coast.write("stac", "islands")
    again = coast.read(str(path))
    assert (again["license"], again["sci:citation"]) == ("CC-BY-4.0", "Jane, 2026")
    assert [link["rel"] for link in again["links"]] == ["root", "item", "item", "license"]
    _valid(path)


def test_another_folder_has_the_items_with_references_to_the_results(coast: Coast, tmp_path: Path) -> None:
    out = tmp_path / "catalogue"
    assert (
        coast.write("stac", "islands", "--out", str(out))
        == "catalogue/islands/collection.json: 2 results of job.islands\n"
    )
    items = {item.id: item for item in _valid(out / "islands/collection.json").get_items()}
    for name in ISLANDS:
        path = coast.result("islands", name)
        assert items[f"{name}-{path.name}"].assets["data"].get_absolute_href() == str(path)
    assert list((coast.folder / "results").rglob("*.json")) == []
    assert coast.project.run("results", "--out", str(out)) == 1
    assert "--out is for --format stac" in coast.project.err


def test_a_folder_that_was_moved_is_still_whole(coast: Coast, tmp_path: Path) -> None:
    coast.write("stac", "islands")
    moved = shutil.move(coast.folder / "results/islands", tmp_path / "elsewhere")
    for item in _valid(Path(moved) / "collection.json").get_items():
        assert Path(item.assets["data"].get_absolute_href() or "").is_file()


def test_a_copy_in_another_folder_is_described_there(coast: Coast, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert coast.write("stac", "islands", "--to", str(copy)) == (
        "copy/results/islands/collection.json: 2 results of job.islands\n"
    )
    assert len(list(_valid(copy / "results/islands/collection.json").get_items())) == 2
    assert list((coast.folder / "results").rglob("*.stac.json")) == []


def test_no_file_holds_a_secret_and_none_is_named_by_the_user(coast: Coast) -> None:
    rows, graph = coast.folder / "islands.geojson", coast.folder / "subset.xml"
    named = '"properties": {'
    rows.write_text(rows.read_text(encoding="utf-8").replace(named, named + json.dumps(ROW)[1:-1] + ", "), "utf-8")
    hidden = f"<parameters><password>{TOKENS[0]}</password>"
    graph.write_text(graph.read_text(encoding="utf-8").replace("<parameters>", hidden, 1), encoding="utf-8")
    assert coast.project.run("apply", "--yes") == 0, coast.project.err
    coast.commit()
    coast.write("stac")
    coast.write("ro-crate")
    result = str(coast.result("islands", "oland"))
    assert coast.project.run("explain", result) == 0
    shown = coast.project.out + json.dumps(coast.project.json("explain", result))
    assert "api_token" in shown
    assert [secret for secret in TOKENS if secret in shown] == []
    written = [path for path in (coast.folder / "results").rglob("*") if path.suffix in (".json", ".yaml", ".xml")]
    written += (coast.folder / "results").rglob("provenance/index.csv")
    assert len(written) > 10
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert [secret for secret in (*TOKENS, "canary", "jane") if secret in text] == [], path


@pytest.mark.parametrize("elsewhere", [False, True])
def test_items_of_rows_with_odd_names_are_found(coast: Coast, elsewhere: bool, tmp_path: Path) -> None:
    rows = coast.folder / "islands.geojson"
    text = rows.read_text(encoding="utf-8").replace('"gotland"', '"Åland 7;#?&"')
    rows.write_text(text.replace('"oland"', '"שלום עולם"'), encoding="utf-8")
    assert coast.project.run("apply", "--yes") == 0, coast.project.err
    coast.write("stac", "islands", *(["--out", str(tmp_path / "out")] if elsewhere else []))
    home = tmp_path / "out/islands" if elsewhere else coast.folder / "results/islands"
    items = list(_valid(home / "collection.json").get_items())
    # Those of the rows before stay on record.
    assert len(items) == 4
    for item in items:
        assert Path(unquote(item.assets["data"].get_absolute_href() or "")).is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_way_is_not_waited_for(coast: Coast) -> None:
    os.mkfifo(coast.result("islands", "oland").with_suffix(".nc.stac.json"))
    os.mkfifo(coast.folder / "results/islands/collection.json")
    assert coast.project.run("results", "--format", "stac") == 1
    assert "[result-name-taken]" in coast.project.err


@pytest.mark.parametrize("fault", ["no manifest", "broken", "no rows", "no graph"])
def test_items_that_lose_what_the_manifest_said_are_told(coast: Coast, fault: str) -> None:
    coast.write("stac", "islands")
    assert "rows-not-described" not in coast.project.err
    if fault == "broken":
        coast.project.manifest.write_text("version: [", encoding="utf-8")
    else:
        names = {"no manifest": "eocanvas.yaml", "no rows": "islands.geojson", "no graph": "subset.xml"}
        (coast.folder / names[fault]).unlink()
    coast.write("stac", "islands")
    assert coast.project.err.count("[rows-not-described]") == 2
    assert "2 items had the fields and the place of a row, and lost them" in coast.project.err
    coast.write("ro-crate", "islands")
    assert "[rows-not-described]" in coast.project.err
    assert coast.project.run("explain", str(coast.result("islands", "oland"))) == 0
    assert "[rows-not-described]" in coast.project.err


def test_a_row_that_went_is_told_once(coast: Coast) -> None:
    coast.write("stac", "islands")
    rows = coast.folder / "islands.geojson"
    said = json.loads(rows.read_text(encoding="utf-8"))
    said["features"].pop()
    rows.write_text(json.dumps(said), encoding="utf-8")
    coast.write("stac", "islands")
    assert "1 item had the fields and the place of a row, and lost them [rows-not-described]" in coast.project.err
    coast.write("stac", "islands")
    assert "rows-not-described" not in coast.project.err


def test_a_collection_whose_results_are_all_gone_claims_none(coast: Coast) -> None:
    coast.write("stac", "islands")
    coast.write("ro-crate", "islands")
    for name in ISLANDS:
        coast.result("islands", name).unlink()
    said = "results/islands/collection.json: 0 results of job.islands; not described: 2 missing\n"
    assert coast.write("stac", "islands").startswith(said)
    assert list(_valid(coast.folder / "results/islands/collection.json").get_items()) == []
    assert list((coast.folder / "results/islands").rglob("*.stac.json")) == []
    coast.write("ro-crate", "islands")
    crate = coast.read("results/islands/ro-crate-metadata.json")
    assert [each for each in crate["@graph"] if each["@type"] == "CreateAction"] == []


@pytest.mark.parametrize("words", [["results", "--format", "stac"], ["results", "--format", "ro-crate"], ["explain"]])
def test_the_ledger_of_another_project_is_refused(coast: Coast, words: list[str]) -> None:
    path = str(coast.result("islands", "oland"))
    coast.project.change("project: coast", "project: inland")
    assert coast.project.run(*words, *([path] if words == ["explain"] else [])) == 1
    assert "[ledger-bound]" in coast.project.err
    assert list(coast.folder.rglob("*.stac.json")) == []


def test_nothing_yet_is_no_error(coast: Coast) -> None:
    shutil.rmtree(coast.folder / "results")
    assert coast.write("stac", "islands") == (
        "No results here or at a key yet: nothing written. What jobs are doing: eocanvas-apply status\n"
    )


def test_the_next_command_has_the_options_that_the_person_gave(coast: Coast) -> None:
    coast.result("islands", "oland").unlink()
    coast.project.named = (coast.project.manifest,)
    assert coast.project.run("results", "islands", "--format", "stac") == 0
    assert f"  next: eocanvas-apply results -f {coast.project.manifest} --refetch downloads again" in coast.project.out
