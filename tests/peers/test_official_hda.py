"""The official HDA client works against the emulator, and finds there what ours finds."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.clock import SystemClock
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.hda_client import Product, search_request
from eocanvas_apply.service.urls import Endpoints
from tests.peers.environment import OfficialClient

OCEAN = "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"
MONTHS = {"dataset_id": OCEAN, "dtstart": "2024-05-01T00:00:00Z", "dtend": "2024-07-10T00:00:00Z"}
MORNING = {**MONTHS, "dtstart": "2024-07-01T08:00:00Z", "dtend": "2024-07-01T09:30:00Z"}
# As the viewer wrote it until 2024, and as people still have it in their notebooks.
OLD_FORM = {
    "datasetId": OCEAN,
    "boundingBoxValues": [{"name": "bbox", "bbox": [15.0, 53.0, 22.0, 58.0]}],
    "dateRangeSelectValues": [
        {"name": "dtrange", "start": "2024-07-01T00:00:00.000Z", "end": "2024-07-03T00:00:00.000Z"}
    ],
    "stringChoiceValues": [{"name": "sat", "value": "Sentinel-3A"}],
}


@pytest.fixture(params=["total", "next"])
def paged(request: pytest.FixtureRequest) -> Iterator[RunningEmulator]:
    """An emulator with either kind of pages."""
    with running(Options(behaviour=Behaviour(search_paging=request.param, terms_needed="search"))) as emulator:
        yield emulator


def ours(emulator: RunningEmulator, query: dict[str, Any], limit: int | None = None) -> list[Product]:
    async def search() -> list[Product]:
        me = Credentials(DEFAULT_USER.name, Secret(DEFAULT_USER.password))
        async with EOCanvas(Endpoints(emulator.url, hda_url=emulator.hda_url), me, SystemClock()) as canvas:
            for term in await canvas.hda.dataset_terms(OCEAN):
                await canvas.hda.accept_term(term)
            return await canvas.hda.search(query, limit)

    return asyncio.run(search())


@pytest.mark.parametrize(("query", "limit", "count"), [(MONTHS, None, 420), (MONTHS, 150, 150), (OLD_FORM, None, None)])
def test_both_clients_find_the_same_products(
    official_hda: OfficialClient, paged: RunningEmulator, query: dict[str, Any], limit: int | None, count: int | None
) -> None:
    answer = official_hda.run("hda_search", paged, query=query, limit=limit)
    found = [(p["id"], p["properties"]["location"], p["properties"]["size"]) for p in answer["found"]]
    assert found == [(p.id, p.location, p.size) for p in ours(paged, query, limit)]
    assert len(found) == count if count else 0 < len(found) < 12
    assert answer["dataset"] == OCEAN
    assert OCEAN in answer["datasets"]


def requests_of(emulator: RunningEmulator, method: str, path: str) -> list[Any]:
    with emulator.model() as wire:
        documents = [entry.document() for entry in wire.received]
    return [d["body"] for d in documents if d["method"] == method and path in d["path"]]


@pytest.mark.parametrize("query", [MONTHS, OLD_FORM])
def test_both_clients_send_the_same_requests(
    official_hda: OfficialClient, paged: RunningEmulator, query: dict[str, Any]
) -> None:
    official_hda.run("hda_search", paged, query=query)
    theirs = requests_of(paged, "POST", "/dataaccess/search"), requests_of(paged, "PUT", "/termsaccepted/")
    with paged.model() as wire:
        wire.received.clear()
    ours(paged, query)
    searches = requests_of(paged, "POST", "/dataaccess/search")
    # Theirs asks for one more page at times, behind the last product.
    assert searches == theirs[0][: len(searches)]
    assert requests_of(paged, "PUT", "/termsaccepted/") == theirs[1] == [{"accepted": True}] * 2


def test_products_are_ordered_and_downloaded(
    official_hda: OfficialClient, emulator: RunningEmulator, tmp_path: Path
) -> None:
    with emulator.model() as wire:
        wire.service.behaviour = wire.service.behaviour.changed({"order_time": 0.5})
    folder = tmp_path / "products"
    answer = official_hda.run("hda_download", emulator, query=MORNING, limit=2, folder=str(folder))
    ids = answer["ids"]
    with emulator.model() as wire:
        orders = wire.service.orders.every()
    assert [order.product.id for order in orders][:2] == ids
    assert answer["urls"] == [f"{emulator.hda_url}/api/v1/dataaccess/download/{order.id}" for order in orders[:2]]
    assert len({order.id for order in orders}) == 4
    assert {file.name for file in folder.iterdir()} == {order.file for order in orders}
    for file in folder.iterdir():
        with zipfile.ZipFile(file) as archive:
            assert any(name.endswith("/xfdumanifest.xml") for name in archive.namelist())


@pytest.mark.parametrize(("answer", "words"), [("quota-reset", "0 requests remaining out of 1"), ("bare", "Max quota")])
def test_the_client_handles_a_used_up_quota(official_hda: OfficialClient, answer: Any, words: str) -> None:
    behaviour = Behaviour(quota_answer=answer, order_time=0)
    with running(Options(hda_quotas=(Quota(1, 3600),), behaviour=behaviour)) as emulator:
        answer = official_hda.run("hda_download", emulator, query=MORNING, limit=2, folder="unused")
    assert words in answer["reached"]


def old_form(dataset_id: str) -> dict[str, Any]:
    return {
        "datasetId": dataset_id,
        "dateRangeSelectValues": [{"name": "Position", "start": "2024-07-01", "end": "2024-07-02"}],
        "stringInputValues": [{"name": "tileId", "value": "32TQM"}],
        "multiStringSelectValues": [{"name": "variable", "value": ["a", "b"]}],
    }


def test_requests_of_the_old_form_mean_the_same_to_both(
    official_hda: OfficialClient, emulator: RunningEmulator
) -> None:
    sources = ("ECMWF:DAT:CAMS_X", "ECMWF:DAT:ERA5", "CLMS:DAT:X", "MO:DAT:X", "EEA:DAT:CLMS_HRVPP", "CNES:DAT:SWH")
    renamed = ("ESA:DAT:SENTINEL-1:SAR", "ESA:DAT:SENTINEL-2:MSI", "ESA:DAT:SENTINEL-5P", "EUM:DAT:X")
    queries = [OLD_FORM, *(old_form(f"EO:{name}") for name in sources + renamed)]
    assert official_hda.run("hda_convert", emulator, queries=queries) == [search_request(query) for query in queries]
