"""The sources of rows, one reader for each kind of step, and everything outside that they read, each thing once a run.

`LOCAL` and `REMOTE` have the function for each kind. A new kind needs its model in `manifest/model/steps.py`, a file in
`readers/`, and its line here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from eocanvas_apply.campaign.lock import Lock, LockedQuery, query_digest
from eocanvas_apply.campaign.readers.days import day_rows
from eocanvas_apply.campaign.readers.hda import Search, product_rows
from eocanvas_apply.campaign.readers.json import entry_rows, value_rows
from eocanvas_apply.campaign.readers.s3 import Lister, file_rows
from eocanvas_apply.campaign.row_files import FILES, RowFiles
from eocanvas_apply.campaign.rows import ID, MOST_ROWS, Found, Row
from eocanvas_apply.diagnostics import error
from eocanvas_apply.documents.geometries.wkt import wkt_faults
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.steps import S3Prefix, Step
from eocanvas_apply.manifest.model.times import resolved

if TYPE_CHECKING:
    import asyncio

_AT_ONCE = 4


class SourceUnavailable(Exception):
    """The rows of a step cannot be read: there is no search or no lister, or another campaign lacks them."""


@dataclass
class Sources:
    """Everything outside that a step may read, each thing once a run."""

    loaded: LoadedManifest
    read: Callable[[str], bytes]
    now: datetime
    search: Search | None
    lister: Lister | None
    lock: Lock | None
    done: dict[str, tuple[Instance, ...]] = field(default_factory=dict)
    # The fields with geometries that the readers of a campaign have judged, by its name.
    judged: dict[str, frozenset[str]] = field(default_factory=dict)
    relative: set[str] = field(default_factory=set)
    searches: dict[str, LockedQuery] = field(default_factory=dict)
    _asked: dict[tuple[str, str, int], asyncio.Task[Found]] = field(default_factory=dict)
    _read: dict[tuple[str, str, int], Found] = field(default_factory=dict)

    async def rows(self, step: Step, most: int) -> Found:
        """Return the rows of a step's source; raises ManifestError, ServiceError, SourceUnavailable."""
        limit = limit_of(step, most)
        key = (step.kind, step.source_json(), limit)
        if key in self._read:
            return self._read[key]
        if not self.is_remote(step):
            local = LOCAL.get(step.kind)
            self._read[key] = local(self, step.source) if local else await REMOTE[step.kind](self, step.source, limit)
            return self._read[key]
        if key not in self._asked:
            import asyncio

            self._asked[key] = asyncio.ensure_future(REMOTE[step.kind](self, step.source, limit))
        return await self._asked[key]

    async def cancel(self) -> None:
        """Cancel what is still being asked: one failure ends the expansion."""
        if not self._asked:
            return
        import asyncio

        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    def is_remote(self, step: Step) -> bool:
        """Tell whether the catalogue or a storage is asked for a step's rows."""
        return step.kind in REMOTE and (self.search is not None or self.lister is not None)

    async def ask(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        """Search the catalogue, a few searches at a time."""
        if self.search is None:
            raise SourceUnavailable
        async with self.gate:
            return await self.search(query, limit)

    @cached_property
    def files(self) -> RowFiles:
        """The files that rows are read from."""
        return RowFiles(self.loaded, self.read)

    @cached_property
    def gate(self) -> asyncio.Semaphore:
        """Let a few questions through at a time."""
        # Imported late, for asyncio takes longer to load than a small manifest to validate.
        import asyncio

        return asyncio.Semaphore(_AT_ONCE)


def _written(rows: Sequence[Row]) -> Found:
    """Return rows that stand in the manifest, whose own geometries are judged there."""
    texts = ((name, value) for row in rows for name, value in row.fields.items() if isinstance(value, str))
    return Found(rows, judged=frozenset(name for name, text in texts if any(wkt_faults(text))))


def _file(kind: str, sources: Sources, source: Any) -> Found:
    return sources.files.rows(kind, source)


def _job(sources: Sources, name: str) -> Found:
    if name not in sources.done:
        raise SourceUnavailable
    rows = [Row(i.id, {**i.fields, ID: i.id}, {**i.origins, name: i.id}) for i in sources.done[name]]
    return Found(rows, name in sources.relative, judged=sources.judged.get(name, frozenset()))


async def _hda(sources: Sources, query: Mapping[str, Any], limit: int) -> Found:
    query, relative = resolved(query, sources.now)
    if relative:
        return Found(product_rows(await sources.ask(query, limit)), relative=True)
    digest = query_digest(query)
    if sources.lock and (locked := sources.lock.queries.get(digest)):
        sources.searches[digest] = locked
        return Found(product_rows(locked.products), locked=True)
    by_id = {str(fields["id"]): fields for fields in await sources.ask(query, limit)}
    products = tuple(by_id[name] for name in sorted(by_id))
    sources.searches[digest] = LockedQuery(query, sources.now, products)
    return Found(product_rows(products), locked=False)


async def _s3(sources: Sources, source: S3Prefix, limit: int) -> Found:
    if sources.lister is None:
        raise SourceUnavailable
    async with sources.gate:
        files = await sources.lister(source.key, source.prefix, limit)
    if len(files) >= limit:
        message = f"this prefix has {limit} files or more; that is too many"
        raise ManifestError(error("listing-too-wide", message, "write a longer prefix"))
    return Found(file_rows(files, source.match))


LOCAL: Mapping[str, Callable[[Sources, Any], Found]] = {
    "list": lambda _, values: _written(list(value_rows(values))),
    "map": lambda _, entries: _written(list(entry_rows(entries))),
    **{kind: partial(_file, kind) for kind in FILES},
    "days": lambda sources, days: day_rows(days, sources.now),
    "job": _job,
}
REMOTE: Mapping[str, Callable[[Sources, Any, int], Coroutine[Any, Any, Found]]] = {"hda": _hda, "s3": _s3}


def needs_all(step: Step) -> bool:
    """Tell whether a source cut short would give other rows than the whole."""
    return step.pick is not None or step.by is not None


def limit_of(step: Step, most: int) -> int:
    """Return how many rows of a source are asked for at most, where `most` instances are allowed."""
    return MOST_ROWS if step.s3 is not None or needs_all(step) else most + 1
