"""The events of a ledger: one class a type, each a fact or a claim about one address.

Claims say what is about to be done (`*-intended`, `*-abandoned`) and hold only on the head they were decided on.
Facts say what happened and may stand in any order. No event holds a secret: secrets appear as slow fingerprints.
Stamps that the service gave (`created`, `finished`, ...) and stamps compared with them (`decided`, `send_before`,
`begun`) are service time; an entry's own `time` is the writer's clock and only for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eocanvas_apply.ledger.event import AddressEvent as AddressEvent
from eocanvas_apply.ledger.event import Event as Event
from eocanvas_apply.ledger.event import Time as Time


class KeyEvent(AddressEvent):
    """An event about one generation of a key; generations count from 1."""

    generation: int = Field(ge=1)
    name: str = Field(description="The physical name on the service.")


class IntentEvent(AddressEvent):
    """An event about one intent to launch a job; `intent` is 128 random bits in hex."""

    intent: str


class RunEvent(AddressEvent):
    """An event about one job of the service."""

    job_id: str


class LedgerOpened(Event):
    """The first event: binds the ledger to project, service and account."""

    type: Literal["ledger-opened"] = "ledger-opened"
    project: str
    service: str
    account: str
    ledger_id: str
    salt: str = Field(description="Hex; salts the slow fingerprints of secrets in this ledger.")


class PlanAccepted(Event):
    """A person, or a flag, accepted this plan."""

    type: Literal["plan-accepted"] = "plan-accepted"
    plan_id: str
    manifest_digest: str


class KeyIntended(KeyEvent):
    """Claim: this generation is about to be created."""

    type: Literal["key-intended"] = "key-intended"
    intent: str
    storage: Literal["S3", "WEBDAV"]
    config: dict[str, str] = Field(description="The plain fields that go into the sealed text.")
    secrets: dict[str, str] = Field(description="Slow salted fingerprint of each secret field.")
    public: bool
    description: str
    expire_s: int
    fixed: bool = Field(default=False, description="The manifest fixes the physical name: it rotates in place.")
    send_before: Time


class KeyCreated(KeyEvent):
    """Fact: the key exists. Without `end_known` its end is unknown, not infinite."""

    type: Literal["key-created"] = "key-created"
    intent: str
    created: Time | None = None
    expires: Time | None = None
    end_known: bool = False


class KeyAbandoned(KeyEvent):
    """Claim: this generation was not created, as far as anybody can see; one that turns up later is deleted."""

    type: Literal["key-abandoned"] = "key-abandoned"
    intent: str
    reason: Literal["refused", "not-sent", "not-found", "late"]
    status: int | None = None
    message: str = ""


class KeyDrainIntended(KeyEvent):
    """Claim: no new intent names this key any more, it is about to be replaced under the same name."""

    type: Literal["key-drain-intended"] = "key-drain-intended"


class KeyDrainEnded(KeyEvent):
    """Claim: the manifest went back before the delete; the key is used again."""

    type: Literal["key-drain-ended"] = "key-drain-ended"


class KeyDeleteIntended(KeyEvent):
    """Claim: this generation is about to be deleted."""

    type: Literal["key-delete-intended"] = "key-delete-intended"


class KeyDeleted(KeyEvent):
    """Fact: this generation is gone."""

    type: Literal["key-deleted"] = "key-deleted"


class KeyUse(BaseModel):
    """Which generation of which key a job names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    generation: int | None = Field(default=None, description="None for a key that is not ours.")
    name: str


