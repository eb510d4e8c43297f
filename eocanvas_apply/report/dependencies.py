"""What depends on what in a manifest: jobs on keys and on the jobs whose results or rows they are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.manifest import Manifest


class Dependencies(Struct, frozen=True):
    """One key, job or campaign: the addresses that must be there before it, sorted.

    `reads` are the keys of its inputs and listings, `writes` the key of its output, `follows` the jobs whose results or
    rows it is given. `instances` is the number of a campaign's rows, None for anything else and where it is unknown.
    """

    address: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    instances: int | None = None
    campaign: bool = False


def dependencies(manifest: Manifest, instances: Mapping[str, int]) -> tuple[Dependencies, ...]:
    """Return keys, then jobs, in the order of the manifest; `instances` counts the rows of campaigns by name."""
    keys = (Dependencies(str(Address.key(name))) for name in manifest.keys)
    return (*keys, *(_of_job(manifest, name, instances.get(name)) for name in manifest.jobs))


def _of_job(manifest: Manifest, name: str, instances: int | None) -> Dependencies:
    job = manifest.jobs[name]
    listed = (step.s3.key for step in job.steps if step.s3)
    rows = (step.job for step in job.steps if step.job)
    return Dependencies(
        str(Address.job(name)),
        _sorted(Address.key(key) for key in {*filter(None, job.input_keys), *listed}),
        _sorted([Address.key(job.output_key)] if job.output_key else []),
        _sorted(Address.job(other) for other in {*job.source_names, *rows}),
        instances,
        job.for_each is not None,
    )


def _sorted(addresses: Iterable[Address]) -> tuple[str, ...]:
    return tuple(map(str, sorted(addresses)))
