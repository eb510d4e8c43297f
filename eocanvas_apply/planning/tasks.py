"""What carries an action out: one small value for each thing that `applying/` can do."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from eocanvas_apply.ledger.events import DeleteReason
from eocanvas_apply.manifest.products import Product
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.desired_job import DesiredJob


class CreateKey(Struct, frozen=True):
    """Create this generation; `abandons` is an earlier one that is not found (number and name)."""

    key: DesiredKey
    generation: int
    abandons: tuple[int, str] | None = None


class _GenerationTask(Struct, frozen=True):
    key: str
    generation: int
    name: str


class AdoptKey(_GenerationTask, frozen=True):
    """Record that the service holds this generation after all."""

    intent: str
    created: datetime | None
    expires: datetime | None
    end_known: bool


class DrainKey(_GenerationTask, frozen=True):
    """Keep new intents away from this key, which is about to be replaced under its name."""


class EndDrain(_GenerationTask, frozen=True):
    """Use this key again: the manifest went back before it was replaced."""


class DeleteKey(_GenerationTask, frozen=True):
    """Delete this generation; `reason` is None where the next generation takes its name at once."""

    reason: DeleteReason | None


class LaunchJob(Struct, frozen=True, gc=False):
    """Launch this job; `abandons` is an intent that the service shows no job of.

    `orders` are those whose downloads are its inputs, `process_version` is that of its process, as far as shown.
    """

    job: DesiredJob
    abandons: str | None = None
    orders: tuple[str, ...] = ()
    process_version: str | None = None


class OrderProducts(Struct, frozen=True):
    """Order these products, of which this job is about to be launched with."""

    job: DesiredJob
    products: tuple[Product, ...]


class AdoptJob(Struct, frozen=True):
    """Record that this job of the service is ours."""

    job_id: str
    reason: Literal["found", "returned"]
    intent: str | None = None


class DismissJob(Struct, frozen=True):
    """Ask the service to dismiss this job."""

    job_id: str


class CancelLaunch(Struct, frozen=True):
    """Record that what this intent became, if anything, shall not run."""

    intent: str


class FetchResults(Struct, frozen=True):
    """Bring the listed results of this job into its folder."""

    job_id: str
    job: DesiredJob


class ForgetJob(Struct, frozen=True):
    """Take the address off the record; the job itself is left alone."""

    reason: Literal["not-in-manifest", "destroyed", "requested"]


class ReadTask(Struct, frozen=True):
    """What an action of a saved plan has in place of its task: it is shown and compared, and never carried out.

    `orders` are the ids of the products that it would order.
    """

    orders: tuple[str, ...] = ()


KeyTask = CreateKey | AdoptKey | DrainKey | EndDrain | DeleteKey
Task = KeyTask | LaunchJob | OrderProducts | AdoptJob | DismissJob | CancelLaunch | FetchResults | ForgetJob | ReadTask
