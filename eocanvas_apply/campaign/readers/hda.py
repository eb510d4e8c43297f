"""Rows from searches in WEkEO's catalogue (HDA), and the accepting of licences that a search may need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from eocanvas_apply.campaign.readers.geometry import GeometryFault, outline
from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.errors import Refused, ServiceError

if TYPE_CHECKING:
    import asyncio

    from eocanvas_apply.service.hda_client import Hda

Accept = Callable[[str], Awaitable[None]]
_FORBIDDEN = 403


# Returns the fields of at most so many products that a query finds: their properties, `id` (of the product),
# `dataset_id`, `location` and `size` (bytes, None when unknown). Raises ManifestError, ServiceError.
Search = Callable[[Mapping[str, Any], int], Awaitable[Sequence[Mapping[str, Any]]]]


def product_rows(products: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return a row for each product, sorted by id: `product_id` and the product's own fields, its `geometry` as WKT."""
    by_id = {str(fields["id"]): fields for fields in products}
    own = {name: {field: value for field, value in by_id[name].items() if field != "id"} for name in sorted(by_id)}
    return [Row(name, {"product_id": name, **_with_wkt(fields)}) for name, fields in own.items()]


def _with_wkt(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields with a geometry as other sources have it; one that cannot be read is left out."""
    if not isinstance(fields.get("geometry"), Mapping):
        return fields
    with suppress(GeometryFault):
        if found := outline(fields["geometry"]):
            return {**fields, "geometry": found.wkt}
    return {name: value for name, value in fields.items() if name != "geometry"}


@dataclass
class Catalogue:
    """The catalogue of the HDA, where the licences of a dataset may have to be accepted before a search.

    `named` are the licences that the manifest accepts; `accept` accepts one, None in a command that changes nothing.
    """

    hda: Hda
    named: Collection[str] = ()
    accept: Accept | None = None
    _accepted: set[str] = field(default_factory=set)
    _turn: asyncio.Lock = field(init=False)

    def __post_init__(self) -> None:
        # Imported late: `validate` reads this file and never searches.
        import asyncio

        self._turn = asyncio.Lock()

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the fields of at most `limit` products.

        Raises ManifestError for a query that is not valid, and ServiceError.
        """
        try:
            found = await self.hda.search(query, limit)
        except Refused as refused:
            if refused.status != _FORBIDDEN:
                raise
            await self._accept_terms(query, refused)
            found = await self.hda.search(query, limit)
        return [each.fields() for each in found]

    async def _accept_terms(self, query: Mapping[str, Any], refused: Refused) -> None:
        """Accept the licences of a query's dataset; raises Refused, with a hint where they may not be accepted."""
        try:
            terms = await self.hda.dataset_terms(str(query.get("dataset_id") or query.get("datasetId")))
        except ServiceError:
            raise refused from None
        if not terms:
            raise refused
        unnamed = [term for term in terms if term not in self.named]
        if unnamed or self.accept is None:
            raise _with_hint(refused, terms, unnamed) from None
        async with self._turn:
            for term in terms:
                if term not in self._accepted:
                    await self.accept(term)
                    self._accepted.add(term)


def _with_hint(refused: Refused, terms: Sequence[str], unnamed: Sequence[str]) -> Refused:
    """Return a refusal with a hint at the licences of the dataset, which may be its cause."""
    what = f"the licence {terms[0]}" if len(terms) == 1 else f"the licences {', '.join(terms)}"
    if unnamed:
        hint = f"if the cause is {what}: read it, then accept it in the job: `accept_terms: [{', '.join(terms)}]`"
    else:
        hint = f"if the cause is {what}: `apply` and `lock` accept the licences of the manifest, this command does not"
    return Refused(replace(refused.diagnostics[0], hint=hint), refused.status, refused.retry_after)
