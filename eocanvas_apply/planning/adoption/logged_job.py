"""What a job of the service was given, as far as its log and its results show all of it; else why they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.trace import LoggedRequest
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.manifest.model.jobs import SNAP, TAILOR
from eocanvas_apply.planning.adoption.imported_job import SeenJob
from eocanvas_apply.vocabulary import OgcStatus, is_under_way
from eocanvas_apply.web_addresses import users_in

_KEYSTORE = "keystore://"
_OPTIONS = {"uncompress": "uncompress", "subPath": "sub_path"}


class NotShownError(Exception):
    """A job cannot be written into a manifest; its text says why."""


class LoggedInput(Struct, frozen=True):
    """An input: a path in the storage of a physical key, or an address; with `uncompress` and `sub_path`."""

    location: str
    keystore: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class LoggedJob(Struct, frozen=True):
    """A job with its graph or chain, its inputs by name, and the physical key of its results; None: no key."""

    seen: SeenJob
    document: Graph | Chain
    inputs: Mapping[str, LoggedInput]
    output: str | None = None

    @property
    def job_id(self) -> str:
        """The job's id at the service."""
        return self.seen.shown.job_id

    @property
    def keystores(self) -> tuple[str, ...]:
        """The physical keys that it names."""
        named = (*(given.keystore for given in self.inputs.values()), self.output)
        return tuple(dict.fromkeys(name for name in named if name))


def logged_job(seen: SeenJob) -> LoggedJob:
    """Return what a job was given; raises NotShownError where it failed, is another project's, or shows too little."""
    status = seen.shown.status
    if status != OgcStatus.SUCCESSFUL and not is_under_way(status):
        raise NotShownError("it failed" if status == OgcStatus.FAILED else f"its status is {status or 'unknown'}")
    if (request := seen.request) is None:
        raise NotShownError("the service has no log of it")
    if request.marks:
        raise NotShownError("a project of eocanvas-apply launched it; where its ledger is lost: `ledger rebuild`")
    document = _document(seen.shown.process, request)
    return LoggedJob(seen, document, _inputs(request), _output(status, seen.results))


def _document(process: str, request: LoggedRequest) -> Graph | Chain:
    kind = {SNAP: Graph, TAILOR: Chain}.get(process, (Graph, Chain) if not process else None)
    if kind is None:
        raise NotShownError(f"no log shows what the process {process} was given")
    found = [document for document in request.documents if isinstance(document, kind)]
    if request.cut or not found:
        raise NotShownError("its log does not show its whole graph or chain")
    if len(found) > 1:
        raise NotShownError("its log shows several graphs or chains")
    return found[0]


def _inputs(request: LoggedRequest) -> Mapping[str, LoggedInput]:
    if not request.inputs:
        raise NotShownError("its log does not show its inputs")
    options = {name: given for each in request.options[:1] for entry in each for name, given in entry.items()}
    return {
        name: _input(name, location, each.get("schema"), options.get(name, {}))
        for each in request.inputs[0]
        for name, location in each.items()
        if name != "schema"
    }


def _input(name: str, location: str, schema: str | None, options: Mapping[str, Any]) -> LoggedInput:
    if schema is not None and not schema.startswith(_KEYSTORE):
        raise NotShownError(f"its input {name} has a schema that is no key")
    if schema is None and any(users_in(location)):
        raise NotShownError(f"the address of its input {name} holds a password")
    if schema is None and "?" in location:
        raise NotShownError(f"the address of its input {name} has a query, which may hold a password")
    keystore = schema.removeprefix(_KEYSTORE) if schema else None
    return LoggedInput(location, keystore, {_OPTIONS[each]: value for each, value in options.items()})


def _output(status: str, results: Sequence[ListedResult] | None) -> str | None:
    """Return the physical key that the results lie at, None where they are to be downloaded.

    Where the results of a job will go that still runs is not shown: it is taken for one without a key.
    """
    if results is None and status == OgcStatus.SUCCESSFUL:
        raise NotShownError("the service lists no results of it")
    at_key = [result for result in results or () if result.at_key]
    if not at_key:
        return None
    name = at_key[0].title.removeprefix(_KEYSTORE).partition("/")[0]
    if not at_key[0].title.startswith(_KEYSTORE) or not name:
        raise NotShownError("its results lie at a key that their titles do not name")
    return name
