"""Licences of datasets: accepted where the manifest names them, and never otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from eocanvas_apply.applying.session import Session
from eocanvas_apply.ledger.events import TermsAccepted
from eocanvas_apply.report.progress import Happening
from eocanvas_apply.service.eocanvas import EOCanvas


def acceptance(service: EOCanvas) -> Callable[[str], Awaitable[None]]:
    """Return what accepts a licence for a search; the first order of a product records the acceptance."""
    return service.hda.accept_term


class Licences:
    """The licences of one run. Its methods raise ServiceError."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = asyncio.Lock()

    async def of(self, dataset_id: str) -> list[str]:
        """Return the licences that a dataset requires, requested once a run."""
        known = self._session.dataset_terms
        if dataset_id not in known:
            known[dataset_id] = await self._session.service.hda.dataset_terms(dataset_id)
        return known[dataset_id]

    async def accept(self, dataset_id: str, named: Collection[str], address: str) -> None:
        """Accept those of a dataset that are named, unless it is on record that they were."""
        async with self._lock:
            if set(named) <= self._session.journal.recorded.terms:
                return
            for term in await self.of(dataset_id):
                if term in named and term not in self._session.journal.recorded.terms:
                    await self._accept(term, dataset_id, address)

    async def accept_again(self, dataset_id: str, named: Collection[str], address: str) -> bool:
        """Accept named ones again that are on record but not in force; return whether there were any."""
        async with self._lock:
            stale = [t for t in await self.of(dataset_id) if t in named and t not in self._session.accepted_terms]
            for term in stale:
                await self._accept(term, dataset_id, address)
            return bool(stale)

    async def _accept(self, term: str, dataset_id: str, address: str) -> None:
        session = self._session
        await session.service.hda.accept_term(term)
        session.accepted_terms.add(term)
        if term not in session.journal.recorded.terms:
            await session.journal.record(TermsAccepted(term=term, dataset_id=dataset_id))
        session.report_event(address, Happening.TERMS_ACCEPTED, term)
