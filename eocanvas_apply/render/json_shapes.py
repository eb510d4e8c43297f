"""The JSON documents that have a schema, as types; `schemas/` is generated from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from msgspec import json
from pydantic import TypeAdapter

# pydantic reads these, and before Python 3.12 it reads only this TypedDict.
from typing_extensions import TypedDict

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.drift import DriftKind
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.vocabulary import FailureClass


class DiagnosticJson(TypedDict):
    """One diagnostic. Line and column count from 1; what does not apply is null."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    hint: str | None
    file: str | None
    line: int | None
    column: int | None
    address: str | None


class DiagnosticsJson(TypedDict):
    """What every command prints with `--format json`, also when it fails early."""

    format_version: str
    command: str
    exit: int
    diagnostics: list[DiagnosticJson]


class ChangeJson(TypedDict):
    """One difference. A sensitive one has no values; a text of over 200 characters is its `sha256:...`."""

    path: str
    before: NotRequired[Any]
    after: NotRequired[Any]
    sensitive: NotRequired[Literal[True]]


class ActionJson(TypedDict):
    """What is to be done with one address, and why.

    `changes` is there for replace, relaunch and adopt only; `note` is what the manifest says, such as why a job is
    skipped; `runs_again` why a job that runs now, or waits, is run again later in this run; `goes_later` why a key that
    is in use is deleted, or a job with an unknown answer forgotten, later in this run; `awaits` are the ids of
    products whose orders must be ready before; `results_until` is until when results are looked for that a successful
    job does not list yet.
    """

    address: str
    action: ActionKind
    reason: Reason
    note: NotRequired[str]
    runs_again: NotRequired[Reason]
    goes_later: NotRequired[Reason]
    changes: NotRequired[list[ChangeJson]]
    depends_on: list[str]
    awaits: NotRequired[list[str]]
    results_until: NotRequired[str]


class FoldedJson(TypedDict):
    """The number (`none_count`) of instances of a campaign of more than 1,000 that are done or kept and not listed.

    `address` is the campaign's. `plan --full` lists them all.
    """

    address: str
    action: Literal["none"]
    none_count: int


class BatchJson(TypedDict):
    """A number of launches that are possible together from this time."""

    at: str
    launches: int


class RenewalJson(TypedDict):
    """How many times a key must be renewed until the last launch that uses it."""

    address: str
    times: int
    first: str


class ForecastJson(TypedDict):
    """How many launches are possible now, how many wait, and when the last is possible (RFC 3339, null if unknown).

    `later` are the launches that wait for a time, `renewals` the keys renewed until the last of them.
    """

    launches_now: int
    waiting: int
    ends: str | None
    later: NotRequired[list[BatchJson]]
    renewals: NotRequired[list[RenewalJson]]


class CourseJson(TypedDict):
    """One simulated run: the kind of fault, the time of its end, and what was launched.

    `second_jobs` are duplicates of jobs; `failed` addresses ended without success, `undecided` ones need a decision.
    `per_day` counts launches by date (UTC), `renewed` how often each key was renewed.
    """

    disturbance: Literal["none", "answers-lost", "jobs-fail-in-staging", "service-out"]
    ends: str
    launches: int
    second_jobs: int
    failed: int
    undecided: int
    per_day: dict[str, int]
    renewed: dict[str, int]


class RehearsalJson(TypedDict):
    """What `plan --simulate` found; the first of `courses` is the one in which nothing goes wrong.

    A job takes `job_time_s`, measured on this project's jobs if `job_time_measured`; `earliest` is the earliest end
    that the quota allows.
    """

    begun: str
    job_time_s: float
    job_time_measured: bool
    failure_share: float
    earliest: str
    courses: list[CourseJson]


# Written in this form: `from` is a word of Python.
MoveJson = TypedDict("MoveJson", {"from": str, "to": str})


class DriftJson(TypedDict):
    """Where something is not as it is recorded; `counts` tells whether it makes `--detailed-exitcode` exit with 2.

    `changes` are from the record to what is there now; `place` is the file of a result or its address in a storage,
    `ends` when a key ended or will; `failure` is the class of a failed job, `failure_line` the line of its log.
    """

    address: str
    drift: DriftKind
    counts: bool
    changes: list[ChangeJson]
    job_id: NotRequired[str]
    place: NotRequired[str]
    ends: NotRequired[str]
    failure: NotRequired[FailureClass]
    failure_line: NotRequired[str]


