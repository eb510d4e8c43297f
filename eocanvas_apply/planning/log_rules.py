"""What the logs of successful jobs say that makes a result doubtful. The rules are data: `data/log_rules.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.failures import without_url_secrets

_LONGEST_LINE = 300
_COLOURS = re.compile(r"\x1b\[[0-?]{0,30}[ -/]{0,5}[@-~]")
_GRAPH, _END_OF_GRAPH = "\n<graph", "</graph>"
Checks = Mapping[str, Severity]
ChecksOfJobs = Mapping[str, Checks]


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
    head: re.Pattern[str] = field(repr=False, compare=False)
    level: str = ""
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern))

    def places_in(self, log: str) -> Iterator[tuple[int, int]]:
        """Yield where each line of a log that it finds begins and ends, from what the program itself wrote on."""
        end = -1
        for found in self._compiled.finditer(log):
            # One look at each line, however often the pattern is in it.
            if found.start() < end:
                continue
            begin = log.rfind("\n", 0, found.start()) + 1
            end = stop if (stop := log.find("\n", found.end())) >= 0 else len(log)
            head = self.head.fullmatch(log, begin, found.start())
            if head and head[1].startswith(self.level):
                yield head.start(1), end


@cache
def log_rules() -> Sequence[LogRule]:
    """Return all rules, in the order of their file."""
    import tomllib

    text = files("eocanvas_apply.planning").joinpath("data/log_rules.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    heads = {process: re.compile(head) for process, head in data["heads"].items()}
    return tuple(LogRule(head=heads[row["process"]], **row) for row in data["rule"])


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
    text = _without_graphs(_plain(log))
    found: dict[str, dict[int, int]] = {}
    for rule in log_rules():
        if process in (None, rule.process) and (places := dict(rule.places_in(text))):
            found[rule.code] = found.get(rule.code, {}) | places
    return tuple(
        Remark(code=code, line=_shown(text, min(places.items())), lines=len(places)) for code, places in found.items()
    )


def _plain(log: str) -> str:
    """Return a log without colours, and with one kind of line end."""
    text = _COLOURS.sub("", log) if "\x1b" in log else log
    return text.replace("\r", "\n") if "\r" in text else text


def _without_graphs(log: str) -> str:
    """Return a log without the graphs in it, which may hold any words."""
    kept, end = [], 0
    while (begin := log.find(_GRAPH, end)) >= 0 and (stop := log.find(_END_OF_GRAPH, begin)) >= 0:
        kept.append(log[end:begin])
        end = stop + len(_END_OF_GRAPH)
    return "".join((*kept, log[end:])) if kept else log


def _shown(log: str, place: tuple[int, int]) -> str:
    begin, end = place
    # Cut twice: an address without its secrets is shorter.
    bare = without_url_secrets(log[begin : min(end, begin + 2 * _LONGEST_LINE)]).strip()
    return bare if len(bare) <= _LONGEST_LINE else bare[: _LONGEST_LINE - 3] + "..."


def rule_of(remark: Remark) -> LogRule | None:
    """Return the rule that a remark comes of, None for one of another version of the program."""
    own = [rule for rule in log_rules() if rule.code == remark.code]
    return next((rule for rule in own if any(rule.places_in(remark.line))), next(iter(own), None))


def severity_of(remark: Remark, checks: Checks) -> Severity:
    """Return how bad a remark is: a warning, unless `checks:` says otherwise."""
    return checks.get(remark.code, Severity.WARNING)


def shown_remarks(remarks: Iterable[Remark] | None, checks: Checks) -> tuple[Remark, ...]:
    """Return those that people are shown: not those that `checks:` lowers to info."""
    return tuple(each for each in remarks or () if severity_of(each, checks) is not Severity.INFO)


def rejecting(remarks: Iterable[Remark] | None, checks: Checks) -> Remark | None:
    """Return the first remark that `checks:` makes an error: its job stands as failed."""
    return next((each for each in remarks or () if severity_of(each, checks) is Severity.ERROR), None)


def rejection(remark: Remark) -> str:
    """Return why the job of this remark stands as failed."""
    return f"the job succeeded, and `checks:` makes {remark.code} an error: {remark.line}"


def checks_of(address: str, of_jobs: ChecksOfJobs) -> Checks:
    """Return the checks of the job or instance at an address; `of_jobs` has them by the job's name."""
    return of_jobs.get(Address.parse(address).name, {}) if of_jobs else {}
