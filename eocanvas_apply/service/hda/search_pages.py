"""The pages of a search: counted by a total, or linked by the next index where the HDA knows no total."""

from __future__ import annotations

import json
from collections.abc import Mapping

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt
from eocanvas_apply.service.gateway import Gateway
from eocanvas_apply.service.hda.answers import Page, Product, read_page

PATH = "/dataaccess/search"
ITEMS_PER_PAGE = 100


async def walk_search(gateway: Gateway, request: Mapping[str, object], limit: int | None) -> list[Product]:
    """Ask page by page until the end or `limit`; raises Doubt when the pages have no end."""
    dataset_id = str(request["dataset_id"])
    walk = _Walk()
    while walk.index is not None and (limit is None or len(walk.products) < limit):
        body = {**request, "startIndex": walk.index, "itemsPerPage": ITEMS_PER_PAGE}
        walk.take(await gateway.ask(PATH, _json(body), lambda document: read_page(document, dataset_id)))
    return list(walk.products.values())[:limit]


class _Walk:
    """How far a search has been read; `index` is the start of the next page, None after the last one.

    While products arrive, others move to later pages and come twice: the ids tell.
    """

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}
        self.index: object = 0
        self._reached = 0
        self._asked: set[str] = set()
        self._empty = 0

    def take(self, page: Page) -> None:
        """Take the page at `index` and move to the one after it."""
        self._asked.add(repr(self.index))
        for product in page.products:
            self.products.setdefault(product.id, product)
        self.index = page.following if page.total is None else self._counted(page, page.total)
        if repr(self.index) in self._asked:
            hint = "Search again later; without all pages nobody knows all products."
            raise Doubt(error("service-answer-unreadable", f"POST {PATH}: its pages lead back", hint), 200)

    def _counted(self, page: Page, total: int) -> int | None:
        # A page may hold fewer products than it was asked for although more follow; two empty ones are the end.
        self._empty = 0 if page.products else self._empty + 1
        self._reached += len(page.products) or ITEMS_PER_PAGE
        return self._reached if self._reached < total and self._empty < 2 else None


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
