from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from eocanvas_apply.emulator.http.control import Control
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota, Settings
from eocanvas_apply.emulator.model.job_files import StageIn
from eocanvas_apply.emulator.model.messages import WireResponse
from eocanvas_apply.emulator.storage.storage import Storage
from tests.emulator.model_client import ORIGIN, Stage, snap_body

HDA = "/hda-broker/api/v1"
OCEAN = "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"
LAND = "EO:ESA:DAT:SENTINEL-2"
DAY = {"dataset_id": OCEAN, "dtstart": "2024-07-01T00:00:00Z", "dtend": "2024-07-01T23:59:59Z"}
ANN = User("ann", "pw")


def staged(settings: Settings | None = None, **behaviour: Any) -> Stage:
    settings = replace(settings or Settings(), behaviour=Behaviour().changed(behaviour), token_life=10**7)
    return Stage(replace(settings, users=(DEFAULT_USER, ANN))).log_in()


@pytest.fixture
def stage() -> Stage:
    return staged()


def accepting(stage: Stage) -> Stage:
    for term in stage.get(f"{HDA}/datasets/{OCEAN}")["terms"]:
        assert stage.call("PUT", f"{HDA}/termsaccepted/{term}", {"accepted": True}).status == 200
    return stage


def search(stage: Stage, query: dict[str, Any], **paging: Any) -> Any:
    answer = stage.call("POST", f"{HDA}/dataaccess/search", {**query, "itemsPerPage": 100, **paging})
    assert answer.status == 200, answer
    return answer.json()


def ids(stage: Stage, query: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in search(stage, query)["features"]]


def order(stage: Stage, feature: Any) -> WireResponse:
    body = {"dataset_id": OCEAN, "product_id": feature["id"], "location": feature["properties"]["location"]}
    return stage.call("POST", f"{HDA}/dataaccess/download", body)


def ordered(stage: Stage) -> str:
    answer = order(accepting(stage), search(stage, DAY)["features"][0])
    assert answer.status == 200, answer
    return f"{HDA}/dataaccess/download/{answer.json()['download_id']}"


def test_datasets_are_listed_and_shown_with_their_terms(stage: Stage) -> None:
    listed = stage.get(f"{HDA}/datasets", "startIndex=1&itemsPerPage=1")
    assert [d["dataset_id"] for d in listed["features"]] == ["EO:EUM:DAT:SENTINEL-3:OL_1_EFR___"]
    assert listed["properties"] == {"startIndex": 1, "itemsPerPage": 1, "totalResults": 3}
    assert len(stage.get(f"{HDA}/datasets/{OCEAN}")["terms"]) == 2
    assert stage.call("GET", f"{HDA}/datasets/EO:X").status == 404


def test_terms_are_accepted_for_one_user(stage: Stage) -> None:
    path = f"{HDA}/termsaccepted/Copernicus_General_License"
    assert stage.get(path)["accepted"] is False
    assert stage.call("PUT", path, {"accepted": False}).status == 400
    assert stage.call("PUT", path, {"accepted": True}).status == 200
    assert stage.get(path)["accepted"] is True
    assert stage.log_in("ann", "pw").get(path)["accepted"] is False
    assert stage.call("PUT", f"{HDA}/termsaccepted/Soul", {"accepted": True}).status == 404


@pytest.mark.parametrize(
    ("needed", "statuses"), [("order", (200, 403)), ("search", (403, 403)), ("nothing", (200, 200))]
)
def test_terms_are_needed_at_one_moment_or_another(needed: str, statuses: tuple[int, int]) -> None:
    feature = search(staged(), DAY)["features"][0]
    stage = staged(terms_needed=needed)
    found = stage.call("POST", f"{HDA}/dataaccess/search", DAY).status, order(stage, feature).status
    assert found == statuses


def test_equal_searches_find_the_same_products(stage: Stage) -> None:
    first = search(stage, DAY)
    assert first == search(staged(), DAY)
    assert len(first["features"]) == 6
    names = [feature["id"] for feature in first["features"]]
    assert names == sorted(names, key=lambda name: name[16:31], reverse=True)
    assert {name[:16] for name in names} == {"S3A_OL_2_WFR____", "S3B_OL_2_WFR____"}


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"sat": "Sentinel-3A"}, 3),
        ({"sat": ["Sentinel-3A", "Sentinel-3B"]}, 6),
        ({"sat": "Sentinel-4"}, 0),
        ({"timeliness": "NT"}, 6),
        ({"type": "OL_2_WFR"}, 6),
        ({"bbox": [-180, -90, 180, 90]}, 6),
        ({"bbox": [0, -60, 10, -50]}, 0),
        ({"dtend": "2024-07-02T23:59:59"}, 12),
        ({"dtend": "2024-06-01"}, 0),
    ],
)
def test_every_field_of_a_search_counts(stage: Stage, fields: dict[str, Any], count: int) -> None:
    assert len(ids(stage, {**DAY, **fields})) == count


