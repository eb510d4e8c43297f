"""What the manifest says shall exist, ready to be compared: keys, job instances and their fingerprints."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from math import ceil

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.planning.desired.desired_job import DesiredJob, JobTraits
from eocanvas_apply.secrets.secret_references import SecretReference
from eocanvas_apply.vocabulary import StorageType

# The service counts with its own clock, so a unit is taken a little after it came back.
MARGIN = timedelta(seconds=2)
# The code of an existing key that is for another owner only: `checks:` may lower it.
PRIVATE_KEY = "existing-key-private"


class Limit(Struct, frozen=True):
    """At most so many jobs created in any time of length `per`."""

    jobs: int
    per: timedelta

    @property
    def span(self) -> timedelta:
        """How long one job occupies its unit."""
        return self.per + MARGIN


class DesiredKey(Struct, frozen=True):
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


class StopAfter(Struct, frozen=True):
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


class Holding(Struct, frozen=True):
    """What a campaign says of itself: send so many ahead, and stop after too many failures."""

    canary: int | None = None
    stop_after: StopAfter | None = None


class Desired(Struct, frozen=True):
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

    @property
    def traits(self) -> Collection[JobTraits]:
        """The traits of all jobs, each that several share once."""
        return {id(job.traits): job.traits for job in self.jobs.values()}.values()


def key_address(name: str) -> str:
    """Return the address of a key."""
    return str(Address("key", name))
