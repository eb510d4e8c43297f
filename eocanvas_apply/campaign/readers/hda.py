"""WEkEO's catalogue for the rows of campaigns, over the HDA."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eocanvas_apply.errors import Refused, ServiceError

if TYPE_CHECKING:
    from eocanvas_apply.service.hda.client import Hda

Accept = Callable[[str], Awaitable[None]]
_FORBIDDEN = 403


@dataclass
class Catalogue:
    """`Search` over the HDA, which may want the licences of a dataset accepted before it is searched.

    `named` are the licences that the manifest accepts; `accept` accepts one, None where a command only looks.
    """

    hda: Hda
    named: Collection[str] = ()
    accept: Accept | None = None
    _accepted: set[str] = field(default_factory=set)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the fields of at most `limit` products.

        Raises ManifestError for a query that is none, and ServiceError.
        """
        try:
            found = await self.hda.search(query, limit)
        except Refused as refused:
            if refused.status != _FORBIDDEN:
                raise
            await self._licensed(query, refused)
            found = await self.hda.search(query, limit)
        return [each.fields() for each in found]

    async def _licensed(self, query: Mapping[str, Any], refused: Refused) -> None:
        """Accept the licences of a query's dataset; raise what is in the way."""
        dataset_id = str(query.get("dataset_id") or query.get("datasetId"))
        terms = await self._terms(dataset_id, refused)
        unnamed = [term for term in terms if term not in self.named]
        if unnamed or self.accept is None:
            raise _hinted(refused, terms, unnamed) from None
        async with self._turn:
            for term in terms:
                if term not in self._accepted:
                    await self.accept(term)
                    self._accepted.add(term)

    async def _terms(self, dataset_id: str, refused: Refused) -> Sequence[str]:
        """Return the licences of a dataset; where it has none, or they cannot be read, the refusal stands."""
        try:
            terms = await self.hda.dataset_terms(dataset_id)
        except ServiceError:
            raise refused from None
        if not terms:
            raise refused
        return terms


def _hinted(refused: Refused, terms: Sequence[str], unnamed: Sequence[str]) -> Refused:
    """Return a refusal with the licences of the dataset, which may be what is in the way."""
    what = f"the licence {terms[0]}" if len(terms) == 1 else f"the licences {', '.join(terms)}"
    if unnamed:
        hint = f"if it is {what}: read it, then accept it in the job: `accept_terms: [{', '.join(terms)}]`"
    else:
        hint = f"if it is {what}: `apply` and `lock` accept what the manifest names, this command only looks"
    return Refused(replace(refused.diagnostics[0], hint=hint), refused.status, refused.retry_after)
