from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from eocanvas_apply.errors import Doubt, ManifestError, NotSent, Refused, ServiceError
from eocanvas_apply.service.hda_client import Hda

from .scripted_service import START, Stage, http_date, says

HDA = "https://canvas.test/hda-broker/api/v1"
SEARCH = f"POST {HDA}/dataaccess/search"
ORDER = f"POST {HDA}/dataaccess/download"
OCEAN = "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def run(stage: Stage, act: Callable[[Hda], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with stage.canvas() as canvas:
            return await act(canvas.hda)

    return asyncio.run(main())


def search(stage: Stage, query: dict[str, Any] | None = None, limit: int | None = None) -> list[str]:
    products = run(stage, lambda hda: hda.search(query or {"dataset_id": OCEAN}, limit))
    return [product.id for product in products]


def page(*numbers: int, **properties: Any) -> Any:
    features = [{"id": f"p{n}", "properties": {"location": f"l{n}", "size": n}} for n in numbers]
    return says(200, {"features": features, "properties": properties})


def asked(stage: Stage) -> list[Any]:
    return [json.loads(request.content)["startIndex"] for request in stage.sent("POST", "/dataaccess/search")]


def order(hda: Hda) -> Awaitable[str]:
    return hda.order(OCEAN, "p1", "l1")


def test_terms_are_read_and_accepted_at_the_hda_with_the_account_s_token(stage: Stage) -> None:
    stage.on(f"GET {HDA}/datasets/{OCEAN}", says(200, {"dataset_id": OCEAN, "terms": ["A_Licence"]}))
    stage.on(f"PUT {HDA}/termsaccepted/A_Licence", says(200))
    assert run(stage, lambda hda: hda.dataset_terms(OCEAN)) == ["A_Licence"]
    run(stage, lambda hda: hda.accept_term("A_Licence"))
    (put,) = stage.sent("PUT", "/A_Licence")
    assert json.loads(put.content) == {"accepted": True}
    assert put.headers["authorization"].startswith("Bearer token-")


@pytest.mark.parametrize("document", [{}, {"terms": None}, {"terms": []}])
def test_a_dataset_without_terms(stage: Stage, document: Any) -> None:
    stage.on(f"GET {HDA}/datasets/x", says(200, document))
    assert run(stage, lambda hda: hda.dataset_terms("x")) == []


def test_an_unknown_dataset_is_reported(stage: Stage) -> None:
    with pytest.raises(Refused) as caught:
        run(stage, lambda hda: hda.dataset_terms("x"))
    assert caught.value.status == 404


def test_a_product_has_the_fields_of_the_search_result(stage: Stage) -> None:
    given = {"location": "https://x.test/1", "size": "ND", "startdate": "2024-07-01T00:00:00Z"}
    stage.on(SEARCH, says(200, {"features": [{"id": "p", "properties": given}], "properties": {"totalResults": 1}}))
    (product,) = run(stage, lambda hda: hda.search({"dataset_id": OCEAN, "sat": "Sentinel-3A"}))
    assert (product.id, product.dataset_id, product.location) == ("p", OCEAN, "https://x.test/1")
    assert (product.size, product.properties) == (None, given)
    assert product.fields() == {**given, "id": "p", "dataset_id": OCEAN, "size": None}
    (request,) = stage.sent("POST", "/dataaccess/search")
    expected = {"dataset_id": OCEAN, "sat": "Sentinel-3A", "startIndex": 0, "itemsPerPage": 100}
    assert json.loads(request.content) == expected


def test_pages_counted_by_a_total_are_read_to_the_end(stage: Stage) -> None:
    pages = [page(*range(start, min(start + 100, 250)), totalResults=250) for start in (0, 100, 200)]
    stage.on(SEARCH, *pages)
    assert search(stage) == [f"p{n}" for n in range(250)]
    assert asked(stage) == [0, 100, 200]


def test_pages_that_hold_fewer_than_asked_for_are_read_without_a_gap(stage: Stage) -> None:
    stage.on(SEARCH, page(0, 1, totalResults=5), page(2, 3, totalResults=5), page(4, totalResults=5))
    assert search(stage) == ["p0", "p1", "p2", "p3", "p4"]
    assert asked(stage) == [0, 2, 4]


def test_a_total_that_is_too_large_ends_at_empty_pages(stage: Stage) -> None:
    stage.on(SEARCH, page(0, totalResults=10**6), page(totalResults=10**6))
    assert search(stage) == ["p0"]
    assert asked(stage) == [0, 1, 101]


