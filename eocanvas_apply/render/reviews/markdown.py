"""A plan as Markdown for a comment on a pull or merge request.

It is the same text for the same plan, so that an edited comment shows what has changed: moments of time are left out,
but for the day of the end. What comes from the manifest stands in code, where no Markdown, mention or HTML is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.planning.actions import ACTIONS, LAUNCHES, READING_ORDER, ActionKind
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.render.layout import PLAIN, counted, one_line
from eocanvas_apply.render.plan import changes
from eocanvas_apply.render.plan_blocks import Blocks

# GitHub takes 65,536 characters, GitLab a million.
MOST_BYTES = 60_000
_FINDINGS = 20
# Without an end a plan of very many keys and jobs would take long to write.
_MOST_DEFINITIONS = 1_000
_BESIDE = 2_000
_MOMENT = re.compile(r" ?(?:not before|probably at|until) \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC")


def text(plan: Plan) -> str:
    """Return the comment; its first line is a mark by which a pipeline finds it again, one of each environment."""
    parts = ["\n".join(_head(plan)), _summary(plan), _found(plan.findings)]
    parts += _sections(plan, MOST_BYTES - _BESIDE - len("".join(parts).encode()))
    return "\n\n".join(filter(None, parts)) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    origin = plan.origin
    mark = " ".join(map(_plain, filter(None, (origin.project, origin.environment))))
    yield f"<!-- eocanvas-apply plan {mark} -->"
    yield f"### Plan of {code(origin.project)}" + (
        f", environment {code(origin.environment)}" if origin.environment else ""
    )
    if origin.service:
        yield f"\nAt {code(origin.service)} as {code(origin.account)}."


def code(given: str) -> str:
    """Return a text of any kind as Markdown that shows it as it is."""
    shown = one_line(given)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _plain(given: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", given)


def _summary(plan: Plan) -> str:
    moving = changes(plan)
    launches = sum(a.action in LAUNCHES or a.lies_ahead for a in plan.actions)
    again = sum(plan.counts[kind] for kind in (ActionKind.RELAUNCH, ActionKind.RETRY))
    cost = (
        f"It launches {counted(launches, 'job')}, which uses {counted(launches, 'unit')} of the quota"
        if launches
        else ""
    )
    cost += f", {again} of them again" if again else ""
    ends = plan.forecast.ends
    end = f"The last launch is possible on {ends:%Y-%m-%d} (UTC)." if ends else ""
    return "\n".join(filter(None, [f"**{moving}**" if moving else "**No changes.**", cost and f"{cost}.", end]))


def _found(findings: Sequence[Diagnostic]) -> str:
    ordered = sorted(findings, key=lambda each: [*Severity].index(each.severity))
    lines = [line for each in ordered[:_FINDINGS] for line in _finding(each)]
    left = len(ordered) - _FINDINGS
    return "\n".join([*lines, *([f"- and {left} more"] if left > 0 else [])])


def _finding(each: Diagnostic) -> Iterator[str]:
    """Yield its line; a hint of several lines, such as what to paste into a manifest, stands below as it is."""
    first, *rest = each.hint.splitlines() or [""]
    shown = replace(each, hint=first) if rest else each
    yield f"- {each.severity}: {code(str(shown))} ({code(each.code)})"
    if rest:
        yield from ("", _fence(rest), *rest, _fence(rest), "")


def _sections(plan: Plan, room: int) -> Iterator[str]:
    """Yield a folded section for each kind of action, as far as there is room."""
    blocks, left = Blocks(plan, PLAIN, definitions=_MOST_DEFINITIONS), 0
    if plan.moves:
        moved = [f"{source} is now {target}" for source, target in plan.moves]
        yield _folded(f"moved: {len(moved)}", list(_fitting(moved, room // 2)))
        room -= room // 2
    for title, alike in _kinds(plan):
        lines = [_MOMENT.sub("", line) for block in blocks.of(alike) for line in block.splitlines()]
        shown = list(_fitting(lines, room))
        room -= sum(len(line.encode()) + 1 for line in shown)
        left += len(lines) - len(shown)
        yield _folded(f"{title}: {len(alike)}", shown)
    if left_out := ", ".join([*([counted(left, "line")] if left else []), *blocks.left_out]):
        yield f"Not shown: {left_out}; `eocanvas-apply show PLAN --full` has them all."


def _kinds(plan: Plan) -> Iterator[tuple[str, Sequence[PlannedAction]]]:
    """Yield what is done now, by action, and at last what is done later in the run, with a title for each."""
    for kind in READING_ORDER:
        alike = [action for action in plan.actions if action.action is kind]
        if alike and (kind is ActionKind.ASK or not ACTIONS[kind].quiet):
            yield kind, alike
    if later := [a for a in plan.actions if (a.runs_again or a.goes_later) and ACTIONS[a.action].quiet]:
        yield "afterwards", later


def _fitting(lines: Sequence[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            return
        yield line


def _folded(title: str, lines: Sequence[str]) -> str:
    fence = _fence(lines)
    return "\n".join(["<details>", f"<summary>{title}</summary>", "", fence, *lines, fence, "", "</details>"])


def _fence(lines: Sequence[str]) -> str:
    """Return what begins and ends a block of code that holds these lines."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)
