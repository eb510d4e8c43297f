"""What the steps of campaigns read: files, the catalogue, storages and other campaigns, each thing once a run."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import Any

from eocanvas_apply.campaign.lock import Lock, LockedQuery, frozen
from eocanvas_apply.campaign.readers.csv import table_rows
from eocanvas_apply.campaign.readers.days import day_rows
from eocanvas_apply.campaign.readers.json import entry_rows, geojson_rows, json_rows, value_rows
from eocanvas_apply.campaign.searching import Lister, Search, file_rows, product_rows, query_digest
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.steps import Step
from eocanvas_apply.manifest.model.times import resolved
from eocanvas_apply.manifest.rows import ID, Row

_AT_ONCE = 4
_REMOTE = ("hda", "s3")
_LONGEST_LINE = 500
_WIDEST = 100_000
_SOURCE_FIELDS = {"values", "entries", "csv", "json_file", "geojson", "days", "hda", "s3", "job"}


class Unknown(Exception):
    """There is nobody to ask for the rows of a step."""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a source, and whether they depend on the day of the run.

    `locked` tells of a search whether the lock answered it; None where it can hold nothing of the kind.
    """

    rows: Sequence[Row]
    relative: bool = False
    locked: bool | None = None


@dataclass
class RowSources:
    """Everything outside that a step may read, each thing once a run."""

    loaded: LoadedManifest
    read: Callable[[str], bytes]
    now: datetime
    search: Search | None
    lister: Lister | None
    lock: Lock | None
    done: dict[str, tuple[Instance, ...]] = field(default_factory=dict)
    relative: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    searches: dict[str, LockedQuery] = field(default_factory=dict)
    known: dict[tuple[str, str, int], asyncio.Task[Found]] = field(default_factory=dict)
    read_here: dict[tuple[str, str, int], Found] = field(default_factory=dict)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def rows(self, step: Step, most: int) -> Found:
        """Return the rows of a step's source; raise ManifestError, ServiceError, Unknown."""
        if step.values is not None or step.entries is not None:
            return Found(self._written(step))
        source = step.model_dump_json(include=_SOURCE_FIELDS, by_alias=True)
        key = (step.kind, source, limit_of(step, most))
        if not self.waits(step):
            if key not in self.read_here:
                self.read_here[key] = await self._rows(step, key[2])
            return self.read_here[key]
        if key not in self.known:
            self.known[key] = asyncio.ensure_future(self._rows(step, key[2]))
        return await self.known[key]

    async def abandon(self) -> None:
        """Give up what is still being asked: one failure ends the expansion, and nobody waits for the rest."""
        for task in self.known.values():
            task.cancel()
        if self.known:
            await asyncio.gather(*self.known.values(), return_exceptions=True)

    def waits(self, step: Step) -> bool:
        """Whether somebody elsewhere is asked for a step's rows."""
        return step.kind in _REMOTE and (self.search is not None or self.lister is not None)

    async def _rows(self, step: Step, limit: int) -> Found:
        if step.hda is not None:
            return await self._products(step.hda, limit)
        if step.s3 is not None:
            return await self._listing(step, limit)
        if step.days is not None:
            rows, relative = day_rows(step.days.first, step.days.last, step.days.every, self.now)
            return Found(list(rows), relative)
        if step.job is not None:
            return self._instances(step.job)
        return Found(self._written(step))

    def _written(self, step: Step) -> list[Row]:
        if step.values is not None:
            return list(value_rows(step.values))
        if step.entries is not None:
            return list(entry_rows(step.entries))
        if step.geojson is not None:
            return self._parsed(step.geojson, geojson_rows)
        if step.csv is not None:
            file, delimiter = (step.csv, None) if isinstance(step.csv, str) else (step.csv.file, step.csv.delimiter)
            return self._parsed(file, partial(table_rows, delimiter=delimiter))
        given = step.json_file
        if given is None:
            raise TypeError(f"no rule for a step of {step.kind}")
        name, path = (given, None) if isinstance(given, str) else (given.file, given.path)
        return self._parsed(name, partial(json_rows, path=path))

    async def _products(self, query: Mapping[str, Any], limit: int) -> Found:
        query, relative = resolved(query, self.now)
        products = None if relative else frozen(query, self.lock)
        if products is not None and self.lock is not None:
            digest = query_digest(query)
            self.searches[digest] = self.lock.queries[digest]
            return Found(product_rows(products), locked=True)
        products = tuple(await self.ask(query, limit))
        rows = product_rows(products)
        if not relative:
            by_id = {str(fields["id"]): fields for fields in products}
            found = LockedQuery(query, self.now, tuple(by_id[name] for name in sorted(by_id)))
            self.searches[query_digest(query)] = found
        return Found(rows, relative, locked=None if relative else False)

    async def ask(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        """Search the catalogue, a few searches at a time."""
        if self.search is None:
            raise Unknown
        async with self.gate:
            return await self.search.search(query, limit)

    async def _listing(self, step: Step, limit: int) -> Found:
        if self.lister is None or step.s3 is None:
            raise Unknown
        async with self.gate:
            files = await self.lister.list(step.s3.key, step.s3.prefix, limit)
        if len(files) >= limit:
            message = f"this prefix holds {limit} files or more, too many to look through"
            raise ManifestError(error("listing-too-wide", message, "name a longer prefix"))
        return Found(file_rows(files, step.s3.match))

    def _instances(self, name: str) -> Found:
        if name not in self.done:
            raise Unknown
        rows = [Row(i.id, {**i.fields, ID: i.id}, {**i.origins, name: i.id}) for i in self.done[name]]
        return Found(rows, name in self.relative)

    def _parsed(self, written: str, parse: Callable[[bytes, str], list[Row]]) -> list[Row]:
        content = self.read(written)
        self.files[written] = hashlib.sha256(content).hexdigest()
        try:
            return parse(content, (PurePath(self.loaded.text.file).parent / written).as_posix())
        except ManifestError as problem:
            raise ManifestError(*(_with_line(each, content) for each in problem.diagnostics)) from None


def _with_line(found: Diagnostic, content: bytes) -> Diagnostic:
    lines = content.decode("utf-8-sig", "replace").splitlines()
    if found.position is None or found.position.line > len(lines):
        return found
    line = lines[found.position.line - 1]
    return found.at(found.position, line if len(line) <= _LONGEST_LINE else None)


def needs_all(step: Step) -> bool:
    """Whether a source cut short would give other rows than the whole."""
    return step.pick is not None or step.by is not None


def limit_of(step: Step, most: int) -> int:
    """Return how many rows of a source are asked for at most, where `most` instances are allowed."""
    return _WIDEST if step.s3 is not None or needs_all(step) else most + 1
