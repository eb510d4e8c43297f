"""Rows from searches in WEkEO's catalogue (HDA), and the accepting of licences that a search may need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.errors import Refused, ServiceError

if TYPE_CHECKING:
    import asyncio

    from eocanvas_apply.service.hda_client import Hda

Accept = Callable[[str], Awaitable[None]]
_FORBIDDEN = 403


class Search(Protocol):
    """WEkEO's catalogue."""

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the fields of at most `limit` products, their ids as `id`; raises ServiceError.

        The query is sent as it is, apart from paging. Fields are the product's properties with `id` (of the product),
        `dataset_id`, `location` and `size` (bytes, None when unknown).
        """
        ...


def product_rows(products: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return a row for each product, sorted by id: `product_id` and the product's own fields."""
    by_id = {str(fields["id"]): fields for fields in products}
    return [_product_row(name, by_id[name]) for name in sorted(by_id)]


def _product_row(name: str, fields: Mapping[str, Any]) -> Row:
    own = {field: value for field, value in fields.items() if field != "id"}
    return Row(name, {"product_id": name, **own})


@dataclass
class Catalogue:
    """`Search` over the HDA, where the licences of a dataset may have to be accepted before a search.

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
        """Accept the licences of a query's dataset; raises Refused with a hint where they may not be accepted."""
        dataset_id = str(query.get("dataset_id") or query.get("datasetId"))
        terms = await self._terms(dataset_id, refused)
        unnamed = [term for term in terms if term not in self.named]
        if unnamed or self.accept is None:
            raise _with_hint(refused, terms, unnamed) from None
        async with self._turn:
            for term in terms:
                if term not in self._accepted:
                    await self.accept(term)
                    self._accepted.add(term)

    async def _terms(self, dataset_id: str, refused: Refused) -> Sequence[str]:
        """Return the licences of a dataset; raises the refusal itself where there are none to be read."""
        try:
            terms = await self.hda.dataset_terms(dataset_id)
        except ServiceError:
            raise refused from None
        if not terms:
            raise refused
        return terms


def _with_hint(refused: Refused, terms: Sequence[str], unnamed: Sequence[str]) -> Refused:
    """Return a refusal with a hint at the licences of the dataset, which may be its cause."""
    what = f"the licence {terms[0]}" if len(terms) == 1 else f"the licences {', '.join(terms)}"
    if unnamed:
        hint = f"if the cause is {what}: read it, then accept it in the job: `accept_terms: [{', '.join(terms)}]`"
    else:
        hint = f"if the cause is {what}: `apply` and `lock` accept the licences of the manifest, this command does not"
    return Refused(replace(refused.diagnostics[0], hint=hint), refused.status, refused.retry_after)
