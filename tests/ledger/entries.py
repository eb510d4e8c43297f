"""Entries and events to fill ledgers with, one sample of every type of event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.event_values import KeyUse, ListedResult, Region, TraceDigests
from eocanvas_apply.vocabulary import StorageType

T0 = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


OPENED = e.LedgerOpened(project="demo", service="https://s.example", account="jane", ledger_id="1d", salt="5a17")
LISTED = ListedResult(title="wks3:///j-1/output/a.nc", name="a.nc")
KEY: dict[str, Any] = {"address": "key.scenes", "generation": 1, "name": "demo-scenes-1-abc123"}
INTENT: dict[str, Any] = {"address": "job.subset", "intent": "0f" * 16}
ORDER: dict[str, Any] = {
    "address": "job.subset",
    "order": "0d" * 16,
    "dataset_id": "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___",
    "product_id": "S3A_OL_2_WFR____20240706T094017.SEN3",
}
RUN: dict[str, Any] = {"address": "job.subset", "job_id": "j-1"}


def key_intended(address: str = "key.scenes", generation: int = 1, name: str = "demo-scenes-1-abc123") -> e.KeyIntended:
    return e.KeyIntended(
        address=address,
        generation=generation,
        name=name,
        intent=f"{generation:032x}",
        storage=StorageType.S3,
        config={"bucket": "olci"},
        secrets={"secret_key": "scrypt:00"},
        public=False,
        description="ünïcode\u2028 and a\nline",
        expire_s=3600,
        send_before=at(0.5),
    )


def job_intended(address: str = "job.subset", intent: str = "0f" * 16) -> e.JobIntended:
    return e.JobIntended(
        address=address,
        intent=intent,
        process="snap-function",
        fingerprint="sha256:00",
        components={"algorithm": 1, "inputs": {"img1": {"key": "key.scenes", "path": "/a.zip"}}},
        trace=TraceDigests(document="d", inputs="i"),
        marked=True,
        body_sha256="00",
        keys=(KeyUse(address="key.scenes", generation=1, name="demo-scenes-1-abc123"),),
        output="download",
        max_duration_s=7200,
        region=Region(document="sha256:01", box=(10.0, 50.0, 18.5, 58.0)),
        decided=at(0),
        send_before=at(0.5),
    )


SAMPLES: tuple[e.AnyEvent, ...] = (
    OPENED,
    e.PlanAccepted(plan_id="sha256:1", manifest_digest="sha256:2", allowed=("allow-empty",), unprotected=("key.a",)),
    key_intended(),
    e.KeyCreated(**KEY, intent="01", created=at(0), expires=at(60), end_known=True),
    e.KeyAbandoned(**KEY, intent="01", reason="refused", status=403, message="no"),
    e.KeyDrainIntended(**KEY),
    e.KeyDrainEnded(**KEY),
    e.KeyDeleteIntended(**KEY, reason="secret-changed"),
    e.KeyDeleted(**KEY),
    job_intended(),
    e.JobWithdrawn(**INTENT, reason="too-late"),
    e.JobAbandoned(**INTENT),
    e.JobSubmitted(**INTENT, job_id="j-1", status="accepted", created=at(0)),
    e.JobRefused(**INTENT, status=429, refusal="quota", message="quota"),
    e.JobObserved(**RUN, status="running", created=at(0), started=at(1), looked=at(2)),
    e.JobObserved(**RUN, status="running", software={"ESA SNAP": "10.0.0"}),
    e.JobDismissIntended(**RUN),
    e.JobDismissed(**RUN, supported=False),
    e.PassObserved(address="job.subset", intent="0f" * 16, begun=at(20)),
    e.ResultsListed(**RUN, results=(LISTED,), looked=at(30)),
    e.ResultStored(**RUN, title=LISTED.title, file="results/subset/a.nc", size=9, sha256="00", modified_ns=5),
    e.Adopted(**RUN, reason="found", intent="0f" * 16),
    e.Adopted(**KEY, reason="imported", intent="01"),
    e.Forgotten(address="job.subset", reason="requested"),
    e.Resolved(**INTENT, decision="adopt", job_id="j-1"),
    e.OrderIntended(**ORDER, decided=at(0), send_before=at(0.5)),
    e.ProductOrdered(**ORDER, state="ordered", download_id="65a0", ordered=at(0.1)),
    e.TermsAccepted(term="Copernicus_General_License", dataset_id=ORDER["dataset_id"]),
    e.Protected(pattern="key.a"),
    e.Protected(pattern="job.b/*", lifted=True),
    e.Moved(address="job.old", to="job.new"),
    e.QuotaClosed(until=at(60)),
    e.QuotaClosed(until=at(90), quota="orders"),
)


def note(number: int) -> e.JobObserved:
    """Return a small fact with a number to recognise it."""
    return e.JobObserved(address=f"job.j{number}", job_id=f"j-{number}", status="running")


def entries(events: Sequence[e.AnyEvent], after: int = 0, batch: str = "b1", writer: str = "w") -> list[Entry]:
    """Return the entries of one append after a head."""
    return [
        Entry(seq=number, time=T0, writer=writer, batch=batch, of=len(events), event=event)
        for number, event in enumerate(events, start=after + 1)
    ]
