"""What can be launched: the processes, and the body of a launch, read and checked as the service does it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.messages import Refusal, WireRequest, problem

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
        raise _invalid(f"{name} must be a number")
    return int(text)


_KEYSTORE = "keystore://"
_DOCUMENTS = {"snap-function": "snap_graph", "dataTailor": "epct_chain"}
_PREFIXES = {"snap-function": "eo", "dataTailor": "epct"}


@dataclass(frozen=True, slots=True)
class InputOption:
    """What is done with an input before it is used; `sub_path` is the end of the path of one file in it."""

    uncompress: bool = False
    sub_path: str = ""


@dataclass(frozen=True, slots=True)
class JobInput:
    """One input: a URL, or a path in the storage that a key opens."""

    name: str
    location: str
    key: str | None
    option: InputOption


@dataclass(frozen=True, slots=True)
class Execution:
    """A launch. `document` is the decoded graph or chain; `texts` are its inputs as they were sent."""

    process: str
    texts: Mapping[str, str]
    document: bytes | None
    inputs: tuple[JobInput, ...]
    output_key: str | None
    digest: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of all keys that it refers to, each once."""
        names = [*(i.key for i in self.inputs), self.output_key]
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def locations(self) -> tuple[str, ...]:
        """Where its inputs lie, in order."""
        return tuple(i.location for i in self.inputs)


def read_execution(process_id: str, body: bytes) -> Execution:
    """Return the launch that the body of a POST asks for. Raises Refusal (400, 404)."""
    process = process_of(process_id)
    body_document = _object(_from_json(body, "the body"), "the body")
    texts = _texts(process, _object(body_document.get("inputs"), "inputs"))
    return Execution(
        process.id,
        texts,
        _decoded(texts, _DOCUMENTS.get(process.id)),
        _inputs(texts, _PREFIXES.get(process.id)),
        _output_key(_object(body_document.get("outputs", {}), "outputs")),
        hashlib.sha256(json.dumps([process.id, body_document], sort_keys=True).encode()).hexdigest(),
    )


def _texts(process: Process, inputs: dict[str, Any]) -> dict[str, str]:
    for name in process.required:
        if name not in inputs:
            raise _invalid(f"the input {name} is missing", "MissingParameterValue")
    for name, value in inputs.items():
        if not isinstance(value, str):
            raise _invalid(f"the input {name} must be a string")
    return dict(inputs)


def _decoded(texts: Mapping[str, str], name: str | None) -> bytes | None:
    if name is None:
        return None
    try:
        return base64.b64decode(texts[name], validate=True)
    except (binascii.Error, ValueError):
        raise _invalid(f"{name} must be base64") from None


def _inputs(texts: Mapping[str, str], prefix: str | None) -> tuple[JobInput, ...]:
    if prefix is None:
        return ()
    options = _options(texts.get(f"{prefix}_config", "[]"), f"{prefix}_config")
    items = _objects(texts[f"{prefix}_input"], f"{prefix}_input")
    return tuple(found for item in items for found in _inputs_of(item, options))


def _inputs_of(item: dict[str, Any], options: Mapping[str, InputOption]) -> list[JobInput]:
    schema = item.get("schema")
    key = schema.removeprefix(_KEYSTORE) if isinstance(schema, str) and schema.startswith(_KEYSTORE) else None
    names = [name for name in item if name != "schema"]
    if not all(isinstance(item[name], str) for name in names):
        raise _invalid("the location of an input must be a string")
    return [JobInput(name, item[name], key, options.get(name, InputOption())) for name in names]


def _options(text: str, name: str) -> dict[str, InputOption]:
    options = {}
    for item in _objects(text, name):
        for key, value in item.items():
            fields = _object(value, f"{name} of {key}")
            options[key] = InputOption(fields.get("uncompress") is True, str(fields.get("subPath") or ""))
    return options


def _output_key(outputs: dict[str, Any]) -> str | None:
    if not outputs:
        return None
    output = _object(outputs.get("output"), "outputs.output")
    schema = _object(output.get("format"), "outputs.output.format").get("schema")
    if not isinstance(schema, str) or not schema.startswith(_KEYSTORE):
        raise _invalid("the schema of an output must start with keystore://")
    return schema.removeprefix(_KEYSTORE)


def _objects(text: str, name: str) -> list[dict[str, Any]]:
    items = _from_json(text.encode(), name)
    if not isinstance(items, list):
        raise _invalid(f"{name} must be a JSON list in a string")
    return [_object(item, f"each item of {name}") for item in items]


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"{name} must be an object")
    return value


def _from_json(text: bytes, name: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise _invalid(f"{name} is not JSON") from None


def _invalid(detail: str, kind: str = "InvalidParameterValue") -> Refusal:
    return problem(400, kind, kind, detail)
