"""The service's endpoints: from a request and the model to an answer, one small function each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from eocanvas_apply.emulator.model.accounts import Grant, User
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_book import over
from eocanvas_apply.emulator.model.job_files import results_page
from eocanvas_apply.emulator.model.job_logs import log_entries
from eocanvas_apply.emulator.model.keystore import key_document
from eocanvas_apply.emulator.model.messages import (
    WireRequest,
    WireResponse,
    as_json,
    coded,
    empty,
    problem,
    serve_bytes,
)
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


def log_in(service: Eocanvas, request: WireRequest, at: datetime) -> WireResponse:
    """POST gettoken: JSON with username and password, and origin for a federated account."""
    body = _json(request)
    if not isinstance(body, dict):
        raise coded(400, "invalid_request", "The body must be a JSON object")
    grant = service.accounts.log_in(body.get("username"), body.get("password"), body.get("origin"), at)
    return as_json(_tokens(grant))


def renew(service: Eocanvas, request: WireRequest, at: datetime) -> WireResponse:
    """POST refreshtoken: a form with refresh_token."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    return as_json(_tokens(service.accounts.renew(form.get("refresh_token", ""), at)))


def list_keys(call: Call) -> WireResponse:
    """GET /keys."""
    keys = call.service.keystore.visible_to(call.user, call.at)
    return as_json([key_document(key, call.service.behaviour) for key in keys])


def create_keys(call: Call) -> WireResponse:
    """POST /keys: 201 without a body."""
    call.service.keystore.create(call.user, _json(call.request), call.at)
    return empty(201)


def show_key(call: Call, name: str) -> WireResponse:
    """GET /keys/{name}."""
    key = call.service.keystore.shown_to(call.user, name, call.at)
    return as_json(key_document(key, call.service.behaviour))


def delete_key(call: Call, name: str) -> WireResponse:
    """DELETE /keys/{name}."""
    call.service.keystore.delete(call.user, name, call.at)
    return empty(204)


def public_key(call: Call) -> WireResponse:
    """GET /keys/cert/public: PEM, under a content type that says nothing about it."""
    return WireResponse(200, {"content-type": "application/json"}, call.service.sealing.public_pem)


def list_processes(call: Call) -> WireResponse:
    """GET /processes."""
    shown, page = list_page(call.request, call.service.behaviour, "processes", "/processes", PROCESSES)
    page["processes"] = [process.summary(call.base) for process in shown]
    return as_json(page)


def show_process(call: Call, process_id: str) -> WireResponse:
    """GET /processes/{id}."""
    return as_json(process_of(process_id).description(call.base))


def execute(call: Call, process_id: str) -> WireResponse:
    """POST /processes/{id}/execution."""
    execution = read_execution(process_id, call.request.body)
    job = call.service.jobs.launch(call.user, execution, call.at)
    answer = as_json(job.acceptance(), int(call.service.behaviour.execution_status))
    location = {"location": f"{call.base}/jobs/{job.id}"}
    return WireResponse(answer.status, {**answer.headers, **location}, answer.body)


def list_jobs(call: Call) -> WireResponse:
    """GET /jobs, newest first."""
    behaviour = call.service.behaviour
    jobs = call.service.jobs.listed(call.user, call.at)
    shown, page = list_page(call.request, behaviour, "jobs", "/jobs", jobs)
    page["jobs"] = [job.document(behaviour, call.base) for job in shown]
    return as_json(page)


def show_job(call: Call, job_id: str) -> WireResponse:
    """GET /jobs/{id}."""
    job = call.service.jobs.find(call.user, job_id)
    return as_json(job.document(call.service.behaviour, call.base))


def dismiss_job(call: Call, job_id: str) -> WireResponse:
    """DELETE /jobs/{id}."""
    job = call.service.jobs.dismiss(call.user, job_id, call.at)
    return as_json(job.document(call.service.behaviour, call.base))


def show_results(call: Call, job_id: str) -> WireResponse:
    """GET /jobs/{id}/results: 404 until the job has ended well, and for ever when it left nothing."""
    job = call.service.jobs.find(call.user, job_id)
    if job.status != "successful" or job.failure is not None:
        raise problem(404, "result-not-ready", "ResultNotReady", f"job {job_id} has no results ({job.status})")
    key = job.execution.output_key
    return as_json(results_page(call.request, call.service.behaviour, job_id, key, job.outputs, call.at))


def show_logs(call: Call, job_id: str) -> WireResponse:
    """GET /jobs/{id}/logs."""
    job = call.service.jobs.find(call.user, job_id)
    return as_json(log_entries(job, call.service.behaviour, call.at))


def download(call: Call, job_id: str, name: str) -> WireResponse:
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
    return {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "expires_in": grant.expires_in,
        "token_type": "Bearer",
    }


def _json(request: WireRequest) -> object:
    try:
        return json.loads(request.body)
    except ValueError:
        raise coded(400, "InvalidBody", "The body is not JSON") from None
