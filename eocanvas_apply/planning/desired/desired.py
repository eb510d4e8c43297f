"""What the manifest says shall exist, ready to be compared: keys, job instances and their fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import Any

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.geometries.regions import Box
from eocanvas_apply.documents.graph import filled_text
from eocanvas_apply.documents.kept_text import text_of
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.graphs_and_chains import Document
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.manifest.products import Product
from eocanvas_apply.planning.failures import Retries
from eocanvas_apply.secrets.secret_references import SecretReference
from eocanvas_apply.vocabulary import StorageType

# The service counts with its own clock, so a unit is taken a little after it came back.
MARGIN = timedelta(seconds=2)
# The code of an existing key that is for another owner only: `checks:` may lower it.
PRIVATE_KEY = "existing-key-private"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many jobs created in any time of length `per`."""

    jobs: int
    per: timedelta

    @property
    def span(self) -> timedelta:
        """How long one job occupies its unit."""
        return self.per + MARGIN


@dataclass(frozen=True, slots=True)
class DesiredKey:
    """One key that shall exist. `config` holds the plain wire fields, `secrets` references by wire field.

    `private_as` is the severity that `checks:` gives to an existing key that is for another owner only.
    """

    address: str
    name: str
    storage: StorageType
    config: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)
    public: bool = False
    description: str = ""
    expire_s: int = 0
    fixed_name: str | None = None
    keep: bool = False
    existing: bool = False
    private_as: Severity | None = None


@dataclass(frozen=True, slots=True)
class ResultOf:
    """The result of another job (an address) that fits `match`; its only one without. `fingerprint` is that job's."""

    address: str
    match: str | None
    fingerprint: str

    @property
    def identity(self) -> dict[str, str]:
        """What of it belongs into a fingerprint: the definition that it came of, never where it lies."""
        match = {"match": self.match} if self.match else {}
        return {"result": self.address, **match, "fingerprint": self.fingerprint}


@dataclass(frozen=True, slots=True)
class ResultLink:
    """One listed result: its job of the service, and its title there."""

    job_id: str
    title: str


@dataclass(frozen=True, slots=True)
class DesiredInput:
    """One named input: a path in a key's storage (`key` is its address), or a URL with its lasting identity.

    A `product` has no location before it is ordered. That of a `result` is known when its job is done: then it is a
    path, or the address that the service gives for `link` at the moment of the launch.
    """

    name: str
    location: str
    key: str | None = None
    identity: str | None = None
    product: Product | None = None
    uncompress: bool | None = None
    sub_path: str | None = None
    result: ResultOf | None = None
    link: ResultLink | None = None


@dataclass(frozen=True, slots=True)
class DesiredJob:
    """One job instance that shall have run.

    `folder` is where results go, relative to the manifest, None where the output goes to `output_key` (an address);
    the folder of a campaign's instance lies in `index_folder`, and `fields` are those of its row. `skip` is why
    it shall not run, None where it shall; with `keep` a finished one keeps its results when its definition changes.
    `stage` is how many jobs stand before it in its pipeline; `document_file` the path of its graph or chain as written,
    None where the chain stands in the manifest. `remark_checks` are the severities that `checks:` gives to what the
    log of a successful job may say.
    """

    address: str
    process: str
    document: Document | None
    params: Mapping[str, str]
    inputs: tuple[DesiredInput, ...]
    raw_inputs: Mapping[str, Any]
    output_key: str | None
    folder: str | None
    max_duration: timedelta
    launch_on_doubt: bool
    marked: bool
    components: Mapping[str, Any]
    fingerprint: str
    retries: Retries = field(default_factory=Retries)
    index_folder: str | None = None
    accept_terms: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    skip: str | None = None
    keep: bool = False
    stage: int = 0
    document_file: str | None = None
    remark_checks: Mapping[str, Severity] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """Addresses of the jobs whose results it is given, each once."""
        return tuple(dict.fromkeys(i.result.address for i in self.inputs if i.result))

    @property
    def keys(self) -> tuple[str, ...]:
        """Addresses of the keys that it names, each once."""
        named = [i.key for i in self.inputs if i.key] + ([self.output_key] if self.output_key else [])
        return tuple(dict.fromkeys(named))

    @property
    def products(self) -> tuple[Product, ...]:
        """The products that must be ordered before it is launched, each once."""
        return tuple({i.product.identity: i.product for i in self.inputs if i.product}.values())

    @property
    def document_text(self) -> str:
        """Its graph or chain as it is sent, before params are filled in; empty where it has none."""
        return text_of(self.document) if self.document else ""

    @property
    def region(self) -> Box | None:
        """The largest region that it works on; None where none can be seen."""
        return self.document.regions.largest(lambda text: filled_text(text, self.params)) if self.document else None

    @property
    def has_chain(self) -> bool:
        """Whether its document is a Data Tailor chain."""
        return isinstance(self.document, Chain)

    @property
    def output(self) -> str:
        """The output's key address, or `download`."""
        return self.output_key or "download"


@dataclass(frozen=True, slots=True)
class StopAfter:
    """How many failed instances are too many: a number, or a share (0 to 1) of all that are not skipped."""

    number: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, value: int | str) -> StopAfter:
        """Read `stop_after:` of a job: a number from 1, or text like `20%`; raises ValueError."""
        if isinstance(value, str):
            digits = value.removesuffix("%")
            if digits == value or not (digits.isascii() and digits.isdecimal()) or int(digits) > 100:
                raise ValueError(f"{value!r} is not a share; one looks like 20%")
            return cls(share=int(digits) / 100)
        if value < 1:
            raise ValueError("stop_after counts from 1")
        return cls(number=value)

    def most(self, instances: int) -> int:
        """Return how many of so many instances must fail until no more is launched, at least one."""
        if self.number is not None:
            return self.number
        return max(1, ceil(round((self.share or 0) * instances, 6)))


@dataclass(frozen=True, slots=True)
class Holding:
    """What a campaign says of itself: send so many ahead, and stop after too many failures."""

    canary: int | None = None
    stop_after: StopAfter | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything the manifest asks for: keys and jobs by address, `campaigns` the jobs that have rows by name.

    `limits` are the windows of the quota, `max_running` how many jobs may run at once, `holdings` what campaigns say of
    failures, by the job's name. Of the campaigns in `unasked` the rows are unknown in this run: their recorded jobs
    are left alone. `following` are the addresses of the jobs that are given results of others, each behind those.
    `moved` are pairs of an old and a new address.
    """

    project: str
    manifest_digest: str
    keys: Mapping[str, DesiredKey]
    jobs: Mapping[str, DesiredJob]
    timing: Timing
    campaigns: frozenset[str] = frozenset()
    limits: tuple[Limit, ...] = ()
    max_running: int | None = None
    unasked: frozenset[str] = frozenset()
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    following: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    environment: str | None = None


def key_address(name: str) -> str:
    """Return the address of a key."""
    return str(Address("key", name))