class PlanBody(TypedDict):
    """A plan without what its command adds.

    `ledger_id` is null while there is no ledger; `moved` is what of the manifest's `moved:` is not on record yet.
    `drift` is there with `--refresh-only`: then `actions` is empty, for nothing is planned.
    """

    plan_id: str
    project: str
    environment: NotRequired[str]
    service: str
    account: str
    ledger_id: str | None
    ledger_head: int
    manifest_digest: str
    created: str
    moved: NotRequired[list[MoveJson]]
    drift: NotRequired[list[DriftJson]]
    actions: list[ActionJson | FoldedJson]
    summary: dict[ActionKind, int]
    forecast: ForecastJson


class PlanJson(PlanBody):
    """What `plan --format json` prints; `simulate` with `--simulate` only."""

    simulate: NotRequired[RehearsalJson]

    format_version: str
    command: Literal["plan"]
    exit: int
    diagnostics: list[DiagnosticJson]


class ResultJson(TypedDict):
    """How one address ended in this run; `job_id` and `status` are those of its job, null where it has none.

    `results_until` is until when results are looked for that its job does not list yet, `remarks` the codes of what the
    log of its successful job says of the results.
    """

    address: str
    action: ActionKind
    outcome: Literal["done", "failed", "waiting", "skipped"]
    error: DiagnosticJson | None
    job_id: str | None
    status: str | None
    results_until: NotRequired[str]
    remarks: NotRequired[list[str]]


class OutcomeCounts(TypedDict):
    """How many addresses ended how."""

    done: int
    failed: int
    waiting: int
    skipped: int


class ApplyBody(TypedDict):
    """How a run ended, without what its command adds."""

    plan_id: str
    results: list[ResultJson]
    summary: OutcomeCounts


class ApplyJson(ApplyBody):
    """What `apply --format json` and `destroy --format json` print."""

    format_version: str
    command: Literal["apply", "destroy"]
    exit: int
    diagnostics: list[DiagnosticJson]


class KeyStatusJson(TypedDict):
    """One key; `status` is live, absent, or existing: there, but not ours. `expires` null never ends or is unknown."""

    address: str
    status: str
    reason: Reason
    name: str | None
    expires: str | None


class RemarkJson(TypedDict):
    """What a log says of a result; `lines` is how many lines say so."""

    code: str
    severity: Severity
    line: str
    lines: int


class JobStatusJson(TypedDict):
    """One job; `status` is the service's word, or not-launched, answer-open, refused; `created` null is unknown.

    Of a failed job `failure` is the class that its log gives (null while there is none yet) and `failure_line` the line
    of the log that says so, secrets hidden, empty where no line does; `refusal` is what the service answered to a
    launch that it refused. `results_until` is until when results are looked for that are not listed yet.
    """

    address: str
    status: str
    reason: Reason
    job_id: str | None
    created: str | None
    failure: NotRequired[FailureClass | None]
    failure_line: NotRequired[str]
    refusal: NotRequired[str]
    results_until: NotRequired[str]
    remarks: NotRequired[list[RemarkJson]]


class WindowJson(TypedDict):
    """One window of the quota: `jobs` in `per_s` seconds; `next_free` is null where none is used."""

    jobs: int
    per_s: int
    used: int
    left: int
    next_free: str | None


class StatusBody(TypedDict):
    """The state of every key and job, without what its command adds."""

    keys: list[KeyStatusJson]
    jobs: list[JobStatusJson]
    windows: list[WindowJson]
    forecast: ForecastJson


class StatusJson(StatusBody):
    """What `status --format json` prints."""

    format_version: str
    command: Literal["status"]
    exit: int
    diagnostics: list[DiagnosticJson]


DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS: Mapping[str, tuple[str, Any]] = {
    "plan": ("Plan", PlanJson),
    "apply-result": ("Result of an apply or a destroy", ApplyJson),
    "status": ("Status", StatusJson),
    "diagnostics": ("Diagnostics", DiagnosticsJson),
}


def document_schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each document by its name, and `ledger-event`, one line of a ledger."""
    schemas = {name: titled(title, TypeAdapter(kind).json_schema()) for name, (title, kind) in _DOCUMENTS.items()}
    return schemas | {"ledger-event": titled("One line of a ledger", _ledger_event())}


def titled(title: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with its dialect and a title for people in front."""
    return {"$schema": DIALECT, "title": title} | {k: v for k, v in schema.items() if k not in {"$schema", "title"}}


def _ledger_event() -> dict[str, Any]:
    """Return the schema of the flat object: every event's own fields beside those of the envelope."""
    definitions = json.schema(Entry)["$defs"]
    envelope = {name: field for name, field in definitions.pop("Entry")["properties"].items() if name != "event"}
    for definition in definitions.values():
        if "type" in definition.get("properties", ()):
            definition["required"] = [*envelope, *definition["required"]]
            definition["properties"] = {**envelope, **definition["properties"]}
    return {**json.schema(AnyEvent), "$defs": definitions}
