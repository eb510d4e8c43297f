"""Closed sets of words that several rooms use: storage types, status of a job, classes of failure, safety flags."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class StorageType(StrEnum):
    """The two types of key that the keystore knows."""

    S3 = "S3"
    WEBDAV = "WEBDAV"


class OgcStatus(StrEnum):
    """The status of a job, as OGC API Processes names it.

    The service may show any other word. It is kept as it stands: such a job has not ended, it is past `accepted`,
    and it is not counted as waiting or running.
    """

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


_UNDER_WAY = frozenset({OgcStatus.ACCEPTED, OgcStatus.RUNNING})
_ENDED = frozenset(OgcStatus) - _UNDER_WAY
# When two observations disagree, the later one in this order is right: a job that ended does not run again.
_ORDER = (OgcStatus.ACCEPTED, OgcStatus.RUNNING, OgcStatus.DISMISSED, OgcStatus.FAILED, OgcStatus.SUCCESSFUL)
_RANK: dict[str, int] = {status: rank for rank, status in enumerate(_ORDER)}


def has_ended(status: str) -> bool:
    """Tell whether a job of this status will not change any more."""
    return status in _ENDED


def is_under_way(status: str) -> bool:
    """Tell whether a job of this status certainly waits or runs, and so counts against the account."""
    return status in _UNDER_WAY


def later_of(known: str, seen: str) -> str:
    """Return the status that counts when the service showed `known` before and shows `seen` now."""
    other = _RANK[OgcStatus.RUNNING]
    return seen if _RANK.get(seen, other) >= _RANK.get(known, other) else known


# Why a job failed, by its log.
FailureClass = Literal["input-config", "staging-in", "staging-out", "killed", "key", "graph", "unknown"]

# What a run of apply can end with that a notification tells, the gravest first.
RunEvent = Literal["error", "decision", "failed", "drift", "finished"]


class Allowance(StrEnum):
    """The flags that allow what a safety rule refuses."""

    NEW_LEDGER = "allow-new-ledger"
    DELETES = "allow-deletes"
    RELAUNCHES = "allow-relaunches"
    FORGETS = "allow-forgets"
    EMPTY = "allow-empty"


ALLOWANCES: dict[str, str] = {
    Allowance.NEW_LEDGER: "open a new ledger although this project seems to have one elsewhere",
    Allowance.DELETES: "delete more than 2 and more than 30 % of the recorded keys",
    Allowance.RELAUNCHES: "run more than 10 finished jobs again",
    Allowance.FORGETS: "forget more than 5 and more than 10 % of the recorded jobs",
    Allowance.EMPTY: "apply a manifest that declares nothing",
}

# What the ledger of a run without an environment is called; no environment has this name.
NO_ENVIRONMENT = "default"

# The folder beside a manifest in which its ledger is, where no other one is named.
STATE_FOLDER = ".eocanvas"
# How every file of a saved plan begins.
SAVED_PLAN = '{"saved_plan": '
