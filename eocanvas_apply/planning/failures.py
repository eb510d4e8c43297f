"""Why a job failed, read from its log, and how often a failure of that class is tried again.

The log is the shell trace of the processing wrapper: lines that begin with `+` repeat what the job was given and tell
nothing of a fault but the wrapper's exit code. The wrapper exits with 10 and 12 for its inputs, 11 for a file that it
does not find, 20 for an archive, 30 for its tools and 40 for the graph; texts tell more than codes and come first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from eocanvas_apply.ledger.events import FailureName


class FailureClass(StrEnum):
    """What kind of failure it was, from a closed set."""

    INPUT_CONFIG = "input-config"
    STAGING_IN = "staging-in"
    STAGING_OUT = "staging-out"
    KILLED = "killed"
    KEY = "key"
    GRAPH = "graph"
    UNKNOWN = "unknown"


_C = FailureClass
# These fail again whenever they are tried again, and every instance of a campaign fails in the same way.
HOPELESS = frozenset({_C.INPUT_CONFIG, _C.GRAPH})
HINTS: Mapping[FailureClass, str] = MappingProxyType(
    {
        _C.INPUT_CONFIG: "the inputs, uncompress or sub_path do not fit the files; correct the job before another run",
        _C.STAGING_IN: "an input could not be read; it is tried again; check its path or product if this persists",
        _C.STAGING_OUT: "the result was made but not stored; it is tried again; check the output's storage",
        _C.KILLED: "the processing stopped in the middle, for time (one hour) or memory; a smaller region helps",
        _C.KEY: "a key was missing, expired or rejected; check its credentials and its end",
        _C.GRAPH: "the graph cannot be processed with these inputs; correct it before another run",
        _C.UNKNOWN: "the log does not say why; read all of it",
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: its class, the line of the log that tells (empty without one), and what helps."""

    failure_class: FailureClass
    line: str
    hint: str


# In this order: what names the fault exactly stands before what may come of it.
_TELLING: Mapping[FailureClass, tuple[str, ...]] = {
    _C.INPUT_CONFIG: (
        "Zero or more than one item found for",
        "No inputs? (?:was |were )?found",
        "Cannot uncompress",
    ),
    _C.KEY: (
        "Cannot read the credentials",
        "Unable to locate credentials",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "access key id .*does not exist",
        r"key \S+ (?:not found|has expired)",
    ),
    _C.STAGING_OUT: ("UploadFailed",),
    _C.STAGING_IN: ("DownloadFailed", r"^File \S.* not found\b"),
    _C.KILLED: (
        "OutOfMemoryError",
        "Java heap space",
        "GC overhead limit",
        "Cannot construct DataBuffer",
        "Cannot allocate memory",
        r"^Killed\b",
        "signal: killed",
    ),
    _C.GRAPH: (
        r"\[NodeId: ",
        "OperatorException",
        "GraphException",
        "XML parsing",
        "not a graph",
        "Unknown operator",
        "No product reader found",
    ),
}
_TEXTS = {each: re.compile("|".join(texts), re.IGNORECASE) for each, texts in _TELLING.items()}
_CODES = {
    10: _C.INPUT_CONFIG,
    11: _C.STAGING_IN,
    12: _C.INPUT_CONFIG,
    20: _C.INPUT_CONFIG,
    40: _C.GRAPH,
    124: _C.KILLED,
    137: _C.KILLED,
}
_EXIT = re.compile(r"(?:^\++ exit|exit status|exit code:?) (\d+)\b")
# Stands in logs of successful jobs just as well.
_NOISE = re.compile(r"^ERROR 1: libpq\.so\.5\b")
_FINISHED = re.compile(r"SNAP execution completed successfully")
_UNFINISHED = re.compile(r"^\.+ ?\d{1,2}%(?!.*100%)[.\d% ]*$")
_COMPLAINT = re.compile(r"error|exception|fail|fault|cannot|denied|refused|abort|timed out", re.IGNORECASE)
_TROUBLE_ON_THE_WAY = re.compile(r"timed out|connection|reset by peer|HTTP(?:S|Error)|\b50\d\b", re.IGNORECASE)
_SECRETS_OF_URLS = re.compile(r"(?<=://)[^/@\s]+@|(?<=[^\s?])\?[^\s'\"),]*=[^\s'\"),]*")
_LONGEST_LINE = 300