def test_pages_linked_by_the_next_index_are_followed_for_every_index(stage: Stage) -> None:
    stage.on(SEARCH, page(0, 1, nextIndex=2), page(2, nextIndex="token"), page(3, nextIndex=None))
    assert search(stage) == ["p0", "p1", "p2", "p3"]
    assert asked(stage) == [0, 2, "token"]


@pytest.mark.parametrize("index", [{"a": 1}, [[[]]], "x" * 2000])
def test_a_next_index_that_is_none_ends_the_list(stage: Stage, index: Any) -> None:
    stage.on(SEARCH, page(0, 1, nextIndex=index), page(2))
    assert search(stage) == ["p0", "p1"]
    assert asked(stage) == [0]


def test_pages_in_a_cycle_are_in_doubt(stage: Stage) -> None:
    stage.on(SEARCH, page(0, nextIndex=1), page(1, nextIndex=1))
    with pytest.raises(Doubt, match="lead back"):
        search(stage)


def test_products_that_move_to_a_later_page_are_found_once(stage: Stage) -> None:
    stage.on(SEARCH, page(0, 1, totalResults=4), page(1, 2, totalResults=4))
    assert search(stage) == ["p0", "p1", "p2"]


@pytest.mark.parametrize(("limit", "pages"), [(2, 1), (3, 2), (0, 0)])
def test_a_limit_reads_fewer_pages(stage: Stage, limit: int, pages: int) -> None:
    stage.on(SEARCH, page(0, 1, totalResults=6), page(2, 3, totalResults=6), page(4, 5, totalResults=6))
    assert search(stage, limit=limit) == [f"p{n}" for n in range(limit)]
    assert len(asked(stage)) == pages


def test_a_search_may_be_repeated(stage: Stage) -> None:
    stage.on(SEARCH, httpx.ReadTimeout("x"), says(502), page(0, totalResults=1))
    assert search(stage) == ["p0"]


@pytest.mark.parametrize(
    "document",
    [
        {"features": None},
        {"features": "p"},
        {},
        [],
    ],
)
def test_an_answer_that_is_not_a_list_of_products_is_in_doubt(stage: Stage, document: Any) -> None:
    stage.on(SEARCH, says(200, document))
    with pytest.raises(Doubt):
        search(stage)


@pytest.mark.parametrize("query", [{"sat": "Sentinel-3A"}, {"dataset_id": 3}, {"datasetId": " "}])
def test_a_search_without_a_dataset_sends_nothing(stage: Stage, query: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="dataset_id") as caught:
        search(stage, query)
    assert caught.value.diagnostics[0].code == "bad-search"
    assert stage.got == []


def test_an_order_repeats_the_fields_of_the_search_result(stage: Stage) -> None:
    stage.on(ORDER, says(201, {"download_id": "66b37374b6a632e1f39b3058"}))
    assert run(stage, order) == "66b37374b6a632e1f39b3058"
    (request,) = stage.sent("POST", "/dataaccess/download")
    assert json.loads(request.content) == {"dataset_id": OCEAN, "product_id": "p1", "location": "l1"}


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (says(404, {"message": "no such product"}), Refused),
        (says(302, location="https://x.test"), Refused),
        (says(500), Doubt),
        (says(504), Doubt),
        (says(200, content=b"<html>"), Doubt),
        (says(200, {"download_id": None}), Doubt),
        (says(200, {"download_id": "../keys"}), Doubt),
        (says(200, {"download_id": ".."}), Doubt),
        (httpx.ReadTimeout("x"), Doubt),
        (httpx.ConnectError("x"), NotSent),
    ],
)
def test_an_order_is_sent_once_for_every_answer(stage: Stage, step: Any, fault: type[ServiceError]) -> None:
    stage.on(ORDER, step)
    with pytest.raises(fault):
        run(stage, order)
    assert len(stage.sent("POST", "/dataaccess/download")) == 1


def test_a_refusal_after_a_new_token_is_final(stage: Stage) -> None:
    stage.on(ORDER, says(403, {"message": "terms"}))
    with pytest.raises(Refused, match="terms"):
        run(stage, order)
    assert len(stage.sent("POST", "/dataaccess/download")) == 2


