"""`forget`: stops managing a job. Neither the job nor its results are touched."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_job
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import Diagnostic, warning

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.planning.desired.desired import Desired

EPILOG = """\
A job in flight runs on and counts until it ends; its results are not fetched.

Example:
  eocanvas-apply forget subset
"""


add_arguments = add_job


def run(args: Namespace, console: Console) -> Outcome:
    """Record it; the service is not asked."""

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.api.addresses import one_job
        from eocanvas_apply.engine import decisions

        engine = await project.engine()
        address = one_job(args.address, await project.addresses(), await engine.recorded())
        await decisions.forget(engine, address)
        return Outcome(
            diagnostics=_still_wanted(address, engine.desired),
            text=lambda _: f"{address} is forgotten.\n",
            fields=lambda: {"forget": [{"address": address}]},
        )

    return with_project(args, console, work, rows="GIVEN")


def _still_wanted(address: str, desired: Desired) -> tuple[Diagnostic, ...]:
    from eocanvas_apply.manifest.address import Address

    if address not in desired.jobs and Address.parse(address).name not in desired.unasked:
        return ()
    hint = "remove it from the manifest too, or the next apply adopts its job again, or launches it"
    return (warning("still-in-manifest", f"{address} is still in the manifest", hint, address=address),)