def classify(log: Iterable[str]) -> Failure:
    """Return why a failed job failed, from the messages of its log in order; a message may have several lines."""
    lines = list(_lines(log))
    said = [line for line in lines if not line.startswith("+")]
    failure_class, line = _from_texts(said) or _after_processing(said) or _from_codes(lines, said) or _rest(said)
    return Failure(failure_class, _shown(line), HINTS[failure_class])


def _lines(log: Iterable[str]) -> Iterator[str]:
    for message in log:
        for line in message.splitlines():
            text = line.strip()
            if text and not _NOISE.search(text):
                yield text


def _from_texts(said: Sequence[str]) -> tuple[FailureClass, str] | None:
    for failure_class, pattern in _TEXTS.items():
        for line in said:
            if pattern.search(line):
                return failure_class, line
    return None


def _after_processing(said: Sequence[str]) -> tuple[FailureClass, str] | None:
    """Find faults after the end of the processing, where only the result was left to store."""
    ends = [number for number, line in enumerate(said) if _FINISHED.search(line)]
    rest = said[ends[-1] + 1 :] if ends else ()
    return next(((_C.STAGING_OUT, line) for line in rest if _TROUBLE_ON_THE_WAY.search(line)), None)


def _from_codes(lines: Sequence[str], said: Sequence[str]) -> tuple[FailureClass, str] | None:
    for line in reversed(lines):
        found = _EXIT.search(line)
        failure_class = _CODES.get(int(found[1])) if found else None
        if failure_class:
            return failure_class, _complaint(said) or line
    return None


def _rest(said: Sequence[str]) -> tuple[FailureClass, str]:
    if said and _UNFINISHED.search(said[-1]):
        return _C.KILLED, said[-1]
    return _C.UNKNOWN, _complaint(said) or (said[-1] if said else "")


def _complaint(said: Sequence[str]) -> str:
    """Return the last line that sounds like a fault, sooner one that says more than an exit code."""
    found = [line for line in said if _COMPLAINT.search(line)]
    telling = [line for line in found if not _EXIT.search(line)]
    return next(iter(reversed(telling or found)), "")


def _shown(line: str) -> str:
    bare = _SECRETS_OF_URLS.sub("", line)
    return bare if len(bare) <= _LONGEST_LINE else bare[: _LONGEST_LINE - 3] + "..."


_BY_DEFAULT: Mapping[FailureClass, int] = MappingProxyType({_C.STAGING_IN: 1, _C.STAGING_OUT: 1, _C.KEY: 1})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often failed runs of one definition are tried again: in all (`total`), or for each class."""

    total: int | None = None
    by_class: Mapping[FailureClass, int] = field(default_factory=lambda: dict(_BY_DEFAULT))

    @classmethod
    def parse(cls, value: int | Mapping[FailureName, int] | None) -> Retries:
        """Read `retries:` of a job; classes that are not named keep their default."""
        if value is None or isinstance(value, int):
            return cls(total=value)
        return cls(by_class={**_BY_DEFAULT, **{FailureClass(name): times for name, times in value.items()}})

    def allowed(self, failure_class: FailureClass, attempts: int) -> bool:
        """Tell whether another run may follow `attempts` failed ones, of this class or with `total` of any class."""
        most = self.by_class.get(failure_class, 0) if self.total is None else self.total
        return attempts <= most

    def after(self, failed: Sequence[FailureClass]) -> bool:
        """Tell whether another run may follow these failed ones of the same definition, oldest first, at least one."""
        last = failed[-1]
        return self.allowed(last, len(failed) if self.total is not None else failed.count(last))