def test_a_product_is_found_by_a_range_that_it_touches(stage: Stage) -> None:
    product = search(stage, DAY)["features"][0]["properties"]
    touching = {**DAY, "dtstart": product["enddate"], "dtend": product["enddate"]}
    assert [f["properties"]["startdate"] for f in search(stage, touching)["features"]] == [product["startdate"]]


def test_tiles_have_a_product_every_fifth_day(stage: Stage) -> None:
    query = {"dataset_id": LAND, "startDate": "2024-07-01", "completionDate": "2024-07-31"}
    found = ids(stage, {**query, "tileId": "31UFU"})
    assert len(found) == 6
    assert all("_T31UFU_" in name for name in found)
    assert ids(stage, {**query, "tileId": "sea"}) == []
    clear = search(stage, {**query, "cloudCover": 50})["features"]
    assert 0 < len(clear) < len(ids(stage, query))
    assert all(feature["properties"]["cloudCover"] <= 50 for feature in clear)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"colour": "red"}, 400),
        ({"bbox": [1, 2, 3]}, 400),
        ({"bbox": [58, 53, 15, 22]}, 400),
        ({"dtstart": "yesterday"}, 400),
        ({"startIndex": -1}, 400),
        ({"dataset_id": "EO:X"}, 404),
        ({"dataset_id": LAND}, 400),
    ],
)
def test_an_invalid_search_is_refused(stage: Stage, changes: dict[str, Any], status: int) -> None:
    assert stage.call("POST", f"{HDA}/dataaccess/search", {**DAY, **changes}).status == status
    assert stage.call("POST", f"{HDA}/dataaccess/search", b"[").status == 400


def test_new_products_are_found_as_time_goes_by(stage: Stage) -> None:
    query = {"dataset_id": OCEAN, "dtstart": "2026-01-05T00:00:00Z"}
    assert ids(stage, query) == []
    stage.clock.advance(8 * 3600)
    some = ids(stage, query)
    stage.clock.advance(86400)
    more = ids(stage, query)
    assert 0 < len(some) < len(more)
    assert set(some) < set(more)


def test_a_total_counts_the_pages(stage: Stage) -> None:
    first = search(stage, DAY, itemsPerPage=4)
    assert first["properties"] == {"startIndex": 0, "itemsPerPage": 4, "totalResults": 6}
    rest = search(stage, DAY, itemsPerPage=4, startIndex=4)["features"]
    assert [f["id"] for f in first["features"] + rest] == ids(stage, DAY)


def test_a_next_index_links_the_pages() -> None:
    stage = staged(search_paging="next", search_limit=4, product_size="ND")
    first = search(stage, DAY)
    assert first["properties"] == {"startIndex": 0, "itemsPerPage": 4, "nextIndex": 4}
    assert first["features"][0]["properties"]["size"] == "ND"
    assert search(stage, DAY, startIndex=4)["properties"]["nextIndex"] is None


def test_an_order_becomes_ready_and_expires(stage: Stage) -> None:
    path = ordered(stage)
    assert stage.frontend.next_change() is not None
    assert (stage.call("HEAD", path).status, stage.call("GET", path).status) == (202, 202)
    stage.clock.advance(2)
    assert stage.frontend.next_change() is None
    head, got = stage.call("HEAD", path), stage.call("GET", path)
    assert (head.status, got.status, head.body) == (200, 200, b"")
    assert head.headers["content-length"] == str(len(got.body))
    assert "filename=" in head.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(got.body)) as archive:
        assert [name.rpartition("/")[2] for name in archive.namelist()] == ["xfdumanifest.xml", "data.nc"]
    stage.clock.advance(86400)
    assert stage.call("HEAD", path).status == 404


def test_one_product_has_an_address_for_every_order_and_two_names(stage: Stage) -> None:
    names = set()
    paths = set()
    for _ in range(5):
        path = ordered(stage)
        paths.add(path)
        stage.clock.advance(7 * 86400)
        stage.service.behaviour = Behaviour(order_life=10**9)
        names.add(stage.service.orders.every()[-1].file)
    assert (len(paths), len(names)) == (5, 2)
    contents = {order.content() for order in stage.service.orders.every()}
    assert len(contents) == 1


