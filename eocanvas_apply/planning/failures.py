"""Why a job failed, read from its log, and how often a failure of that class is tried again.

The log is the shell trace of the processing wrapper: lines that begin with `+` repeat what the job was given and say
nothing of a fault but the wrapper's exit code. The wrapper exits with 10 and 12 for its inputs, 11 for a file that it
does not find, 20 for an archive, 30 for its tools and 40 for the graph; texts say more than codes and come first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field

from eocanvas_apply.vocabulary import FailureClass
from eocanvas_apply.web_addresses import replaced_users

# These fail again whenever they are tried again, and every instance of a campaign fails in the same way.
HOPELESS: frozenset[FailureClass] = frozenset({"input-config", "graph"})
HINTS: Mapping[FailureClass, str] = MappingProxyType(
    {
        "input-config": "the inputs, uncompress or sub_path do not fit the files; correct the job before another run",
        "staging-in": "an input could not be read; check its path or product if it fails again",
        "staging-out": "the result was made but not stored; check the output's storage",
        "killed": "the processing stopped in the middle, for time (one hour) or memory; a smaller region helps",
        "key": "a key was missing, expired or rejected; check its credentials and its end",
        "graph": "the graph cannot be processed with these inputs; correct it before another run",
        "unknown": "the log does not say why; read all of it",
    }
)


class Failure(Struct, frozen=True):
    """Why a job failed: its class, the line of the log that says so (empty without one), and what helps."""

    failure_class: FailureClass
    line: str
    hint: str


# Patterns here are texts: `re` compiles them when a log is read, and most runs read none.
# In this order: what names the fault exactly stands before what may come of it.
_TEXTS: Mapping[FailureClass, str] = {
    "input-config": r"Zero or more than one item found for|No inputs? (?:was |were )?found|Cannot uncompress",
    "key": r"Cannot read the credentials|Unable to locate credentials|InvalidAccessKeyId|InvalidClientTokenId"
    r"|SignatureDoesNotMatch|ExpiredToken|access key id .*does not exist|key \S+ (?:not found|has expired)",
    "staging-out": r"UploadFailed",
    "staging-in": r"DownloadFailed|^File \S.* not found\b",
    "killed": r"OutOfMemoryError|Java heap space|GC overhead limit|Cannot construct DataBuffer|Cannot allocate memory"
    r"|^Killed\b|signal: killed",
    "graph": r"\[NodeId: |OperatorException|GraphException|XML parsing|not a graph|Unknown operator"
    r"|No product reader found",
}
_CODES: Mapping[int, FailureClass] = {
    10: "input-config",
    11: "staging-in",
    12: "input-config",
    20: "input-config",
    40: "graph",
    124: "killed",
    137: "killed",
}
_EXIT = r"(?:^\++ exit|exit status|exit code:?) (\d{1,3})\b"
# Stands in logs of successful jobs just as well.
NOISE = r"^ERROR 1: libpq\.so\.5\b"
_FINISHED = r"SNAP execution completed successfully"
_UNFINISHED = r"^\.+ ?\d{1,2}%(?!.*100%)[.\d% ]*$"
_COMPLAINT = r"error|exception|fail|fault|cannot|denied|refused|abort|timed out"
_CONNECTION_FAULT = r"timed out|connection|reset by peer|HTTP(?:S|Error)|\b50\d\b"
_QUERY = r"(?<=[^\s?])\?[^\s'\"),]*=[^\s'\"),]*"
_LONGEST_LINE = 300


def classify(log: Iterable[str]) -> Failure:
    """Return why a failed job failed, from the messages of its log in order; a message may have several lines."""
    lines = [text for message in log for line in message.splitlines() if (text := line.strip())]
    lines = [line for line in lines if not re.search(NOISE, line)]
    output = [line for line in lines if not line.startswith("+")]
    failure_class, line = next(_causes(lines, output))
    bare = without_url_secrets(line)
    text = bare if len(bare) <= _LONGEST_LINE else bare[: _LONGEST_LINE - 3] + "..."
    return Failure(failure_class, text, HINTS[failure_class])


def without_url_secrets(line: str) -> str:
    """Return a line without the user names, passwords and queries of the addresses in it."""
    return re.sub(_QUERY, "", replaced_users(line))


def _causes(lines: Sequence[str], output: Sequence[str]) -> Iterator[tuple[FailureClass, str]]:
    """Yield what the log says of the cause, the surest first."""
    for failure_class, pattern in _TEXTS.items():
        yield from ((failure_class, line) for line in output if re.search(pattern, line, re.IGNORECASE))
    # After the end of the processing only the result was left to store.
    ends = [number for number, line in enumerate(output) if re.search(_FINISHED, line)]
    rest = output[ends[-1] + 1 :] if ends else ()
    yield from (("staging-out", line) for line in rest if re.search(_CONNECTION_FAULT, line, re.IGNORECASE))
    complaint = _complaint(output)
    for line in reversed(lines):
        if (found := re.search(_EXIT, line)) and (by_code := _CODES.get(int(found[1]))):
            yield by_code, complaint or line
    if output and re.search(_UNFINISHED, output[-1]):
        yield "killed", output[-1]
    yield "unknown", complaint or (output[-1] if output else "")


def _complaint(output: Sequence[str]) -> str:
    """Return the last line that reads like a fault, sooner one that says more than an exit code."""
    found = [line for line in output if re.search(_COMPLAINT, line, re.IGNORECASE)]
    specific = [line for line in found if not re.search(_EXIT, line)]
    return next(reversed(specific or found), "")


_DEFAULT_RETRIES: Mapping[FailureClass, int] = MappingProxyType({"staging-in": 1, "staging-out": 1, "key": 1})


class Retries(Struct, frozen=True):
    """How often failed runs of one definition are tried again: in all (`total`), or for each class."""

    total: int | None = None
    by_class: Mapping[FailureClass, int] = field(default_factory=lambda: dict(_DEFAULT_RETRIES))

    @classmethod
    def parse(cls, value: int | Mapping[FailureClass, int] | None) -> Retries:
        """Read `retries:` of a job; classes that are not named keep their default."""
        if value is None or isinstance(value, int):
            return cls(total=value)
        return cls(by_class={**_DEFAULT_RETRIES, **value})

    def allowed(self, failure_class: FailureClass, attempts: int) -> bool:
        """Tell whether another run may follow `attempts` failed ones, of this class or with `total` of any class."""
        most = self.by_class.get(failure_class, 0) if self.total is None else self.total
        return attempts <= most

    def after(self, failed: Sequence[FailureClass]) -> bool:
        """Tell whether another run may follow these failed ones of the same definition, oldest first, at least one."""
        last = failed[-1]
        return self.allowed(last, len(failed) if self.total is not None else failed.count(last))
