"""A scene for the planner: a manifest, what the ledger says, what the service shows; all values, no I/O."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.documents.trace import trace_of
from eocanvas_apply.engine.definition import given_rows, parse_project
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.event_values import KeyUse, ListedResult
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.failures import classify
from eocanvas_apply.planning.jobs.launching import Launch, key_uses, launch
from eocanvas_apply.planning.plan import Plan, PlannedAction, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.planning.state.observed import Observed, ObservedJob, ObservedKey, Pass

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
WEEK = timedelta(days=7)
SERVICE = "https://eocanvas.invalid/serverless"
ACCOUNT = "jane"
LEDGER_ID = "1f" * 16

GRAPH = b"""<graph id="Graph">
  <version>1.0</version>
  <node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
  <node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
    <parameters><file>$output</file></parameters></node>
</graph>
"""
CHAIN = b"product: OLL2WFR\nformat: netcdf4\n"
FILES = {"graph.xml": GRAPH, "chain.yaml": CHAIN}

HEAD = "version: 1\nproject: baltic\n"
SCENES = """keys:
  scenes:
    type: s3
    bucket: olci
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {env: ACCESS}
    secret_key: {env: SECRET}
"""
SUBSET = """jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {key: scenes, path: /a.zip, uncompress: true}}
"""
ONE_OF_EACH = HEAD + SCENES + SUBSET


def intent_id(number: int) -> str:
    return f"{number:032x}"


@dataclass
class Scene:
    """Build it up, then ask for the plan. Numbers name intents; the job of intent 1 is `job-1` by default."""

    manifest: str = ONE_OF_EACH
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    at: datetime = AT
    events: list[e.AnyEvent] = field(default_factory=list)
    keys: dict[str, ObservedKey] = field(default_factory=dict)
    jobs: dict[str, ObservedJob] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    changes: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def desired(self) -> Desired:
        project = parse_project(self.manifest, Path("manifest.yaml"), lambda path: self.files[path])
        return given_rows(project, self.at).desired({})

    def now_reads(self, manifest: str, **files: bytes) -> None:
        """Change the manifest after what was recorded so far."""
        self.manifest = manifest
        self.files.update({name.replace("_", "."): text for name, text in files.items()})
        self.__dict__.pop("desired", None)

    @property
    def recorded(self) -> Recorded:
        opened = e.LedgerOpened(
            project=self.desired.project, service=SERVICE, account=ACCOUNT, ledger_id=LEDGER_ID, salt="00" * 16
        )
        recorded = Recorded()
        events: list[e.AnyEvent] = [opened, *self.events] if self.events else []
        entries = [
            Entry(seq=seq, time=self.at, writer="test", batch=f"{seq:032x}", event=event)
            for seq, event in enumerate(events, start=1)
        ]
        recorded.add(entries)
        return recorded

    @property
    def observed(self) -> Observed:
        seen = Observed(
            at=self.at,
            account=ACCOUNT,
            service=SERVICE,
            keys=self.keys,
            jobs=Pass(self.at, self.complete, self.jobs),
            traces={job_id: trace_of(text) for job_id, text in self.logs.items()},
            failures={job_id: classify(text.splitlines()) if text else None for job_id, text in self.logs.items()},
            secrets={(k.address, f): secret(k.address, f) for k in self.desired.keys.values() for f in k.secrets},
        )
        return replace(seen, **self.changes)

    def sees(self, **changes: Any) -> None:
        """Replace fields of the observation."""
        self.changes.update(changes)

    # what is on record

    def intend_key(self, name: str, generation: int = 1, **changes: Any) -> e.KeyIntended:
        key = self.desired.keys[f"key.{name}"]
        given: dict[str, Any] = {
            "address": key.address,
            "generation": generation,
            "name": key.fixed_name or f"{self.desired.project}-{name}-{generation}-abc123",
            "intent": hashlib.sha256(f"{name}#{generation}".encode()).hexdigest()[:32],
            "storage": key.storage,
            "config": dict(key.config),
            "secrets": {f: secret(key.address, f) for f in key.secrets},
            "public": key.public,
            "description": key.description,
            "expire_s": key.expire_s,
            "fixed": key.fixed_name is not None,
            "send_before": self.at - HOUR,
        }
        intended = e.KeyIntended(**{**given, **changes})
        self.events.append(intended)
        return intended

    def make_key(
        self, name: str, generation: int = 1, *, life: timedelta = WEEK, shown: bool = True, **changes: Any
    ) -> e.KeyCreated:
        """Record a key that was created an hour ago (or at `send_before`), and show it."""
        intended = self.intend_key(name, generation, **changes)
        made = intended.send_before
        created = e.KeyCreated(
            address=intended.address,
            generation=generation,
            name=intended.name,
            intent=intended.intent,
            created=made,
            expires=made + life,
            end_known=True,
        )
        self.events.append(created)
        if shown:
            self.show_key(intended, made, made + life)
        return created

    def show_key(self, intended: e.KeyIntended, made: datetime, expires: datetime | None, **changes: Any) -> None:
        description = f"eocanvas-apply {self.desired.project} {intended.address} {intended.intent}"
        seen = ObservedKey(intended.name, intended.storage, intended.public, description, made, expires)
        self.keys[intended.name] = replace(seen, **changes)

    def request(self, name: str, number: int) -> tuple[DesiredJob, tuple[KeyUse, ...], Launch]:
        job = self.desired.jobs[name if name.startswith("job.") else f"job.{name}"]
        uses = key_uses(job, self.desired.keys, self.recorded)
        mark = mark_for(intent_id(number), self.desired.project, job.address) if job.marked else None
        return job, uses, launch(job, uses, mark)

    def intend(self, name: str, number: int = 1, *, decided: datetime | None = None) -> e.JobIntended:
        job, uses, request = self.request(name, number)
        moment = decided or self.at - 30 * MINUTE
        intended = e.JobIntended(
            address=job.address,
            intent=intent_id(number),
            process=job.process,
            fingerprint=job.fingerprint,
            components=json.loads(json.dumps(job.components)),
            trace=request.trace,
            marked=job.marked,
            body_sha256=request.sha256,
            keys=uses,
            output=job.output,
            max_duration_s=int(job.max_duration.total_seconds()),
            decided=moment,
            send_before=moment + self.desired.timing.send_within,
        )
        self.events.append(intended)
        return intended

    def launched(
        self,
        name: str,
        number: int = 1,
        *,
        status: str = "running",
        created: datetime | None = None,
        shown: bool = True,
    ) -> str:
        """Record a launch that was answered, and show its job."""
        made = created or self.at - 30 * MINUTE
        intended = self.intend(name, number, decided=made)
        job_id = f"job-{number}"
        self.events.append(
            e.JobSubmitted(
                address=intended.address, intent=intended.intent, job_id=job_id, status="accepted", created=made
            )
        )
        if status != "accepted":
            self.events.append(
                e.JobObserved(address=intended.address, job_id=job_id, status=status, created=made, looked=made)
            )
        if shown:
            self.show_job(job_id, status, made, intended.process)
        return job_id

    def done(self, name: str, number: int = 1, *, stored: bool = True, at_key: bool = False) -> str:
        """Record a job that succeeded with one result."""
        job_id = self.launched(name, number, status="successful")
        address = name if name.startswith("job.") else f"job.{name}"
        result = ListedResult(title=f"wks3:///{job_id}/output/one.nc", name="one.nc", at_key=at_key)
        self.events.append(e.ResultsListed(address=address, job_id=job_id, results=(result,), looked=self.at))
        if stored:
            self.events.append(
                e.ResultStored(
                    address=address,
                    job_id=job_id,
                    title=result.title,
                    file=f"results/{name}/one.nc",
                    size=10,
                    sha256="0" * 64,
                )
            )
        return job_id

    # what the service shows

    def show_job(
        self, job_id: str, status: str = "running", created: datetime | None = None, process: str = "snap-function"
    ) -> None:
        self.jobs[job_id] = ObservedJob(job_id, process, status, created or self.at - 30 * MINUTE)

    def log(self, name: str, number: int) -> str:
        """Return what the log of a job says that was launched for this intent."""
        _, _, request = self.request(name, number)
        given = json.loads(request.content)["inputs"]
        document = given.get("snap_graph") or given.get("epct_chain")
        texts = [f"+ {name}='{given[name]}'" for name in ("eo_input", "epct_input") if name in given]
        return "\n".join([*texts, f"+ echo {document}", "+ base64 -d", "+ gpt graph.xml"])

    # what follows

    @property
    def notes(self) -> list[e.AnyEvent]:
        """What the observation adds to the record."""
        return notes(self.desired, self.recorded, self.observed)

    def plan(self, requests: Requests | None = None) -> Plan:
        recorded, observed = self.recorded, self.observed
        recorded.note(notes(self.desired, recorded, observed))
        return plan(self.desired, requests or Requests(), recorded, observed)

    def action(self, address: str, requests: Requests | None = None) -> PlannedAction:
        return self.plan(requests).by_address()[address]

    def says(self, address: str, requests: Requests | None = None) -> str:
        action = self.action(address, requests)
        return f"{action.action}({action.reason})"

    def copy(self) -> Scene:
        return copy.deepcopy(self)


def secret(address: str, name: str) -> str:
    """Return the fingerprint of a secret as the ledger would hold it."""
    return f"scrypt:{address}.{name}"
