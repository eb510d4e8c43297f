"""The catalogue of processes, and the page shape that it shares with the list of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eocanvas_apply.emulator.model.messages import WireRequest
from eocanvas_apply.emulator.model.refusals import problem
from eocanvas_apply.emulator.model.settings import Behaviour

BASE = "/serverless"


@dataclass(frozen=True, slots=True)
class Process:
    """A process. `required` and `optional` are the names of its inputs."""

    id: str
    version: str
    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def summary(self, base: str) -> dict[str, Any]:
        """Return its entry in the list."""
        link = {"href": f"{base}/processes/{self.id}", "rel": "self", "type": "application/json"}
        return {
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "description": self.title,
            "keywords": [],
            "metadata": [],
            "links": [link],
        }

    def description(self, base: str) -> dict[str, Any]:
        """Return its own page, which adds the inputs."""
        inputs = {
            name: {"title": name, "minOccurs": int(name in self.required), "schema": {"type": "string"}}
            for name in self.required + self.optional
        }
        return {**self.summary(base), "inputs": inputs, "outputs": {}}


PROCESSES = (
    Process("snap-function", "10.0.0", "SNAP graph processing", ("snap_graph", "eo_input"), ("eo_config",)),
    Process("dataTailor", "3.4.0", "EUMETSAT Data Tailor", ("epct_chain", "epct_input"), ("epct_config",)),
    Process("shearwater-demo", "1.0.0", "Shear Water", ("area", "startDay", "endDay")),
)


def process_of(name: str) -> Process:
    """Return a process by its id. Raises Refusal (404)."""
    for process in PROCESSES:
        if process.id == name:
            return process
    raise problem(404, "no-such-process", "NoSuchProcess", f"process {name} not found")


def list_page(
    request: WireRequest, behaviour: Behaviour, name: str, path: str, items: Sequence[Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return the items of the page that is asked for, and the document around them (without the items).

    `?limit=10&offset=0` are the defaults. The next link is absolute and may follow the last item, even an empty page.
    """
    parameters = request.parameters()
    limit = min(_count(parameters, "limit", 10) or 10, behaviour.list_limit)
    offset = _count(parameters, "offset", 0)
    base = f"{behaviour.href_origin or request.origin}{BASE}"
    links = [{"rel": "self", "type": "application/json", "href": f"{base}{path}?limit={limit}&offset={offset}"}]
    if behaviour.next_link == "always" or offset + limit < len(items):
        following = f"{base}{path}?limit={limit}&offset={offset + limit}"
        links.append({"rel": "next", "type": "application/json", "href": following})
    return items[offset : offset + limit], {name: [], "links": links}


def _count(parameters: dict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not text.isdecimal():
        raise problem(400, "InvalidParameterValue", "InvalidParameterValue", f"{name} must be a number")
    return int(text)
