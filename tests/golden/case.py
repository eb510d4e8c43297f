"""One golden case: a folder with a manifest, a ledger and what the service shows, read into the planner's values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from eocanvas_apply.api.values import build_plan
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.trace import trace_of
from eocanvas_apply.engine.definition import given_rows, open_project
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.drift import Drifted, DriftReport, drift, drifted_object, with_plan
from eocanvas_apply.planning.failures import classify
from eocanvas_apply.planning.log_rules import remarks_in
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.state.at_keys import ResultAtKey, results_at_keys
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.planning.state.observed import (
    Download,
    DownloadState,
    FileState,
    Observed,
    ObservedJob,
    ObservedKey,
    Pass,
    Sealing,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """The folder of one case; README.md says what stands in its files."""

    folder: Path

    def plan(self) -> Plan:
        """Return the plan of this case, made as a run makes it."""
        observed = _observed(self.service())
        requests = _requests(self.service().get("requests", {}))
        made = build_plan(self.desired(), self.recorded(), observed, requests, observed.at).value
        return made.with_texts(self.launched_texts())

    def drift(self) -> DriftReport:
        """Return what `plan --refresh-only` says of this case, made as a run makes it."""
        desired, recorded, observed = self.desired(), self.recorded(), _observed(self.service())
        objects = self.service().get("objects", {})
        shown = [each for each in results_at_keys(recorded) if each.path in objects]
        found = drift(recorded, observed, filter(None, (_object(each, objects[each.path]) for each in shown)))
        facts = notes(desired, recorded, observed)
        recorded.note(facts)
        made = plan(desired, Requests(), recorded, observed)
        return DriftReport(made, with_plan(found, made.actions, facts, recorded))

    def launched_texts(self) -> dict[str, str]:
        files = (self.folder / "documents").glob("*")
        return {f"sha256:{file.name}": file.read_text(encoding="utf-8") for file in files}

    def desired(self) -> Desired:
        project, now = open_project(self.folder / "manifest.yaml"), datetime.fromisoformat(self.service()["at"])
        return given_rows(project, now).desired({})

    def recorded(self) -> Recorded:
        recorded = Recorded()
        file = self.folder / "ledger.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        recorded.add(Entry.from_json(json.loads(line)) for line in lines)
        return recorded

    def service(self) -> Json:
        found: Json = json.loads((self.folder / "service.json").read_text(encoding="utf-8"))
        return found


def _observed(service: Json) -> Observed:
    at = _time(service["at"])
    assert at is not None
    listed = service.get("jobs", {})
    jobs = {given["id"]: _job(given) for given in listed.get("list", ())}
    sealing, logs = service.get("sealing"), service.get("logs", {})
    return Observed(
        at=at,
        account=service["account"],
        service=service["service"],
        keys={given["name"]: _key(given) for given in service.get("keys", ())},
        withheld=frozenset(service.get("withheld", ())),
        jobs=Pass(_time(listed.get("begun")) or at, listed.get("complete", True), jobs),
        gone=frozenset(service.get("gone", ())),
        unclear=frozenset(service.get("unclear", ())),
        traces={job_id: trace_of("\n".join(lines)) for job_id, lines in logs.items()},
        failures={job_id: classify(lines) if lines else None for job_id, lines in logs.items()},
        remarks={job_id: remarks_in("\n".join(lines), None) for job_id, lines in logs.items() if lines},
        results={job_id: _listing(found) for job_id, found in service.get("results", {}).items()},
        secrets={
            (key, name): value for key, found in service.get("secrets", {}).items() for name, value in found.items()
        },
        unreadable={key: (_fault(key, found),) for key, found in service.get("unreadable", {}).items()},
        sealing=Sealing(sealing["limit"], sealing["bits"], sealing["sizes"], sealing.get("digest", ""))
        if sealing
        else None,
        files={path: FileState(state) for path, state in service.get("files", {}).items()},
        processes=service.get("processes"),
        described=service.get("described", {}),
        downloads={name: _download(name, state) for name, state in service.get("downloads", {}).items()},
    )


def _object(result: ResultAtKey, given: Json | None) -> Drifted | None:
    if given is None:
        return drifted_object(result, None, None, there=False)
    return drifted_object(result, given.get("size"), _time(given.get("modified")), there=True)


def _requests(given: Json) -> Requests:
    return Requests(
        destroy=given.get("destroy", False),
        forget=frozenset(given.get("forget", ())),
        allowed=frozenset(given.get("allowed", ())),
        relaunch=frozenset(given.get("relaunch", ())),
        cancel=frozenset(given.get("cancel", ())),
        retry_failed=given.get("retry_failed", False),
        no_fetch=given.get("no_fetch", False),
        launches_stopped=given.get("launches_stopped", False),
        only=frozenset(given["only"]) if "only" in given else None,
        limit=given.get("limit"),
        launches=given.get("launches", 0),
        sealing_key=given.get("sealing_key"),
    )


def _key(given: Json) -> ObservedKey:
    return ObservedKey(
        name=given["name"],
        storage=given["type"],
        public=given.get("public", False),
        description=given.get("description", ""),
        created=_time(given.get("created")),
        expires=_time(given.get("expires")),
        end_known=given.get("end_known", True),
        owner=given.get("owner", ""),
    )


def _job(given: Json) -> ObservedJob:
    return ObservedJob(
        job_id=given["id"],
        process=given["process"],
        status=given["status"],
        created=_time(given.get("created")),
        started=_time(given.get("started")),
        finished=_time(given.get("finished")),
    )


def _listing(found: list[Json] | None) -> tuple[ListedResult, ...] | None:
    return None if found is None else tuple(ListedResult(**result) for result in found)


def _download(download_id: str, state: str) -> Download:
    return Download(DownloadState(state), f"https://hda.invalid/api/v1/dataaccess/download/{download_id}")


def _fault(key: str, found: Json) -> Diagnostic:
    return error(found["code"], found["message"], found.get("hint", ""), address=key)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
