"""Campaigns for tests: a manifest of one or more jobs, its files, a catalogue and a storage, all in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from eocanvas_apply.campaign.expanded import Expansion
from eocanvas_apply.campaign.expansion import expand
from eocanvas_apply.campaign.lock import Lock
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.loading import load

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)


@dataclass
class Archive:
    """A catalogue that finds the products which have all fields of a query, and remembers what it was asked."""

    products: Sequence[Mapping[str, Any]]
    asked: list[tuple[Mapping[str, Any], int]] = field(default_factory=list)

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        self.asked.append((query, limit))
        await asyncio.sleep(0)
        return [each for each in self.products if query.items() <= each.items()][:limit]


@dataclass
class Storage:
    """A storage with some files."""

    files: Mapping[str, int]

    async def list(self, key: str, prefix: str, limit: int) -> Sequence[Mapping[str, Any]]:
        found = [path for path in self.files if path.startswith(f"/{key}/{prefix}")]
        return [{"path": path, "size": self.files[path]} for path in found][:limit]


@dataclass
class Campaign:
    """A manifest's jobs as YAML, with everything they read."""

    jobs: str
    files: Mapping[str, str] = field(default_factory=dict)
    archive: Archive | None = None
    storage: Storage | None = None
    lock: Lock | None = None
    now: datetime = NOW

    def expanded(self) -> Expansion:
        """Expand it; the manifest itself must be without an error."""
        lines = "".join(f"  {line}\n" for line in self.jobs.strip("\n").splitlines())
        loaded = load(f"version: 1\nproject: p\njobs:\n{lines}", "eocanvas.yaml")
        loaded.require()
        search = self.archive.search if self.archive else None
        lister = self.storage.list if self.storage else None
        return asyncio.run(expand(loaded, self._read, now=self.now, search=search, lister=lister, lock=self.lock))

    def _read(self, written: str) -> bytes:
        if written not in self.files:
            raise ManifestError(error("file-missing", f"there is no file {written!r}"))
        return self.files[written].encode()


def ids(expansion: Expansion, name: str = "a") -> list[str]:
    """Return the ids of a campaign's instances, which must be there."""
    return [each.id for each in expansion.instances[name]]


def codes(expansion: Expansion) -> list[str]:
    """Return the codes of all findings."""
    return [each.code for each in expansion.diagnostics]
