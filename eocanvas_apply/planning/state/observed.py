"""What the service, the ledger's folder and the secrets show at one time, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.documents.trace import Trace
from eocanvas_apply.ledger.event_values import ListedResult, Remark
from eocanvas_apply.planning.failures import Failure


class ObservedKey(Struct, frozen=True):
    """One key of the service; `expires` None means never where `end_known`, else unknown.

    `storage` and `owner` are empty and `public` None where the service does not show them in readable form.
    """

    name: str
    storage: str
    public: bool | None
    description: str
    created: datetime | None
    expires: datetime | None
    end_known: bool = True
    owner: str = ""


class ObservedJob(Struct, frozen=True):
    """One job of the account, launched by any client."""

    job_id: str
    process: str
    status: str
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None


class Pass(Struct, frozen=True):
    """One reading of the job list: begun then, complete as far back as was asked.

    `hidden_until` is the latest time at which a job may have been created whose entry cannot be read.
    """

    begun: datetime
    complete: bool
    jobs: Mapping[str, ObservedJob]
    hidden_until: datetime | None = None

    def may_hide(self, since: datetime) -> bool:
        """Tell whether a job created since then may be at the service although the list does not show it."""
        return not self.complete or (self.hidden_until is not None and self.hidden_until >= since)


class Sealing(Struct, frozen=True):
    """How the sealed text of each key (by address, in bytes) fits the service's public key, and the key's SHA-256."""

    limit: int
    bits: int
    sizes: Mapping[str, int]
    digest: str = ""


class FileState(StrEnum):
    """What became of a stored result on this machine; one stored elsewhere was never here."""

    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    EDITED = "edited"


class DownloadState(StrEnum):
    """How the download of an order stands; unknown where the HDA did not tell this time."""

    READY = "ready"
    WAITING = "waiting"
    GONE = "gone"
    UNKNOWN = "unknown"


class Download(Struct, frozen=True):
    """The download of an order and its address, which is an input once it is ready."""

    state: DownloadState
    url: str


class Observed(Struct, frozen=True):
    """Everything observed in one round.

    `at` is service time, `service` the address of the service. `gone` are job ids whose own address answered 404;
    `listed` every job seen in this run, as far back as the quota counts; `traces` are what the logs of candidates show;
    `failures` why failed jobs failed by their logs, None for an empty log, nothing of one that cannot be read;
    `remarks` what the logs of successful jobs say of their results, nothing of one that is empty or cannot be read;
    `software` the versions of programs that these logs show, by name;
    `results` the listing of ended jobs, None for 404, nothing of a job whose listing could not be had;
    `secrets` slow fingerprints by (key address, field); `downloads` are those of orders, by their id;
    `unreadable` why a key's secrets could not be read; `irregular` what else of the service's answers could not be;
    `processes` are the versions of the service's processes by id, None where they were not read, and `described` the
    inputs of those that it describes, by id and name;
    `files` stored results that are not as they were, by path; `unclear` jobs in flight whose status is not shown, or in
    a word that is not known; `withheld` names of keys that the service refuses to show to this account.
    """

    at: datetime
    account: str
    keys: Mapping[str, ObservedKey]
    jobs: Pass
    gone: frozenset[str] = frozenset()
    listed: Mapping[str, ObservedJob] = field(default_factory=dict)
    traces: Mapping[str, Trace] = field(default_factory=dict)
    failures: Mapping[str, Failure | None] = field(default_factory=dict)
    remarks: Mapping[str, tuple[Remark, ...]] = field(default_factory=dict)
    software: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    results: Mapping[str, tuple[ListedResult, ...] | None] = field(default_factory=dict)
    secrets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unreadable: Mapping[str, tuple[Diagnostic, ...]] = field(default_factory=dict)
    sealing: Sealing | None = None
    files: Mapping[str, FileState] = field(default_factory=dict)
    downloads: Mapping[str, Download] = field(default_factory=dict)
    service: str = ""
    irregular: tuple[Diagnostic, ...] = ()
    processes: Mapping[str, str] | None = None
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unclear: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
