"""The HDA's endpoints: datasets, licences, searches, orders and their downloads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from eocanvas_apply.emulator.http.endpoints import Call, Endpoint
from eocanvas_apply.emulator.model.catalogue import DATASETS, dataset_of, find, page_of, product_of
from eocanvas_apply.emulator.model.messages import WireResponse, as_json, coded, serve_bytes


def list_datasets(call: Call) -> WireResponse:
    """GET datasets?startIndex=0&itemsPerPage=100."""
    parameters = call.request.parameters()
    start, size = (int(v) if (v := parameters.get(n, "")).isdecimal() else d for n, d in _DEFAULTS)
    counts = {"startIndex": start, "itemsPerPage": size, "totalResults": len(DATASETS)}
    return as_json({"features": [d.document() for d in DATASETS[start : start + size]], "properties": counts})


def show_dataset(_call: Call, dataset_id: str) -> WireResponse:
    """GET datasets/{id}."""
    return as_json(dataset_of(dataset_id).document())


def show_term(call: Call, term: str) -> WireResponse:
    """GET termsaccepted/{term}."""
    _check_term(term)
    return as_json({"term_id": term, "accepted": call.service.orders.has_accepted(call.user, term)})


def accept_term(call: Call, term: str) -> WireResponse:
    """PUT termsaccepted/{term}."""
    _check_term(term)
    if _object(call).get("accepted") is not True:
        raise coded(400, "BadRequest", "accepted must be true")
    call.service.orders.accept(call.user, term)
    return as_json({"term_id": term, "accepted": True})


def search(call: Call) -> WireResponse:
    """POST dataaccess/search."""
    query = _object(call)
    behaviour = call.service.behaviour
    if behaviour.terms_needed == "search":
        call.service.orders.check_terms(call.user, dataset_of(query.get("dataset_id")))
    return as_json(page_of(query, find(query, call.at), behaviour))


def order(call: Call) -> WireResponse:
    """POST dataaccess/download: every time another order."""
    body = _object(call)
    product = product_of(body.get("dataset_id"), body.get("product_id"), call.at)
    orders = call.service.orders
    if call.service.behaviour.terms_needed != "nothing":
        orders.check_terms(call.user, dataset_of(product.dataset_id))
    if body.get("location") != product.location:
        raise coded(400, "BadRequest", "location is not that of the product")
    placed = orders.place(call.user, product, call.at)
    answer = as_json({"download_id": placed.id})
    return replace(answer, headers={**answer.headers, **orders.quota_headers(call.user, call.at)})


def download(call: Call, order_id: str) -> WireResponse:
    """HEAD or GET dataaccess/download/{id}: 202 until it is ready."""
    placed = call.service.orders.find(call.user, order_id, call.at)
    if call.at < placed.ready:
        return WireResponse(202)
    answer = serve_bytes(call.request, placed.content())
    return replace(answer, headers={**answer.headers, "content-disposition": f'attachment; filename="{placed.file}"'})


def _check_term(term: str) -> None:
    if not any(term in dataset.terms for dataset in DATASETS):
        raise coded(404, "NotFound", f"There are no terms {term}")


def _object(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.request.body)
    except ValueError:
        raise coded(400, "BadRequest", "The body is not JSON") from None
    if not isinstance(body, dict):
        raise coded(400, "BadRequest", "The body must be an object")
    return body


_DEFAULTS = (("startIndex", 0), ("itemsPerPage", 10))
ROUTES: tuple[tuple[re.Pattern[str], dict[str, Endpoint]], ...] = (
    (re.compile(r"/datasets"), {"GET": list_datasets}),
    (re.compile(r"/datasets/([^/]+)"), {"GET": show_dataset}),
    (re.compile(r"/termsaccepted/([^/]+)"), {"GET": show_term, "PUT": accept_term}),
    (re.compile(r"/dataaccess/search"), {"POST": search}),
    (re.compile(r"/dataaccess/download"), {"POST": order}),
    (re.compile(r"/dataaccess/download/([^/]+)"), {"GET": download, "HEAD": download}),
)