def test_an_order_can_be_stopped_right_before_sending(stage: Stage) -> None:
    def late() -> None:
        raise TimeoutError

    with pytest.raises(ServiceError):
        run(stage, lambda hda: hda.order(OCEAN, "p1", "l1", check=late))
    assert stage.sent("POST", "/dataaccess/download") == []


@pytest.mark.parametrize("status", [401, 403])
def test_an_order_with_a_refused_token_is_sent_again_with_a_new_one(stage: Stage, status: int) -> None:
    stage.on(ORDER, says(status), says(200, {"download_id": "d"}))
    assert run(stage, order) == "d"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": http_date(START + timedelta(seconds=60))}, 60.0),
        ({"x_quota_reset": str(int((START.timestamp() + 90) * 1000))}, 90.0),
        ({"x_quota_reset": str(int(START.timestamp() + 90))}, 90.0),
        ({}, None),
    ],
)
def test_a_used_up_quota_says_when_to_retry(stage: Stage, headers: dict[str, str], wait: float | None) -> None:
    limits: dict[str, Any] = {"date": http_date(START), "x_quota_limit": "100", "x_quota_remaining": "0", **headers}
    stage.on(ORDER, says(429, {"message": "no more"}, **limits))
    with pytest.raises(Refused, match="no more, 0 of 100 left") as caught:
        run(stage, order)
    assert (caught.value.status, caught.value.retry_after) == (429, wait)


@pytest.mark.parametrize("content", [b"", b"<html><h1>429</h1></html>", b'{"code": "TooManyRequests"}', b"[]"])
def test_a_429_with_any_body_is_a_refusal(stage: Stage, content: bytes) -> None:
    stage.on(ORDER, says(429, content=content))
    with pytest.raises(Refused) as caught:
        run(stage, order)
    assert caught.value.retry_after is None


def test_secrets_are_removed_from_refusals(stage: Stage) -> None:
    stage.on(ORDER, lambda r: httpx.Response(403, json={"message": f"no: {r.headers['authorization']} pass:word"}))
    with pytest.raises(Refused) as caught:
        run(stage, order)
    assert "token-1" not in str(caught.value)
    assert "pass:word" not in str(caught.value)


@pytest.mark.parametrize(("status", "ready"), [(202, False), (200, True)])
def test_the_state_of_an_order_is_read_with_head(stage: Stage, status: int, ready: bool) -> None:
    stage.on(f"HEAD {HDA}/dataaccess/download/d1", says(status))
    assert run(stage, lambda hda: hda.ready("d1")) is ready


@pytest.mark.parametrize(("status", "fault"), [(204, Doubt), (404, Refused), (500, Doubt)])
def test_other_answers_say_nothing_about_readiness(stage: Stage, status: int, fault: type[ServiceError]) -> None:
    stage.on(f"HEAD {HDA}/dataaccess/download/d1", says(status))
    with pytest.raises(fault):
        run(stage, lambda hda: hda.ready("d1"))


def test_the_address_of_an_order_is_below_the_hda(stage: Stage) -> None:
    assert stage.canvas().hda.download_url("d1") == f"{HDA}/dataaccess/download/d1"


@pytest.mark.parametrize("odd", ["", "a\x00b", "\x1b[31mred", "a\u202eb", "n" * 1_000_000])
def test_a_product_that_cannot_be_named_is_left_out(stage: Stage, odd: str) -> None:
    features = [
        {"id": odd, "properties": {"location": "l1"}},
        {"id": "p1", "properties": {"location": odd}},
        {"id": "p2", "properties": {"location": "l2"}},
    ]
    stage.on(SEARCH, says(200, {"features": features, "properties": {"totalResults": 3}}))
    assert search(stage) == ["p2"]


def test_a_product_has_its_footprint_where_the_answer_has_one(stage: Stage) -> None:
    footprint = {"type": "Point", "coordinates": [20, 58]}
    features = [
        {"id": "a", "geometry": footprint, "properties": {"location": "l"}},
        {"id": "b", "geometry": None, "properties": {"location": "l"}},
        {"id": "c", "geometry": footprint, "properties": {"location": "l", "geometry": "its own"}},
    ]
    stage.on(SEARCH, says(200, {"features": features, "properties": {"totalResults": 3}}))
    found = run(stage, lambda hda: hda.search({"dataset_id": OCEAN}, None))
    assert [product.properties.get("geometry") for product in found] == [footprint, None, "its own"]