class TraceDigests(BaseModel):
    """What the job's log will repeat of it, as digests; None where the process takes no such thing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str | None = None
    inputs: str | None = None


class JobIntended(IntentEvent):
    """Claim: this job is about to be launched, and never again for this intent."""

    type: Literal["job-intended"] = "job-intended"
    process: str
    fingerprint: str
    components: dict[str, Any] = Field(description="What the fingerprint is made of; documents as SHA-256.")
    trace: TraceDigests
    marked: bool
    body_sha256: str
    keys: tuple[KeyUse, ...] = ()
    output: str = Field(description="The output's key address, or `download`.")
    max_duration_s: int
    orders: tuple[str, ...] | None = Field(default=None, description="The orders whose downloads are its inputs.")
    decided: Time
    send_before: Time


class JobWithdrawn(IntentEvent):
    """Fact: its writer did not send this intent and will not."""

    type: Literal["job-withdrawn"] = "job-withdrawn"
    reason: Literal["too-late", "not-sent", "stopped"]


class JobAbandoned(IntentEvent):
    """Claim: the service shows no job of this intent, and had the time to."""

    type: Literal["job-abandoned"] = "job-abandoned"


class JobSubmitted(IntentEvent):
    """Fact: the service answered the launch with this job."""

    type: Literal["job-submitted"] = "job-submitted"
    job_id: str
    status: str
    created: Time | None = None


class JobRefused(IntentEvent):
    """Fact: the service refused the launch and started nothing (or answered with another intent's job)."""

    type: Literal["job-refused"] = "job-refused"
    status: int
    refusal: Literal["quota", "access", "request", "same-job"]
    message: str = ""
    job_id: str | None = None


FailureName = Literal["input-config", "staging-in", "staging-out", "killed", "key", "graph", "unknown"]


class JobObserved(RunEvent):
    """Fact: the service shows this status; earlier passes that missed the job do not count any more."""

    type: Literal["job-observed"] = "job-observed"
    status: str
    looked: Time | None = None
    created: Time | None = None
    started: Time | None = None
    finished: Time | None = None
    failure: FailureName | None = Field(default=None, description="The class of a failure, from the log.")
    failure_line: str | None = Field(default=None, description="The line of the log that tells of it, secrets hidden.")


class JobDismissIntended(RunEvent):
    """Claim: this job is about to be dismissed; one that was cancelled (`requested`) is not launched again."""

    type: Literal["job-dismiss-intended"] = "job-dismiss-intended"
    reason: Literal["duplicated", "destroyed", "requested"] | None = None


class JobDismissed(RunEvent):
    """Fact: the service was asked; `supported` is False where it does not do it: the job runs on."""

    type: Literal["job-dismissed"] = "job-dismissed"
    supported: bool = True


class PassObserved(AddressEvent):
    """Fact: a complete pass of the job list, begun then, did not show what it looked for."""

    type: Literal["pass-observed"] = "pass-observed"
    intent: str | None = None
    job_id: str | None = None
    begun: Time
    by_id: bool = Field(default=False, description="The job's own address answered 404 as well.")


class ListedResult(BaseModel):
    """One result as the service lists it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    name: str
    at_key: bool = False


class ResultsListed(RunEvent):
    """Fact: all pages of the results of this job; None means that they were not there (404) at `looked`.

    With `gone`, what was listed before was not there: the list or a file answered 404 or 410.
    """

    type: Literal["results-listed"] = "results-listed"
    results: tuple[ListedResult, ...] | None = None
    looked: Time
    gone: bool | None = Field(default=None, description="Results that were listed once could not be had any more.")


class ResultStored(RunEvent):
    """Fact: this result lies whole in the job's folder; `file` is relative to the manifest, `size` in bytes."""

    type: Literal["result-stored"] = "result-stored"
    title: str
    ordinal: int | None = Field(default=None, description="Which one, where several listed have this title.")
    file: str
    size: int
    sha256: str
    modified_ns: int | None = Field(default=None, description="The file's time of change, as it was stored.")


class Adopted(RunEvent):
    """Fact: a job that we did not see answered is ours: found by its trace, or returned to the manifest."""

    type: Literal["adopted"] = "adopted"
    reason: Literal["found", "returned", "resolved"]
    intent: str | None = None


class Forgotten(AddressEvent):
    """Claim: the address is no longer ours to run; a job in flight still counts until it ends."""

    type: Literal["forgotten"] = "forgotten"
    reason: Literal["not-in-manifest", "destroyed", "requested"]


class Resolved(IntentEvent):
    """Fact: a person decided what an open intent became; `cancel`: whatever that is, it shall not run.

    A decision to cancel is a claim.
    """

    type: Literal["resolved"] = "resolved"
    decision: Literal["adopt", "launch", "cancel"]
    job_id: str | None = None


class OrderEvent(AddressEvent):
    """An event about one order of a product, made for a job (or for several, of which this is one)."""

    order: str = Field(description="128 random bits in hex.")
    dataset_id: str
    product_id: str


class OrderIntended(OrderEvent):
    """Claim: this product is about to be ordered. Without an answer on record it may have cost a unit of quota."""

    type: Literal["order-intended"] = "order-intended"
    decided: Time
    send_before: Time


OrderState = Literal["not-sent", "refused", "ordered", "ready", "gone"]


class ProductOrdered(OrderEvent):
    """Fact: what became of an order, and later whether its download was ready or gone (404)."""

    type: Literal["product-ordered"] = "product-ordered"
    state: OrderState
    download_id: str | None = None
    ordered: Time | None = None
    status: int | None = None
    message: str = ""


class TermsAccepted(Event):
    """Fact: this licence, which the manifest names, was accepted for the account."""

    type: Literal["terms-accepted"] = "terms-accepted"
    term: str
    dataset_id: str


class QuotaClosed(Event):
    """Fact: the service refused for quota (429); no launch, or no order of a product, before `until`."""

    type: Literal["quota-closed"] = "quota-closed"
    until: Time
    quota: Literal["launches", "orders"] = "launches"


AnyEvent = Annotated[
    LedgerOpened
    | PlanAccepted
    | KeyIntended
    | KeyCreated
    | KeyAbandoned
    | KeyDrainIntended
    | KeyDrainEnded
    | KeyDeleteIntended
    | KeyDeleted
    | JobIntended
    | JobWithdrawn
    | JobAbandoned
    | JobSubmitted
    | JobRefused
    | JobObserved
    | JobDismissIntended
    | JobDismissed
    | PassObserved
    | ResultsListed
    | ResultStored
    | Adopted
    | Forgotten
    | Resolved
    | OrderIntended
    | ProductOrdered
    | TermsAccepted
    | QuotaClosed,
    Field(discriminator="type"),
]


_ENVELOPE = ("v", "seq", "time", "writer", "batch", "of")


class Entry(BaseModel):
    """An event with its envelope, one line of a ledger."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    v: Literal[1] = 1
    seq: int = Field(ge=1)
    time: Time
    writer: str = Field(description="Who appended: host and a random word, for people.")
    batch: str = Field(description="Random; the same for all events of one append.")
    of: int = Field(default=1, ge=1, description="How many events this append has: fewer of them are a torn one.")
    event: AnyEvent

    def to_json(self) -> dict[str, Any]:
        """Return the flat object of the file: the envelope first, then the event's own fields."""
        envelope = self.model_dump(mode="json", exclude={"event"})
        return {**envelope, **self.event.model_dump(mode="json", exclude_none=True)}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Entry:
        """Read the flat object back; raises pydantic's ValidationError for what is no entry."""
        event = dict(line)
        own = {name: event.pop(name) for name in _ENVELOPE if name in event}
        return cls.model_validate({**own, "event": event})
