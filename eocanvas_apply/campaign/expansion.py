"""From the steps of every campaign to its instances: files read, the catalogue searched, storages listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from eocanvas_apply.campaign.campaign import Campaign
from eocanvas_apply.campaign.lock import Lock, LockedQuery
from eocanvas_apply.campaign.row_sources import RowSources, Unknown
from eocanvas_apply.campaign.searching import Lister, Search
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.manifest.instances import Instance, instances
from eocanvas_apply.manifest.job_order import in_order
from eocanvas_apply.manifest.loading import LoadedManifest


@dataclass(frozen=True)
class Expansion:
    """The instances of every campaign, by the job's name.

    A campaign with an error has none. `unknown` are those whose rows nobody could be asked for; `relative` those whose
    rows depend on the day of the run. `files` are the SHA-256 (hex) of the files read, by path as the manifest writes
    it; `searches` the queries without relative times, locked or made now, in their order.
    """

    instances: Mapping[str, tuple[Instance, ...]]
    relative: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)
    searches: tuple[LockedQuery, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


async def expand(
    loaded: LoadedManifest,
    read: Callable[[str], bytes],
    *,
    now: datetime,
    search: Search | None = None,
    lister: Lister | None = None,
    lock: Lock | None = None,
) -> Expansion:
    """Return the instances of every campaign of a manifest.

    `read` takes a path as the manifest writes it and raises ManifestError. Queries of `lock` are not searched anew;
    without `search` and `lister` campaigns that need them are `unknown`. Equal searches are made once. What is wrong
    with a manifest or a file is in the diagnostics; ServiceError and CredentialsError of a search are raised.
    """
    sources = RowSources(loaded, read, now, search, lister, lock)
    try:
        return await _expanded(loaded, sources)
    finally:
        await sources.abandon()


async def _expanded(loaded: LoadedManifest, sources: RowSources) -> Expansion:
    diagnostics: list[Diagnostic] = []
    unknown: set[str] = set()
    jobs = {name: job.steps for name, job in loaded.manifest.jobs.items() if job.steps} if loaded.manifest else {}
    follows = {name: {step.job for step in steps if step.job is not None} for name, steps in jobs.items()}
    for name in in_order(follows):
        campaign = Campaign(sources, name, jobs[name])
        try:
            await _make(campaign, loaded)
        except Unknown:
            unknown.add(name)
        diagnostics += campaign.diagnostics
    return Expansion(
        instances=sources.done,
        relative=frozenset(sources.relative),
        unknown=frozenset(unknown),
        files=sources.files,
        searches=tuple(sources.searches.values()),
        diagnostics=tuple(_once_a_place(diagnostics)),
    )


def _once_a_place(found: Sequence[Diagnostic]) -> Iterable[Diagnostic]:
    """Return the findings, one of a file only once, however many campaigns read it."""
    first = {(each.code, each.message, each.position or each.address): each for each in reversed(found)}
    return [each for each in found if first[each.code, each.message, each.position or each.address] is each]


async def _make(campaign: Campaign, loaded: LoadedManifest) -> None:
    """Make an instance of every row of a campaign; none where something is wrong with one."""
    rows = await campaign.rows()
    if campaign.failed:
        return
    made = instances(loaded, campaign.name, rows)
    campaign.diagnostics += made.diagnostics
    if not campaign.failed:
        campaign.sources.done[campaign.name] = made.by_row
