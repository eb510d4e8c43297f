"""The HDA, the source of products: one method an endpoint, with the connections and the token of EOCanvas.

The addresses lie below `HDA_URL` + `/api/v1`. Every method ends as a value or raises NotSent, Refused or Doubt
(`errors.ServiceError`); a quota that is used up is Refused with status 429, and `retry_after` in seconds where
Retry-After or X-Quota-Reset is sent. Reads are repeated, orders never are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.service.connection import Check, Connection
from eocanvas_apply.service.gateway import Gateway, Tokens
from eocanvas_apply.service.hda.search import MOST, Product, query_for, search_request, walk_search
from eocanvas_apply.service.outcome import Answer
from eocanvas_apply.service.urls import Endpoints
from eocanvas_apply.service.wire import compact_json, mapping

# As in the HDA's own client, a 403 too may mean an expired token.
DENIALS = (401, 403)
_DOWNLOAD = "/dataaccess/download"
_UNIT_OF_A_PATH = re.compile(r"[^\s/\\?#%]+")


class Hda:
    """The Harmonised Data Access of WEkEO for one account."""

    def __init__(self, endpoints: Endpoints, connection: Connection, tokens: Tokens) -> None:
        self._endpoints = endpoints.hda
        self._gateway = Gateway(self._endpoints, connection, tokens, DENIALS)

    async def dataset_terms(self, dataset_id: str) -> list[str]:
        """Return the names of the licences that a dataset wants accepted; an unknown dataset is Refused, 404."""
        return await self._gateway.read(f"/datasets/{_segment(dataset_id)}", _read_terms)

    async def accept_term(self, term: str) -> None:
        """Accept a licence for the account: a legal act, only for those that the manifest names."""
        await self._gateway.change("PUT", f"/termsaccepted/{_segment(term)}", compact_json({"accepted": True}))

    async def search(self, query: Mapping[str, object], limit: int | None = None) -> list[Product]:
        """Return the products that a request finds, in the order of the HDA, each once, at most `limit` of them.

        `query` is a request as WEkEO's viewer shows it, in the present form or the nested one of before 2024.
        Raises ManifestError when it names no dataset or cannot be read.
        """
        try:
            request = search_request(query)
        except ValueError as fault:
            hint = 'Give one as "Show API request" on WEkEO shows it.'
            raise ManifestError(error("bad-search", f"the search {fault}", hint)) from None
        return await walk_search(self._gateway, request, limit)

    async def find(self, dataset_id: str, product_id: str) -> Product | None:
        """Return a product by its id, None where no search finds it; it is searched by the times in its name."""
        query = query_for(dataset_id, product_id)
        found = await self.search(query, MOST) if query else []
        return next((product for product in found if product.id == product_id), None)

    async def order(self, dataset_id: str, product_id: str, location: str, *, check: Check | None = None) -> str:
        """Order a product, once, and return the id of the download; it costs a unit of the HDA's quota.

        `check` is called right before the request leaves; what it raises keeps it from being sent.
        """
        body = {"dataset_id": dataset_id, "product_id": product_id, "location": location}
        answer = await self._gateway.change("POST", _DOWNLOAD, compact_json(body), check=check)
        return answer.parsed(_read_download_id)

    async def ready(self, download_id: str) -> bool:
        """Return whether an order can be downloaded by now; one that is unknown or too old is Refused, 404."""
        return await self._gateway.read_raw(_path(download_id), _readiness, method="HEAD")

    def download_url(self, download_id: str) -> str:
        """Return the address of an order, which is what a job takes as its input once the order is ready."""
        return self._endpoints.base_url + _path(download_id)


def _read_terms(document: object) -> list[str]:
    """Return the licences of a dataset."""
    terms = mapping(document, "a dataset").get("terms") or []
    if not isinstance(terms, list) or not all(isinstance(term, str) and term for term in terms):
        raise ValueError("without a list of terms")
    return [str(term) for term in terms]


def _read_download_id(document: object) -> str:
    """Return the id that an order was given."""
    download_id = mapping(document, "an order").get("download_id")
    if not isinstance(download_id, str) or not _UNIT_OF_A_PATH.fullmatch(download_id) or download_id in (".", ".."):
        raise ValueError("without a download_id that can stand in an address")
    return download_id


def _readiness(answer: Answer) -> bool:
    if answer.status not in (200, 202):
        raise answer.unreadable("an order is 200 when it is ready, and 202 before")
    return answer.status == 200


def _path(download_id: str) -> str:
    return f"{_DOWNLOAD}/{_segment(download_id)}"


def _segment(text: str) -> str:
    # Names of datasets are full of colons, which the HDA's own client leaves as they are.
    return quote(text, safe=":")
