"""The endpoints of the service and of the HDA: from a request and the model to an answer, and their routes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from eocanvas_apply.emulator.model.accounts import Grant, User
from eocanvas_apply.emulator.model.catalogue import DATASETS, dataset_of, find, page_of, product_of
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_book import over
from eocanvas_apply.emulator.model.job_files import results_page
from eocanvas_apply.emulator.model.job_logs import log_entries
from eocanvas_apply.emulator.model.keystore import key_document
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse, as_json, coded, problem, serve_bytes
from eocanvas_apply.emulator.model.service import Eocanvas
from eocanvas_apply.emulator.model.submissions import BASE, PROCESSES, list_page, process_of, read_execution


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through the model at a moment; `user` is who the token speaks for."""

    service: Eocanvas
    request: WireRequest
    at: datetime
    user: User

    @property
    def base(self) -> str:
        """The absolute address under which this client sees the service."""
        return f"{self.request.origin}{BASE}"


Endpoint = Callable[..., WireResponse]
Routes = tuple[tuple[re.Pattern[str], dict[str, Endpoint]], ...]


def log_in(service: Eocanvas, request: WireRequest, at: datetime) -> WireResponse:
    """POST gettoken: JSON with username and password, and origin for a federated account."""
    body = _object(request, "invalid_request")
    grant = service.accounts.log_in(body.get("username"), body.get("password"), body.get("origin"), at)
    return as_json(_tokens(grant))


def renew(service: Eocanvas, request: WireRequest, at: datetime) -> WireResponse:
    """POST refreshtoken: a form with refresh_token."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    return as_json(_tokens(service.accounts.renew(form.get("refresh_token", ""), at)))


def _list_keys(call: Call) -> WireResponse:
    keys = call.service.keystore.visible_to(call.user, call.at)
    return as_json([key_document(key, call.service.behaviour) for key in keys])


def _create_keys(call: Call) -> WireResponse:
    """POST /keys: 201 without a body."""
    call.service.keystore.create(call.user, _json(call.request), call.at)
    return WireResponse(201)


def _show_key(call: Call, name: str) -> WireResponse:
    key = call.service.keystore.shown_to(call.user, name, call.at)
    return as_json(key_document(key, call.service.behaviour))


def _delete_key(call: Call, name: str) -> WireResponse:
    call.service.keystore.delete(call.user, name, call.at)
    return WireResponse(204)


def _public_key(call: Call) -> WireResponse:
    """GET /keys/cert/public: PEM, under a content type that says nothing about it."""
    return WireResponse(200, {"content-type": "application/json"}, call.service.sealing.public_pem)


def _list_processes(call: Call) -> WireResponse:
    shown, page = list_page(call.request, call.service.behaviour, "processes", "/processes", PROCESSES)
    page["processes"] = [process.summary(call.base) for process in shown]
    return as_json(page)


def _show_process(call: Call, process_id: str) -> WireResponse:
    return as_json(process_of(process_id).description(call.base))


def _execute(call: Call, process_id: str) -> WireResponse:
    execution = read_execution(process_id, call.request.body)
    job = call.service.jobs.launch(call.user, execution, call.at)
    answer = as_json(job.acceptance(), int(call.service.behaviour.execution_status))
    location = {"location": f"{call.base}/jobs/{job.id}"}
    return WireResponse(answer.status, {**answer.headers, **location}, answer.body)


def _list_jobs(call: Call) -> WireResponse:
    """GET /jobs, newest first."""
    behaviour = call.service.behaviour
    jobs = call.service.jobs.listed(call.user, call.at)
    shown, page = list_page(call.request, behaviour, "jobs", "/jobs", jobs)
    page["jobs"] = [job.document(behaviour, call.base) for job in shown]
    return as_json(page)


def _show_job(call: Call, job_id: str) -> WireResponse:
    job = call.service.jobs.find(call.user, job_id)
    return as_json(job.document(call.service.behaviour, call.base))


def _dismiss_job(call: Call, job_id: str) -> WireResponse:
    job = call.service.jobs.dismiss(call.user, job_id, call.at)
    return as_json(job.document(call.service.behaviour, call.base))


def _show_results(call: Call, job_id: str) -> WireResponse:
    """GET /jobs/{id}/results: 404 until the job has ended well, and for ever when it left nothing."""
    job = call.service.jobs.find(call.user, job_id)
    if job.status != "successful" or not job.gives_results:
        raise problem(404, "result-not-ready", "ResultNotReady", f"job {job_id} has no results ({job.status})")
    key = job.execution.output_key
    return as_json(results_page(call.request, call.service.behaviour, job_id, key, job.outputs, call.at))


def _show_logs(call: Call, job_id: str) -> WireResponse:
    job = call.service.jobs.find(call.user, job_id)
    return as_json(log_entries(job, call.service.behaviour, call.at))


def _download(call: Call, job_id: str, name: str) -> WireResponse:
    """GET or HEAD of a result's href, with Range."""
    return _file(call.request, call.service.jobs.find(call.user, job_id), name, call.at)


def download_elsewhere(service: Eocanvas, request: WireRequest, job_id: str, name: str) -> WireResponse:
    """GET or HEAD of an href at another host, without a log-in."""
    for job in service.jobs.every():
        if job.id == job_id:
            return _file(request, job, name, service.now())
    raise problem(404, "no-such-job", "NoSuchJob", f"job {job_id} not found")


