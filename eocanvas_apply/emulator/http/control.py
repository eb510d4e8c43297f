"""`/_emulator`: how a test or a person reads and controls the emulator, in JSON.

GET `/_emulator` shows the state, GET `/_emulator/requests` what was received. POST `/_emulator` takes an object
with any of: `clear` (true: forget faults and received requests), `faults` and `job_faults` (lists of rules),
`behaviour` (an object of fields), `advance` (a duration such as "1h"), `revoke_tokens` (true),
`vanish` (a list of job ids); it answers with the state afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.http.request_faults import read_fault
from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.clock import parse_seconds
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_failures import read_job_fault
from eocanvas_apply.emulator.model.keystore import key_document
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse, as_json
from eocanvas_apply.emulator.model.product_orders import Order

PREFIX = "/_emulator"


class Control:
    """Answers the requests under `/_emulator`; `advance` moves the service's clock by seconds."""

    def __init__(self, frontend: Frontend, advance: Callable[[float], None]) -> None:
        self._frontend = frontend
        self._advance = advance

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the answer: 200 with JSON, 400 with a message for commands that cannot be understood, 404."""
        if (request.method, request.path) == ("GET", f"{PREFIX}/requests"):
            return as_json([entry.document() for entry in self._frontend.received])
        if request.path != PREFIX or request.method not in ("GET", "POST"):
            return as_json({"message": "there is GET and POST /_emulator, and GET /_emulator/requests"}, 404)
        try:
            if request.method == "POST":
                self._carry_out(json.loads(request.body))
        except (KeyError, TypeError, ValueError) as fault:
            return as_json({"message": str(fault)}, 400)
        return as_json(self.state())

    def state(self) -> dict[str, Any]:
        """Return what there is: time, behaviour, keys, orders, jobs and what is still to happen."""
        self._frontend.settle()
        service = self._frontend.service
        return {
            "now": clock.zulu(service.now()),
            "behaviour": asdict(service.behaviour),
            "keys": [key_document(key, service.behaviour) for key in service.keystore],
            "orders": [_order(order) for order in service.orders.every()],
            "jobs": [_job(job) for job in service.jobs.every()],
            "faults": [asdict(fault) for fault in self._frontend.faults],
            "job_faults": [asdict(fault) for fault in service.job_faults],
            "received": len(self._frontend.received),
        }

    def _carry_out(self, commands: object) -> None:
        if not isinstance(commands, dict):
            raise TypeError("the body must be a JSON object")
        frontend, service = self._frontend, self._frontend.service
        steps: dict[str, Callable[[Any], None]] = {
            "clear": self._clear,
            "faults": lambda rules: frontend.faults.extend([read_fault(rule) for rule in rules]),
            "job_faults": lambda rules: service.job_faults.extend([read_job_fault(rule) for rule in rules]),
            "behaviour": service.change_behaviour,
            "advance": lambda duration: self._advance(parse_seconds(duration)),
            "revoke_tokens": lambda _: service.accounts.revoke(),
            "vanish": self._vanish,
        }
        unknown = sorted(set(commands) - set(steps))
        if unknown:
            raise ValueError(f"no such command: {', '.join(unknown)}")
        for name, step in steps.items():
            if name in commands:
                step(commands[name])

    def _clear(self, _: object) -> None:
        self._frontend.faults.clear()
        self._frontend.received.clear()
        self._frontend.service.job_faults.clear()

    def _vanish(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            self._frontend.service.jobs.vanish(job_id)


def _order(order: Order) -> dict[str, Any]:
    return {
        "download_id": order.id,
        "owner": order.owner,
        "dataset_id": order.product.dataset_id,
        "product_id": order.product.id,
        "created": clock.nanoseconds(order.created),
        "ready": clock.nanoseconds(order.ready),
        "ends": clock.nanoseconds(order.ends),
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "jobID": job.id,
        "processID": job.execution.process,
        "owner": job.owner,
        "status": job.status,
        "created": clock.nanoseconds(job.created),
        "keys": list(job.execution.keys),
        "failure": job.failure.kind if job.failure else None,
        "staged": [asdict(staged) for staged in job.staged],
        "outputs": [output.name for output in job.outputs],
    }
