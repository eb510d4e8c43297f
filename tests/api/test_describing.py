"""What made results, written from Python as the command line writes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import eocanvas_apply as eoc


def test_results_are_described_beside_them_and_in_another_folder(manifest: Path, tmp_path: Path) -> None:
    with eoc.open(manifest) as project:
        assert project.describe() == []
        project.apply(project.plan(), wait="1m")
        (collection,) = project.describe("tiles")
        (crate,) = project.describe("tiles", form="ro-crate")
        (elsewhere,) = project.describe(out=tmp_path / "catalogue")
    assert collection == manifest.parent / "results/collection.json"
    assert crate == manifest.parent / "results/ro-crate-metadata.json"
    assert elsewhere == tmp_path / "catalogue/tiles/collection.json"
    items = [each for each in json.loads(collection.read_text(encoding="utf-8"))["links"] if each["rel"] == "item"]
    assert len(items) == 3
    said = json.loads((collection.parent / items[0]["href"]).read_text(encoding="utf-8"))
    assert said["properties"]["eocanvas:row"] == {"id": "north", "value": "north"}


@pytest.mark.parametrize(("form", "out"), [("geojson", None), ("ro-crate", "catalogue")])
def test_another_form_is_an_error(manifest: Path, form: str, out: str | None) -> None:
    with eoc.open(manifest) as project, pytest.raises(eoc.UsageError, match="form is one of stac, ro-crate"):
        project.describe(form=form, out=out)


def test_a_folder_that_cannot_be_made_is_an_error(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with eoc.open(manifest) as project:
        project.apply(project.plan(), wait="1m")
        with pytest.raises(eoc.UsageError, match="cannot be written"):
            project.describe(out=tmp_path / "taken" / "below")


def test_an_address_that_nothing_has_is_an_error(manifest: Path) -> None:
    with eoc.open(manifest) as project, pytest.raises(eoc.UsageError, match="nothing is recorded yet"):
        project.describe("tiles")
