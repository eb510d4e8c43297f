"""What the logs of successful jobs say that makes a result doubtful. The rules are data: `data/log_rules.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.planning.failures import without_url_secrets

_LONGEST_LINE = 300
Checks = Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class LogRule:
    """One rule: the lines that it finds in the logs of a process, what they mean and what to do."""

    code: str
    process: str
    pattern: str
    meaning: str
    advice: str
    source: str
    example: str
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern, re.MULTILINE))

    def lines_in(self, log: str) -> Iterator[str]:
        """Yield the lines of a log that it finds, except those that only repeat what the job was given."""
        end = -1
        for found in self._compiled.finditer(log):
            # One line counts once, however often the pattern is in it.
            if found.start() < end:
                continue
            begin = log.rfind("\n", 0, found.start()) + 1
            end = stop if (stop := log.find("\n", found.end())) >= 0 else len(log)
            if not log.startswith("+", begin):
                yield log[max(begin, found.start() - _LONGEST_LINE) : min(end, found.end() + _LONGEST_LINE)].strip()


@cache
def log_rules() -> Sequence[LogRule]:
    """Return all rules, in the order of their file."""
    import tomllib

    text = files("eocanvas_apply.planning").joinpath("data/log_rules.toml").read_text(encoding="utf-8")
    return tuple(LogRule(**row) for row in tomllib.loads(text)["rule"])


@cache
def remark_codes() -> frozenset[str]:
    """Return the codes that a remark may have."""
    return frozenset(rule.code for rule in log_rules())


@cache
def has_rules(process: str | None) -> bool:
    """Tell whether there are rules for the logs of a process; None is one that is not known."""
    return process is None or any(rule.process == process for rule in log_rules())


def remarks_in(log: str, process: str | None) -> tuple[Remark, ...]:
    """Return what the log of a successful job says of its result: one remark a code, with its first line."""
    found: dict[str, list[str]] = {}
    for rule in log_rules():
        if process in (None, rule.process):
            for line in rule.lines_in(log):
                found.setdefault(rule.code, []).append(line)
    return tuple(Remark(code=code, line=_shown(lines[0]), lines=len(lines)) for code, lines in found.items())


def _shown(line: str) -> str:
    bare = without_url_secrets(line)
    return bare if len(bare) <= _LONGEST_LINE else bare[: _LONGEST_LINE - 3] + "..."


def rule_of(remark: Remark) -> LogRule | None:
    """Return the rule that a remark comes of, None for one of another version of the program."""
    own = [rule for rule in log_rules() if rule.code == remark.code]
    return next((rule for rule in own if any(rule.lines_in(remark.line))), next(iter(own), None))


def severity_of(remark: Remark, checks: Checks) -> Severity:
    """Return how bad a remark is: a warning, unless `checks:` says otherwise."""
    return checks.get(remark.code, Severity.WARNING)


def shown_remarks(remarks: Iterable[Remark] | None, checks: Checks) -> tuple[Remark, ...]:
    """Return those that people are shown: not those that `checks:` lowers to info."""
    return tuple(each for each in remarks or () if severity_of(each, checks) is not Severity.INFO)


def rejecting(remarks: Iterable[Remark] | None, checks: Checks) -> Remark | None:
    """Return the first remark that `checks:` makes an error: its job stands as failed."""
    return next((each for each in remarks or () if severity_of(each, checks) is Severity.ERROR), None)
