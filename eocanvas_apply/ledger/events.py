"""The events of a ledger: one class a type, each a fact or a claim about one address.

Claims say what is about to be done (`*-intended`, `*-abandoned`) and hold only on the head they were decided on.
Facts say what happened and may stand in any order. No event holds a secret: secrets appear as slow fingerprints.
Stamps are service time; an entry's own `time` is the writer's clock and only for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from eocanvas_apply.ledger.event_values import KeyUse, ListedResult, Region, Remark, Time, TraceDigests, Value
from eocanvas_apply.vocabulary import FailureClass, StorageType


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Value):
    """One event without its envelope; `type` names the class in JSON."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressEvent(Event):
    """An event about one key or one job instance."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent(AddressEvent):
    """An event about one generation of a key; generations count from 1."""

    generation: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(description="The physical name on the service.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentEvent(AddressEvent):
    """An event about one intent to launch a job; `intent` is 128 random bits in hex."""

    intent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent(AddressEvent):
    """An event about one job of the service."""

    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Event):
    """The first event: binds the ledger to project, service, account and environment."""

    type: Literal["ledger-opened"] = "ledger-opened"
    project: str
    service: str
    account: str
    ledger_id: str
    salt: Annotated[str, Field(description="Hex; salts the slow fingerprints of secrets in this ledger.")]
    environment: Annotated[str | None, Field(description="Of the manifest; absent for a run without one.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAccepted(Event):
    """A person, or a flag, accepted this plan."""

    type: Literal["plan-accepted"] = "plan-accepted"
    plan_id: str
    manifest_digest: str
    destroys: Annotated[bool, Field(description="It deletes and gives up everything; nothing continues it.")] = False
    allowed: Annotated[tuple[str, ...], Field(description="The safety flags that it was accepted with.")] = ()
    unprotected: Annotated[tuple[str, ...], Field(description="What was protected and may be touched.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIntended(KeyEvent):
    """Claim: this generation is about to be created."""

    type: Literal["key-intended"] = "key-intended"
    intent: str
    storage: StorageType
    config: Annotated[dict[str, str], Field(description="The plain fields that go into the sealed text.")]
    secrets: Annotated[dict[str, str], Field(description="Slow salted fingerprint of each secret field.")]
    public: bool
    description: str
    expire_s: int
    fixed: Annotated[bool, Field(description="The manifest fixes the physical name: it rotates in place.")] = False
    sealing_key: Annotated[str | None, Field(description="Hex SHA-256 of the public key it is sealed under.")] = None
    send_before: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated(KeyEvent):
    """Fact: the key exists. Without `end_known` its end is unknown, not infinite.

    `owner` is this account as the service spelled it then.
    """

    type: Literal["key-created"] = "key-created"
    intent: str
    created: Time | None = None
    expires: Time | None = None
    end_known: bool = False
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAbandoned(KeyEvent):
    """Claim: this generation was not created, as far as known; one that appears later is deleted."""

    type: Literal["key-abandoned"] = "key-abandoned"
    intent: str
    reason: Literal["refused", "not-sent", "not-found", "late"]
    status: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDrainIntended(KeyEvent):
    """Claim: no new intent names this key any more, it is about to be replaced under the same name."""

    type: Literal["key-drain-intended"] = "key-drain-intended"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDrainEnded(KeyEvent):
    """Claim: the manifest went back before the delete; the key is used again."""

    type: Literal["key-drain-ended"] = "key-drain-ended"


DeleteReason = Literal["not-in-manifest", "superseded", "destroyed", "secret-changed", "config-changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDeleteIntended(KeyEvent):
    """Claim: this generation is about to be deleted."""

    type: Literal["key-delete-intended"] = "key-delete-intended"
    reason: Annotated[DeleteReason | None, Field(description="None where the next one takes its name at once.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDeleted(KeyEvent):
    """Fact: this generation is gone."""

    type: Literal["key-deleted"] = "key-deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobIntended(IntentEvent):
    """Claim: this job is about to be launched, and never again for this intent."""

    type: Literal["job-intended"] = "job-intended"
    process: str
    fingerprint: str
    components: Annotated[dict[str, Any], Field(description="What the fingerprint is made of; documents as SHA-256.")]
    trace: TraceDigests
    marked: bool
    body_sha256: str
    keys: tuple[KeyUse, ...] = ()
    output: Annotated[str, Field(description="The output's key address, or `download`.")]
    max_duration_s: int
    process_version: str | None = None
    orders: Annotated[tuple[str, ...] | None, Field(description="The orders whose downloads are its inputs.")] = None
    region: Region | None = None
    decided: Time
    send_before: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWithdrawn(IntentEvent):
    """Fact: its writer did not send this intent and will not."""

    type: Literal["job-withdrawn"] = "job-withdrawn"
    reason: Literal["too-late", "not-sent", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAbandoned(IntentEvent):
    """Claim: the service shows no job of this intent, and had the time to."""

    type: Literal["job-abandoned"] = "job-abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSubmitted(IntentEvent):
    """Fact: the service answered the launch with this job."""

    type: Literal["job-submitted"] = "job-submitted"
    job_id: str
    status: str
    created: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRefused(IntentEvent):
    """Fact: the service refused the launch and started nothing (or answered with another intent's job)."""

    type: Literal["job-refused"] = "job-refused"
    status: int
    refusal: Literal["quota", "access", "request", "same-job"]
    message: str = ""
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobObserved(RunEvent):
    """Fact: the service shows this status; earlier passes that missed the job do not count any more."""

    type: Literal["job-observed"] = "job-observed"
    status: str
    looked: Time | None = None
    created: Time | None = None
    started: Time | None = None
    finished: Time | None = None
    failure: Annotated[FailureClass | None, Field(description="The class of a failure, from the log.")] = None
    failure_line: Annotated[str | None, Field(description="The line of the log about it, secrets hidden.")] = None
    remarks: Annotated[
        tuple[Remark, ...] | None, Field(description="Of a successful job, from the log; null where it was not read.")
    ] = None
    software: Annotated[
        dict[str, str] | None, Field(description="Versions of programs by name, as far as the log shows them.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDismissIntended(RunEvent):
    """Claim: this job is about to be dismissed; one that was cancelled (`requested`) is not launched again."""

    type: Literal["job-dismiss-intended"] = "job-dismiss-intended"
    reason: Literal["duplicated", "destroyed", "requested"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDismissed(RunEvent):
    """Fact: the service was asked; `supported` is False where it does not do it: the job runs on."""

    type: Literal["job-dismissed"] = "job-dismissed"
    supported: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PassObserved(AddressEvent):
    """Fact: a complete pass of the job list, begun then, did not show what it looked for."""

    type: Literal["pass-observed"] = "pass-observed"
    intent: str | None = None
    job_id: str | None = None
    begun: Time
    by_id: Annotated[bool, Field(description="The job's own address answered 404 as well.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsListed(RunEvent):
    """Fact: all pages of the results of this job; None means that they were not there (404) at `looked`.

    With `gone`, what was listed before was not there: the list or a file answered 404 or 410.
    """

    type: Literal["results-listed"] = "results-listed"
    results: tuple[ListedResult, ...] | None = None
    looked: Time
    gone: Annotated[bool | None, Field(description="Results that were listed once could not be had any more.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultStored(RunEvent):
    """Fact: this result lies whole in the job's folder; `file` is relative to the manifest, `size` in bytes."""

    type: Literal["result-stored"] = "result-stored"
    title: str
    ordinal: Annotated[int | None, Field(description="Which one, where several listed have this title.")] = None
    file: str
    size: int
    sha256: str
    modified_ns: Annotated[int | None, Field(description="The file's time of change, as it was stored.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(AddressEvent):
    """Fact: a job that we did not see answered is ours: found by its trace, returned to the manifest, or imported.

    A key that was imported has a generation and a name in place of a job.
    """

    type: Literal["adopted"] = "adopted"
    reason: Literal["found", "returned", "resolved", "imported"]
    job_id: str | None = None
    intent: str | None = None
    generation: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten(AddressEvent):
    """Claim: the address is no longer ours to run; a job in flight still counts until it ends."""

    type: Literal["forgotten"] = "forgotten"
    reason: Literal["not-in-manifest", "destroyed", "requested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(IntentEvent):
    """Fact: a person decided what an open intent became; `cancel`: whatever that is, it shall not run.

    A decision to cancel is a claim.
    """

    type: Literal["resolved"] = "resolved"
    decision: Literal["adopt", "launch", "cancel"]
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(AddressEvent):
    """An event about one order of a product, made for a job (or for several, of which this is one)."""

    order: Annotated[str, Field(description="128 random bits in hex.")]
    dataset_id: str
    product_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended(OrderEvent):
    """Claim: this product is about to be ordered. Without an answer on record it may have cost a unit of quota."""

    type: Literal["order-intended"] = "order-intended"
    decided: Time
    send_before: Time


OrderState = Literal["not-sent", "refused", "ordered", "ready", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductOrdered(OrderEvent):
    """Fact: what became of an order, and later whether its download was ready or gone (404)."""

    type: Literal["product-ordered"] = "product-ordered"
    state: OrderState
    download_id: str | None = None
    ordered: Time | None = None
    status: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsAccepted(Event):
    """Fact: this licence, which the manifest names, was accepted for the account."""

    type: Literal["terms-accepted"] = "terms-accepted"
    term: str
    dataset_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected(Event):
    """Fact: what this pattern names is protected from now on, or with `lifted` no more."""

    type: Literal["protected"] = "protected"
    pattern: str
    lifted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(AddressEvent):
    """Fact: the key, job, campaign or instance of this address has another one, and is the same."""

    type: Literal["moved"] = "moved"
    to: Annotated[str, Field(description="The new address.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaClosed(Event):
    """Fact: the service refused for quota (429); no launch, or no order of a product, before `until`."""

    type: Literal["quota-closed"] = "quota-closed"
    until: Time
    quota: Literal["launches", "orders"] = "launches"


_Keys = KeyIntended | KeyCreated | KeyAbandoned | KeyDrainIntended | KeyDrainEnded | KeyDeleteIntended | KeyDeleted
_Launches = JobIntended | JobWithdrawn | JobAbandoned | JobSubmitted | JobRefused | Resolved
_Runs = JobObserved | JobDismissIntended | JobDismissed | ResultsListed | ResultStored | Adopted
_Others = LedgerOpened | PlanAccepted | PassObserved | Forgotten | TermsAccepted | QuotaClosed | Protected | Moved
_Orders = OrderIntended | ProductOrdered
AnyEvent = Annotated[_Keys | _Launches | _Runs | _Orders | _Others, Field(discriminator="type")]
