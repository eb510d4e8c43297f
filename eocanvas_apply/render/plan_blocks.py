"""The actions of a plan as blocks of lines: what is done, why, what is new, what differs, what is waited for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct, field

from eocanvas_apply.planning.actions import ACTIONS, READING_ORDER, ActionKind
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT, Change
from eocanvas_apply.planning.plan import Plan, PlannedAction, instance_of
from eocanvas_apply.planning.reasons import Reason, row_of
from eocanvas_apply.render.definitions import definition, definition_lines, document_title
from eocanvas_apply.render.differences import change_line, document_diff, painted, without_text
from eocanvas_apply.render.layout import Style, counted, cut, cut_apart, moment, one_line, shortened

# How many instances of a campaign are named, and how many other addresses a block waits for.
_FEW = 3
# So many keys and jobs are shown with their definition on a terminal, and so many lines of one graph or chain.
_FEW_DEFINITIONS, _MOST_LINES = 10, 30
_INDENT = "      "
# How wide a line below an address is where no terminal says so, and how much of a name is left at least.
_WIDTH, _SHORTEST = 72, 24


def in_words(planned: PlannedAction) -> str:
    """Return what the reason of an action means, whether the job runs again after that, and its note."""
    if planned.lists_nothing:
        return no_results_yet(planned.not_before)
    words = planned.row.words + then(planned)
    return f"{words}: {one_line(planned.note)}" if planned.note else words


def no_results_yet(until: datetime | None) -> str:
    """Return that a job succeeded and lists no results, and until when they are looked for."""
    return f"succeeded, but lists no results yet; looked for until {moment(until)}"


def then(planned: PlannedAction) -> str:
    """Return `, then relaunched (definition changed)` of what is run again, deleted or forgotten later in this run."""
    if again := planned.runs_again:
        return f", then relaunched ({row_of(planned.address, ActionKind.RELAUNCH, again).words})"
    if planned.goes_later and planned.goes:
        done = "deleted" if planned.goes.action is ActionKind.DELETE else "forgotten"
        return f", then {done} ({planned.goes.words})"
    return ""


def when(planned: PlannedAction) -> str:
    """Return from when an action may start; an estimate where it depends on the ends of other jobs."""
    word = "probably at" if planned.row.expected else "not before"
    return f"{word} {moment(planned.not_before)}"


def order_lines(action: PlannedAction, indent: str) -> list[str]:
    """Return a line for each product that a launch waits for, such as `first orders S3A_OL_2_WFR...`."""
    return [
        f"{indent}{'first orders' if each in action.orders else 'waits for product'} {each}" for each in action.awaits
    ]


def alike_in_order(actions: Iterable[PlannedAction]) -> list[list[PlannedAction]]:
    """Return the actions, equal ones of one campaign together, what costs something or cannot be undone first."""
    found: dict[tuple[ActionKind, str, str, str, bool, str], list[PlannedAction]] = defaultdict(list)
    for each in actions:
        # Of a hundred thousand addresses no name holds a bracket, so that its campaign is what stands before one.
        owner, row = each.address.partition("[")[0], each.row
        later = each.runs_again or each.goes_later or ""
        found[row.action, owner, row.reason, later, each.lists_nothing, each.note].append(each)
    order = sorted(found, key=lambda alike: (READING_ORDER.index(alike[0]), *alike[1:]))
    return [sorted(found[alike], key=lambda each: each.address) for alike in order]


class Blocks(Struct):
    """Writes a block for each address, with `full` for each instance too, and counts what it leaves out.

    `definitions` is how many keys and jobs are shown with what they are; with `full` all are.
    """

    plan: Plan
    style: Style
    full: bool = False
    definitions: int = _FEW_DEFINITIONS
    instances_left_out: int = 0
    definitions_left_out: int = 0
    lines_left_out: int = 0
    _defined: int = 0
    # The address at which the difference of two digests was shown.
    _compared: dict[tuple[object, object], str] = field(default_factory=dict)

    @property
    def _width(self) -> int:
        """How wide a line below an address may be."""
        return max(self.style.width - len(_INDENT) - 2, 2 * _SHORTEST) if self.style.width else _WIDTH

    @property
    def left_out(self) -> list[str]:
        """What the blocks up to now have left out, each kind with its number."""
        numbers = (self.instances_left_out, self.definitions_left_out, self.lines_left_out)
        nouns = ("instance", "definition", "changed line")
        return [counted(number, noun) for number, noun in zip(numbers, nouns, strict=True) if number]

    def of(self, actions: Sequence[PlannedAction]) -> Iterator[str]:
        """Yield the blocks; equal instances of a campaign are one."""
        groups = alike_in_order(actions)
        for alike in [[each] for group in groups for each in group] if self.full else groups:
            yield "\n".join([self._head(alike), *(_INDENT + line for line in self._lines(alike))])

    def _head(self, alike: Sequence[PlannedAction]) -> str:
        first, traits = alike[0], ACTIONS[alike[0].action]
        verdict = _verdict(first, len(alike))
        name, number = (first.address, "") if len(alike) == 1 else (first.campaign or "", f" ({len(alike)} instances)")
        if self.style.width and not self.full:
            # The sign stands before it, a colon behind it.
            name = cut(name, max(self.style.width - len(number) - len(verdict) - 6, self.style.width // 2))
        return f"{self.style.paint(f'{traits.sign:>3}', traits.colour)} {name}{number}: {verdict}"

    def _lines(self, alike: Sequence[PlannedAction]) -> Iterator[str]:
        if alike[0].reason is Reason.NEW:
            yield from self._definition(alike)
        yield from self._differences(alike)
        if before := list(dict.fromkeys(address for each in alike for address in each.depends_on)):
            yield f"after {', '.join(shortened(before, _FEW, self._named, '{} more', spare=1))}"
        if len(alike) > 1:
            yield from self._names(alike)
            return
        yield from (line if self.full else cut(line, self._width) for line in order_lines(alike[0], ""))
        if self.full and alike[0].not_before and not alike[0].lists_nothing:
            yield when(alike[0])

    def _named(self, address: str) -> str:
        return cut(address, self._width - _SHORTEST) if self.style.width and not self.full else address

    def _names(self, alike: Sequence[PlannedAction]) -> Iterator[str]:
        products = sum(len(each.awaits) for each in alike)
        if products:
            yield f"waits for {counted(products, 'product')} to be ordered"
        self.instances_left_out += _left(len(alike))
        yield few_names([each.address for each in alike], self._width)

    def _definition(self, alike: Sequence[PlannedAction]) -> list[str]:
        if not definition(self.plan, alike[0].address):
            return []
        self._defined += 1
        if self._defined > self.definitions and not self.full:
            self.definitions_left_out += 1
            return []
        return definition_lines(self.plan, [each.address for each in alike], self._width)

    def _differences(self, alike: Sequence[PlannedAction]) -> Iterator[str]:
        """Yield what differs; what is not the same for all instances with the values of the first."""
        others = [set(map(_plain, each.changes)) for each in alike[1:]] if alike[0].changes else []
        for change in alike[0].changes:
            differs = any(_plain(change) not in each for each in others)
            more = f" (first of {len(alike)})" if differs else ""
            if change.path == DOCUMENT:
                yield from self._document(alike[0].address, change, more)
            else:
                yield change_line(change, self.style, more)

    def _document(self, address: str, change: Change, more: str) -> Iterator[str]:
        title = self.style.paint(document_title(definition(self.plan, address)), "bold")
        shown = self._compared.setdefault((change.before, change.after), address)
        before, after = (self.plan.texts.get(str(each)) for each in (change.before, change.after))
        if shown != address:
            yield f"{title}: changed as for {shown}"
        elif before is None or after is None:
            yield f"{title}: {without_text(change)}{more}"
        else:
            yield f"{title}:{more}"
            yield from self._diff(document_diff(before, after))

    def _diff(self, lines: Sequence[str]) -> Iterator[str]:
        shown = lines if self.full or len(lines) <= _MOST_LINES + 1 else lines[:_MOST_LINES]
        yield from (f"  {line}" for line in painted(shown, self.style))
        if left := len(lines) - len(shown):
            self.lines_left_out += left
            yield f"  … {left} more lines"


def few_names(addresses: Sequence[str], width: int) -> str:
    """Return the ids of the first instances, together of about this width, and how many more there are."""
    left = _left(len(addresses))
    shown = [instance_of(address) for address in addresses[: len(addresses) - left]]
    fit = sum(len(name) + 2 for name in shown) <= width
    names = shown if fit else cut_apart(shown, width // len(shown) - 5)
    return ", ".join(names) + (f" and {left} more" if left else "")


def _left(number: int) -> int:
    return number - _FEW if number > _FEW + 1 else 0


def _plain(change: Change) -> str:
    # Values may be mappings and lists, which no set takes.
    return repr(change)


def _verdict(planned: PlannedAction, count: int) -> str:
    """Return what is done and why: `relaunch (definition changed), 1 unit of the quota`; what is new needs none."""
    words = in_words(planned)
    if planned.action in (ActionKind.WATCH, ActionKind.NONE):
        return words
    if planned.reason is Reason.NEW:
        return str(planned.action)
    if planned.action is ActionKind.ASK:
        return f"decision needed: {words}"
    again = planned.action in (ActionKind.RELAUNCH, ActionKind.RETRY)
    return f"{planned.action} ({words})" + (f", {counted(count, 'unit')} of the quota" if again else "")