def test_an_order_belongs_to_its_user(stage: Stage) -> None:
    path = ordered(stage)
    stage.clock.advance(2)
    assert stage.log_in("ann", "pw").call("HEAD", path).status == 404
    stage.token = ""
    assert stage.call("HEAD", path).status == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"location": "elsewhere"}, 400),
        ({"product_id": "S3A_OL_2_WFR____20240701T000000_x"}, 404),
        ({"product_id": "S3A_OL_2_WFR____20241399T000000_x"}, 404),
        ({"product_id": None}, 404),
        ({"dataset_id": "EO:X"}, 404),
    ],
)
def test_an_invalid_order_is_refused(stage: Stage, changes: dict[str, Any], status: int) -> None:
    feature = search(accepting(stage), DAY)["features"][0]
    body = {"dataset_id": OCEAN, "product_id": feature["id"], "location": feature["properties"]["location"]}
    assert stage.call("POST", f"{HDA}/dataaccess/download", {**body, **changes}).status == status
    assert stage.service.orders.every() == ()


def test_orders_have_their_own_quota_and_show_what_is_left() -> None:
    stage = staged(Settings(hda_quotas=(Quota(2, 3600), Quota(10, 86400))), quota_answer="quota-reset")
    feature = search(accepting(stage), DAY)["features"][0]
    first = order(stage, feature)
    reset = str(int(stage.clock().timestamp() * 1000) + 3_600_001)
    assert (first.headers["x-quota-limit"], first.headers["x-quota-remaining"]) == ("2", "1")
    assert order(stage, feature).headers["x-quota-remaining"] == "0"
    refused = order(stage, feature)
    assert (refused.status, refused.headers["x-quota-reset"]) == (429, reset)
    stage.launch()
    stage.clock.advance(3601)
    assert order(stage, feature).status == 200


ANSWERS: dict[str, tuple[str, set[str]]] = {
    "retry-after": ("application/json", {"retry-after"}),
    "retry-date": ("application/json", {"retry-after"}),
    "quota-reset": ("application/json", {"x-quota-limit", "x-quota-remaining", "x-quota-reset"}),
    "bare": ("application/json", set()),
    "coded": ("application/json", set()),
    "problem": ("application/problem+json", set()),
    "html": ("text/html", set()),
    "empty": ("", set()),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_used_up_quota_is_answered_in_every_form_to_launches_and_orders(answer: str) -> None:
    quotas = (Quota(1, 3600),)
    stage = staged(Settings(quotas=quotas, hda_quotas=quotas), quota_answer=answer)
    feature = search(accepting(stage), DAY)["features"][0]
    stage.launch()
    order(stage, feature)
    for refused in (stage.call("POST", "/processes/snap-function/execution", snap_body()), order(stage, feature)):
        extra = set(refused.headers) - {"date", "content-length", "content-type"}
        assert (refused.status, refused.headers.get("content-type", ""), extra) == (429, *ANSWERS[answer])


@pytest.mark.parametrize(("wait", "status"), [(0, "failed"), (60, "successful"), (90000, "failed")])
def test_a_job_needs_an_order_that_is_ready_and_not_too_old(wait: int, status: str) -> None:
    stage = staged(order_time=30)
    url = ORIGIN + ordered(stage)
    stage.clock.advance(wait)
    job_id = stage.ended(snap_body(url))
    assert stage.job(job_id)["status"] == status
    if status == "failed":
        assert any("DownloadFailedException" in line for line in stage.log(job_id))
        (failure,) = (job.failure for job in stage.service.jobs.every())
        assert failure is not None
        assert failure.kind == "staging-in"


def test_a_job_of_another_user_cannot_take_an_order(stage: Stage) -> None:
    url = ORIGIN + ordered(stage)
    stage.clock.advance(5)
    job_id = stage.log_in("ann", "pw").ended(snap_body(url))
    assert stage.job(job_id)["status"] == "failed"


def test_an_address_that_was_not_ordered_here_is_not_judged(stage: Stage) -> None:
    url = f"https://gateway.example{HDA}/dataaccess/download/66b37374b6a632e1f39b3058"
    assert stage.job(stage.ended(snap_body(url)))["status"] == "successful"


def test_with_real_storages_a_job_is_given_the_ordered_bytes() -> None:
    stage = staged(Settings(storage="real"))
    url = ORIGIN + ordered(stage)
    stage.clock.advance(5)
    stage.ended(snap_body(url, config={"uncompress": True, "subPath": "xfdumanifest.xml"}))
    stage.service.settle()
    (work,) = stage.service.jobs.work
    assert isinstance(work, StageIn)
    (staged_file,), _ = Storage(None, None).stage_in(work)
    (placed,) = stage.service.orders.every()
    assert staged_file.file == f"{placed.product.id}/xfdumanifest.xml"


def test_the_control_shows_orders(stage: Stage) -> None:
    ordered(stage)
    (shown,) = Control(stage.frontend, stage.clock.advance).state()["orders"]
    assert (shown["owner"], shown["dataset_id"]) == ("jane", OCEAN)
    assert shown["ready"] < shown["ends"]