def _file(request: WireRequest, job: Job, name: str, at: datetime) -> WireResponse:
    if over(f"?{request.query}", at):
        raise problem(403, "link-expired", "Forbidden", "this link has expired")
    for output in job.outputs:
        if output.name == name and job.status == "successful" and job.execution.output_key is None:
            return serve_bytes(request, output.content(job.id))
    raise problem(404, "no-such-result", "NoSuchResult", f"{job.id} has no file {name}")


def _tokens(grant: Grant) -> dict[str, object]:
    return {**asdict(grant), "token_type": "Bearer"}


def _json(request: WireRequest, code: str = "InvalidBody") -> object:
    try:
        return json.loads(request.body)
    except ValueError:
        raise coded(400, code, "The body is not JSON") from None


def _object(request: WireRequest, code: str) -> dict[str, Any]:
    body = _json(request, code)
    if not isinstance(body, dict):
        raise coded(400, code, "The body must be an object")
    return body


_DEFAULTS = (("startIndex", 0), ("itemsPerPage", 10))


def _list_datasets(call: Call) -> WireResponse:
    """GET datasets?startIndex=0&itemsPerPage=100."""
    parameters = call.request.parameters()
    start, size = (int(v) if (v := parameters.get(n, "")).isdecimal() else d for n, d in _DEFAULTS)
    counts = {"startIndex": start, "itemsPerPage": size, "totalResults": len(DATASETS)}
    return as_json({"features": [d.document() for d in DATASETS[start : start + size]], "properties": counts})


def _show_dataset(_call: Call, dataset_id: str) -> WireResponse:
    return as_json(dataset_of(dataset_id).document())


def _show_term(call: Call, term: str) -> WireResponse:
    _check_term(term)
    return as_json({"term_id": term, "accepted": call.service.orders.has_accepted(call.user, term)})


def _accept_term(call: Call, term: str) -> WireResponse:
    _check_term(term)
    if _object(call.request, "BadRequest").get("accepted") is not True:
        raise coded(400, "BadRequest", "accepted must be true")
    call.service.orders.accept(call.user, term)
    return as_json({"term_id": term, "accepted": True})


def _search(call: Call) -> WireResponse:
    query = _object(call.request, "BadRequest")
    behaviour = call.service.behaviour
    if behaviour.terms_needed == "search":
        call.service.orders.check_terms(call.user, dataset_of(query.get("dataset_id")))
    return as_json(page_of(query, find(query, call.at), behaviour))


def _order(call: Call) -> WireResponse:
    """POST dataaccess/download: every time another order."""
    body = _object(call.request, "BadRequest")
    product = product_of(body.get("dataset_id"), body.get("product_id"), call.at)
    orders = call.service.orders
    if call.service.behaviour.terms_needed != "nothing":
        orders.check_terms(call.user, dataset_of(product.dataset_id))
    if body.get("location") != product.location:
        raise coded(400, "BadRequest", "location is not that of the product")
    placed = orders.place(call.user, product, call.at)
    answer = as_json({"download_id": placed.id})
    return replace(answer, headers={**answer.headers, **orders.quota_headers(call.user, call.at)})


def _download_product(call: Call, order_id: str) -> WireResponse:
    """HEAD or GET dataaccess/download/{id}: 202 until it is ready."""
    placed = call.service.orders.find(call.user, order_id, call.at)
    if call.at < placed.ready:
        return WireResponse(202)
    answer = serve_bytes(call.request, placed.content())
    return replace(answer, headers={**answer.headers, "content-disposition": f'attachment; filename="{placed.file}"'})


def _check_term(term: str) -> None:
    if not any(term in dataset.terms for dataset in DATASETS):
        raise coded(404, "NotFound", f"There are no terms {term}")


DOWNLOAD = re.compile(r"/download/([^/]+)/output/([^/]+)")
ROUTES: Routes = (
    (re.compile(r"/keys"), {"GET": _list_keys, "POST": _create_keys}),
    (re.compile(r"/keys/cert/public"), {"GET": _public_key}),
    (re.compile(r"/keys/([^/]+)"), {"GET": _show_key, "DELETE": _delete_key}),
    (re.compile(r"/processes"), {"GET": _list_processes}),
    (re.compile(r"/processes/([^/]+)"), {"GET": _show_process}),
    (re.compile(r"/processes/([^/]+)/execution"), {"POST": _execute}),
    (re.compile(r"/jobs"), {"GET": _list_jobs}),
    (re.compile(r"/jobs/([^/]+)"), {"GET": _show_job, "DELETE": _dismiss_job}),
    (re.compile(r"/jobs/([^/]+)/results"), {"GET": _show_results}),
    (re.compile(r"/jobs/([^/]+)/logs"), {"GET": _show_logs}),
    (DOWNLOAD, {"GET": _download, "HEAD": _download}),
)
HDA_ROUTES: Routes = (
    (re.compile(r"/datasets"), {"GET": _list_datasets}),
    (re.compile(r"/datasets/([^/]+)"), {"GET": _show_dataset}),
    (re.compile(r"/termsaccepted/([^/]+)"), {"GET": _show_term, "PUT": _accept_term}),
    (re.compile(r"/dataaccess/search"), {"POST": _search}),
    (re.compile(r"/dataaccess/download"), {"POST": _order}),
    (re.compile(r"/dataaccess/download/([^/]+)"), {"GET": _download_product, "HEAD": _download_product}),
)
