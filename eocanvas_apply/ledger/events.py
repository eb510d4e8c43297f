"""The events of a ledger: one class a type, each a fact or a claim about one address.

Claims say what is about to be done (`*-intended`, `*-abandoned`) and hold only on the head they were decided on.
Facts say what happened and may stand in any order. No event holds a secret: secrets appear as slow fingerprints.
Stamps are service time; an entry's own `time` is the writer's clock and only for people.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from eocanvas_apply.ledger.event_values import KeyUse, ListedResult, Region, Remark, Time, TraceDigests, Value
from eocanvas_apply.vocabulary import FailureClass, StorageType


class Event(Value, tag_field="type", frozen=True, kw_only=True):
    """One event without its envelope; `type` names the class in JSON."""

    @property
    def type(self) -> str:
        """Which event it is, as the ledger has it."""
        return str(self.__struct_config__.tag)

    def to_json(self) -> dict[str, Any]:
        """Return the object of the ledger."""
        return {"type": self.type, **super().to_json()}


class AddressEvent(Event, frozen=True, kw_only=True):
    """An event about one key or one job instance."""

    address: str


class KeyEvent(AddressEvent, frozen=True, kw_only=True):
    """An event about one generation of a key; generations count from 1."""

    generation: Annotated[int, Meta(ge=1)]
    name: Annotated[str, Meta(description="The physical name on the service.")]


class IntentEvent(AddressEvent, frozen=True, kw_only=True):
    """An event about one intent to launch a job; `intent` is 128 random bits in hex."""

    intent: str


class RunEvent(AddressEvent, frozen=True, kw_only=True):
    """An event about one job of the service."""

    job_id: str


class LedgerOpened(Event, tag="ledger-opened", frozen=True, kw_only=True):
    """The first event: binds the ledger to project, service, account and environment."""

    project: str
    service: str
    account: str
    ledger_id: str
    salt: Annotated[str, Meta(description="Hex; salts the slow fingerprints of secrets in this ledger.")]
    environment: Annotated[str | None, Meta(description="Of the manifest; absent for a run without one.")] = None


class PlanAccepted(Event, tag="plan-accepted", frozen=True, kw_only=True):
    """A person, or a flag, accepted this plan."""

    plan_id: str
    manifest_digest: str
    destroys: Annotated[bool, Meta(description="It deletes and gives up everything; nothing continues it.")] = False
    allowed: Annotated[tuple[str, ...], Meta(description="The safety flags that it was accepted with.")] = ()
    unprotected: Annotated[tuple[str, ...], Meta(description="What was protected and may be touched.")] = ()


class KeyIntended(KeyEvent, tag="key-intended", frozen=True, kw_only=True):
    """Claim: this generation is about to be created."""

    intent: str
    storage: StorageType
    config: Annotated[dict[str, str], Meta(description="The plain fields that go into the sealed text.")]
    secrets: Annotated[dict[str, str], Meta(description="Slow salted fingerprint of each secret field.")]
    public: bool
    description: str
    expire_s: int
    fixed: Annotated[bool, Meta(description="The manifest fixes the physical name: it rotates in place.")] = False
    sealing_key: Annotated[str | None, Meta(description="Hex SHA-256 of the public key it is sealed under.")] = None
    send_before: Time


class KeyCreated(KeyEvent, tag="key-created", frozen=True, kw_only=True):
    """Fact: the key exists. Without `end_known` its end is unknown, not infinite.

    `owner` is this account as the service spelled it then.
    """

    intent: str
    created: Time | None = None
    expires: Time | None = None
    end_known: bool = False
    owner: str | None = None


class KeyAbandoned(KeyEvent, tag="key-abandoned", frozen=True, kw_only=True):
    """Claim: this generation was not created, as far as known; one that appears later is deleted."""

    intent: str
    reason: Literal["refused", "not-sent", "not-found", "late"]
    status: int | None = None
    message: str = ""


class KeyDrainIntended(KeyEvent, tag="key-drain-intended", frozen=True, kw_only=True):
    """Claim: no new intent names this key any more, it is about to be replaced under the same name."""


class KeyDrainEnded(KeyEvent, tag="key-drain-ended", frozen=True, kw_only=True):
    """Claim: the manifest went back before the delete; the key is used again."""


DeleteReason = Literal["not-in-manifest", "superseded", "destroyed", "secret-changed", "config-changed"]


class KeyDeleteIntended(KeyEvent, tag="key-delete-intended", frozen=True, kw_only=True):
    """Claim: this generation is about to be deleted."""

    reason: Annotated[DeleteReason | None, Meta(description="None where the next one takes its name at once.")] = None


class KeyDeleted(KeyEvent, tag="key-deleted", frozen=True, kw_only=True):
    """Fact: this generation is gone."""


class JobIntended(IntentEvent, tag="job-intended", frozen=True, kw_only=True):
    """Claim: this job is about to be launched, and never again for this intent."""

    process: str
    fingerprint: str
    components: Annotated[dict[str, Any], Meta(description="What the fingerprint is made of; documents as SHA-256.")]
    trace: TraceDigests
    marked: bool
    body_sha256: str
    keys: tuple[KeyUse, ...] = ()
    output: Annotated[str, Meta(description="The output's key address, or `download`.")]
    max_duration_s: int
    process_version: str | None = None
    orders: Annotated[tuple[str, ...] | None, Meta(description="The orders whose downloads are its inputs.")] = None
    region: Region | None = None
    decided: Time
    send_before: Time


class JobWithdrawn(IntentEvent, tag="job-withdrawn", frozen=True, kw_only=True):
    """Fact: its writer did not send this intent and will not."""

    reason: Literal["too-late", "not-sent", "stopped"]


class JobAbandoned(IntentEvent, tag="job-abandoned", frozen=True, kw_only=True):
    """Claim: the service shows no job of this intent, and had the time to."""


class JobSubmitted(IntentEvent, tag="job-submitted", frozen=True, kw_only=True):
    """Fact: the service answered the launch with this job."""

    job_id: str
    status: str
    created: Time | None = None


class JobRefused(IntentEvent, tag="job-refused", frozen=True, kw_only=True):
    """Fact: the service refused the launch and started nothing (or answered with another intent's job)."""

    status: int
    refusal: Literal["quota", "access", "request", "same-job"]
    message: str = ""
    job_id: str | None = None


class JobObserved(RunEvent, tag="job-observed", frozen=True, kw_only=True):
    """Fact: the service shows this status; earlier passes that missed the job do not count any more."""

    status: str
    looked: Time | None = None
    created: Time | None = None
    started: Time | None = None
    finished: Time | None = None
    failure: Annotated[FailureClass | None, Meta(description="The class of a failure, from the log.")] = None
    failure_line: Annotated[str | None, Meta(description="The line of the log about it, secrets hidden.")] = None
    remarks: Annotated[
        tuple[Remark, ...] | None, Meta(description="Of a successful job, from the log; null where it was not read.")
    ] = None
    software: Annotated[
        dict[str, str] | None, Meta(description="Versions of programs by name, as far as the log shows them.")
    ] = None


class JobDismissIntended(RunEvent, tag="job-dismiss-intended", frozen=True, kw_only=True):
    """Claim: this job is about to be dismissed; one that was cancelled (`requested`) is not launched again."""

    reason: Literal["duplicated", "destroyed", "requested"] | None = None


class JobDismissed(RunEvent, tag="job-dismissed", frozen=True, kw_only=True):
    """Fact: the service was asked; `supported` is False where it does not do it: the job runs on."""

    supported: bool = True


class PassObserved(AddressEvent, tag="pass-observed", frozen=True, kw_only=True):
    """Fact: a complete pass of the job list, begun then, did not show what it looked for."""

    intent: str | None = None
    job_id: str | None = None
    begun: Time
    by_id: Annotated[bool, Meta(description="The job's own address answered 404 as well.")] = False


class ResultsListed(RunEvent, tag="results-listed", frozen=True, kw_only=True):
    """Fact: all pages of the results of this job; None means that they were not there (404) at `looked`.

    With `gone`, what was listed before was not there: the list or a file answered 404 or 410.
    """

    results: tuple[ListedResult, ...] | None = None
    looked: Time
    gone: Annotated[bool | None, Meta(description="Results that were listed once could not be had any more.")] = None


class ResultStored(RunEvent, tag="result-stored", frozen=True, kw_only=True):
    """Fact: this result lies whole in the job's folder; `file` is relative to the manifest, `size` in bytes."""

    title: str
    ordinal: Annotated[int | None, Meta(description="Which one, where several listed have this title.")] = None
    file: str
    size: int
    sha256: str
    modified_ns: Annotated[int | None, Meta(description="The file's time of change, as it was stored.")] = None


class Adopted(AddressEvent, tag="adopted", frozen=True, kw_only=True):
    """Fact: a job that we did not see answered is ours: found by its trace, returned to the manifest, or imported.

    A key that was imported has a generation and a name in place of a job.
    """

    reason: Literal["found", "returned", "resolved", "imported"]
    job_id: str | None = None
    intent: str | None = None
    generation: int | None = None
    name: str | None = None


class Forgotten(AddressEvent, tag="forgotten", frozen=True, kw_only=True):
    """Claim: the address is no longer ours to run; a job in flight still counts until it ends."""

    reason: Literal["not-in-manifest", "destroyed", "requested"]


class Resolved(IntentEvent, tag="resolved", frozen=True, kw_only=True):
    """Fact: a person decided what an open intent became; `cancel`: whatever that is, it shall not run.

    A decision to cancel is a claim.
    """

    decision: Literal["adopt", "launch", "cancel"]
    job_id: str | None = None


class OrderEvent(AddressEvent, frozen=True, kw_only=True):
    """An event about one order of a product, made for a job (or for several, of which this is one)."""

    order: Annotated[str, Meta(description="128 random bits in hex.")]
    dataset_id: str
    product_id: str


class OrderIntended(OrderEvent, tag="order-intended", frozen=True, kw_only=True):
    """Claim: this product is about to be ordered. Without an answer on record it may have cost a unit of quota."""

    decided: Time
    send_before: Time


OrderState = Literal["not-sent", "refused", "ordered", "ready", "gone"]


class ProductOrdered(OrderEvent, tag="product-ordered", frozen=True, kw_only=True):
    """Fact: what became of an order, and later whether its download was ready or gone (404)."""

    state: OrderState
    download_id: str | None = None
    ordered: Time | None = None
    status: int | None = None
    message: str = ""


class TermsAccepted(Event, tag="terms-accepted", frozen=True, kw_only=True):
    """Fact: this licence, which the manifest names, was accepted for the account."""

    term: str
    dataset_id: str


class Protected(Event, tag="protected", frozen=True, kw_only=True):
    """Fact: what this pattern names is protected from now on, or with `lifted` no more."""

    pattern: str
    lifted: bool = False


class Moved(AddressEvent, tag="moved", frozen=True, kw_only=True):
    """Fact: the key, job, campaign or instance of this address has another one, and is the same."""

    to: Annotated[str, Meta(description="The new address.")]


class QuotaClosed(Event, tag="quota-closed", frozen=True, kw_only=True):
    """Fact: the service refused for quota (429); no launch, or no order of a product, before `until`."""

    until: Time
    quota: Literal["launches", "orders"] = "launches"


_Plans = LedgerOpened | PlanAccepted
_Keys = KeyIntended | KeyCreated | KeyAbandoned | KeyDrainIntended | KeyDrainEnded | KeyDeleteIntended | KeyDeleted
_Launches = JobIntended | JobWithdrawn | JobAbandoned | JobSubmitted | JobRefused | Resolved
_Runs = JobObserved | JobDismissIntended | JobDismissed | ResultsListed | ResultStored | Adopted
_Others = PassObserved | Forgotten | TermsAccepted | QuotaClosed | Protected | Moved
_Orders = OrderIntended | ProductOrdered
AnyEvent = _Plans | _Keys | _Launches | _Runs | _Orders | _Others
