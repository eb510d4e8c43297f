"""`plan`: shows what would change, and why. It changes nothing, neither here nor on the service."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from eocanvas_apply.api.exit_codes import Exit, of_drift, of_plan
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import ledger_url, opened_project, read_now, with_project
from eocanvas_apply.cli.shared_options import (
    CI_FORMATS,
    add_allowances,
    add_project,
    add_requests,
    add_sealing,
    requested,
)
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error, has_errors
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.values import Plan
    from eocanvas_apply.report.rehearsal import Rehearsal

EPILOG = """\
Signs: -/+ again (replace, relaunch)   + new (create, launch)   ~ renew, retry   - gone (delete, forget, dismiss)
       <= adopt, fetch   … watch   ? a decision is needed

The formats github, gitlab, sarif and junit hold the diagnostics of the plan, not its actions.

Examples:
  eocanvas-apply plan
  eocanvas-apply plan --only datacube --simulate
  eocanvas-apply plan --out review.plan
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="exit with 2 if apply would change something; otherwise with 7, 4 or 3 if a decision is needed, "
        "a job stands failed, or jobs run or wait",
    )
    parser.add_argument(
        "--refresh-only",
        action="store_true",
        help="only compare what is there now with what is recorded (keys, jobs, results here and in storages), and "
        "plan nothing; with --detailed-exitcode exit with 2 if something is not as recorded",
    )
    parser.add_argument(
        "--refresh-searches",
        action="store_true",
        help="search again, whatever eocanvas.lock says, and show what that would change; the lock is not written",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="save the plan: `apply FILE` carries out exactly that, without asking; `show FILE` shows it",
    )
    parser.add_argument("--destroy", action="store_true", help="plan what `destroy` would do")
    parser.add_argument("--full", action="store_true", help="every address, also where campaigns are shortened")
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="also run the plan to its end in virtual time: when it ends, and what faults would change",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="plan from manifest, lock and ledger alone: no network, no credentials, no secret is read, nothing runs; "
        "for manifests of others, such as pull requests from forks",
    )
    add_requests(parser)
    add_allowances(parser)
    add_sealing(parser)
    add_project(parser, *CI_FORMATS)


def run(args: Namespace, console: Console) -> Outcome:
    """Observe, plan and show the plan."""
    _refuse_what_does_nothing(args)
    if args.refresh_only:
        return with_project(args, console, partial(_drift, args), rows="GIVEN")
    if args.offline:
        return read_now(_offline(args))

    async def work(project: AsyncProject) -> Outcome:
        plan = await project.plan(**_asked(args))
        if args.out:
            await project.save(plan, args.out)
            console.say(_saved(args, plan))
        return _outcome(args, plan, await _rehearsed(project, plan) if args.simulate else None)

    rows = "GIVEN" if args.destroy else "ANEW" if args.refresh_searches else "ASKED"
    return with_project(args, console, work, rows=rows)


def _saved(args: Namespace, plan: Plan) -> str:
    if plan.value.refusals:
        return f"saved in {args.out}; apply refuses it as it is: give `plan --out` also what is named, if it is meant"
    return f"saved in {args.out}; `eocanvas-apply apply {args.out}` carries it out"


# What a kind of plan leaves without a meaning: options that change how jobs are launched, how a plan is made or saved.
_LAUNCHING = ("limit", "relaunch", "retry_failed")
_MAKING = ("offline", "destroy", "out", "simulate", "refresh_searches", "only")
_NOT_BESIDE = {
    "refresh_only": (
        "plans nothing",
        (
            "offline",
            "destroy",
            "out",
            "simulate",
            "refresh_searches",
            "only",
            *_LAUNCHING,
            "allowed",
            "allow_protected",
        ),
    ),
    "destroy": ("makes no search and launches nothing", ("refresh_searches", *_LAUNCHING)),
    "offline": (
        "makes no search, seals nothing, and gives no plan that can be applied",
        ("out", "refresh_searches", "require_sealing_key"),
    ),
}


def _refuse_what_does_nothing(args: Namespace) -> None:
    for kind, (does, others) in _NOT_BESIDE.items():
        given = [_option(name) for name in others if getattr(args, name)] if getattr(args, kind) else ()
        if given:
            message = f"{_option(kind)} {does}, so that {given[0]} has no meaning beside it"
            raise UsageError(error("usage", message, f"leave out {_option(kind)} or {', '.join(given)}"))


def _option(name: str) -> str:
    return "--allow-..." if name == "allowed" else f"--{name.replace('_', '-')}"


async def _drift(args: Namespace, project: AsyncProject) -> Outcome:
    """Compare what is there with what is recorded; nothing is written, and the service is only read."""
    from eocanvas_apply.engine.inspection.results_in_storages import drift_report
    from eocanvas_apply.render.reviews import drift_report as render

    engine = await project.engine()
    report = await drift_report(engine)
    plain = Exit.ERROR if has_errors(report.plan.diagnostics) else Exit.DONE
    return Outcome(
        of_drift(report) if args.detailed_exitcode else plain,
        (*report.diagnostics, *await engine.other_runs()),
        text=lambda style: render.text(report, style, full=args.full),
        fields=lambda: render.body(report),
    )


def _asked(args: Namespace) -> dict[str, Any]:
    return {**requested(args), "destroy": args.destroy, "allow": args.allowed, "allow_protected": args.allow_protected}


async def _offline(args: Namespace) -> Outcome:
    """Plan without the service: nothing is sent, executed or written, whatever the manifest says."""
    from eocanvas_apply.api.offline import OfflineProject
    from eocanvas_apply.engine.opening import timing_overrides

    project = OfflineProject(opened_project(args), ledger_url(args), timing_overrides(os.environ))
    plan, survey = await project.plan(**_asked(args)), await project.survey()
    if not args.simulate:
        return _outcome(args, plan)
    from eocanvas_apply.simulation.rehearsing import rehearse

    return _outcome(
        args, plan, await asyncio.to_thread(rehearse, survey.desired, plan.requests, survey.recorded, survey.observed)
    )


async def _rehearsed(project: AsyncProject, plan: Plan) -> Rehearsal:
    from eocanvas_apply.simulation.rehearsing import rehearse

    engine = await project.engine()
    # In a thread of its own, for its time is not that of this event loop.
    return await asyncio.to_thread(rehearse, engine.desired, plan.requests, engine.journal.recorded, plan.observed)


def _outcome(args: Namespace, plan: Plan, rehearsal: Rehearsal | None = None) -> Outcome:
    from eocanvas_apply.render import plan as render

    plain = Exit.ERROR if has_errors(plan.value.diagnostics) else Exit.DONE
    outcome = Outcome(
        of_plan(plan.value) if args.detailed_exitcode else plain,
        plan.diagnostics,
        text=lambda style: render.text(plan.value, style, full=args.full),
        fields=lambda: render.body(plan.value, full=args.full),
    )
    return outcome if rehearsal is None else _with_rehearsal(outcome, plan, rehearsal)


def _with_rehearsal(outcome: Outcome, plan: Plan, rehearsal: Rehearsal) -> Outcome:
    from eocanvas_apply.render.forecast import rehearsal_json, rehearsal_text

    return replace(
        outcome,
        text=lambda style: f"{outcome.text(style)}\n{rehearsal_text(rehearsal, plan.value)}",
        fields=lambda: {**outcome.fields(), "simulate": rehearsal_json(rehearsal)},
    )
