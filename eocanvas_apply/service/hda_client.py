"""The HDA (Harmonised Data Access), the source of products, with the connections and the token of EOCanvas.

The addresses lie below `HDA_URL` + `/api/v1`. Every method of `Hda` ends as a value or raises NotSent, Refused or
Doubt (`errors.ServiceError`); a quota that is used up is Refused with status 429, and `retry_after` in seconds where
Retry-After or X-Quota-Reset is sent. Reads are repeated, orders never are.

Searches come as people paste them from WEkEO's viewer. Until 2024 the viewer wrote `datasetId` and nested lists
(dateRangeSelectValues, boundingBoxValues, ...); such requests still stand in notebooks. The present form is flat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from msgspec import Struct, field

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, ManifestError
from eocanvas_apply.service.bodies import memory_of
from eocanvas_apply.service.connection import Check, Connection
from eocanvas_apply.service.entries import ListKind, Unreadable, entries
from eocanvas_apply.service.gateway import Gateway, Tokens
from eocanvas_apply.service.outcome import Answer
from eocanvas_apply.service.pages import Page, Walk
from eocanvas_apply.service.urls import Endpoints
from eocanvas_apply.service.wire import compact_json, mapping, path_unit, whole

# As in the HDA's own client, a 403 too may mean an expired token.
DENIALS = (401, 403)
_DOWNLOAD = "/dataaccess/download"
_SEARCH = "/dataaccess/search"
ITEMS_PER_PAGE = 100
_LONGEST_INDEX, _LONGEST_TEXT = 1000, 4096
_RANGES = "dateRangeSelectValues"
_BOXES = "boundingBoxValues"
_NESTED = ("stringInputValues", "stringChoiceValues", "multiStringSelectValues", _RANGES, _BOXES)
# Two of the datasets were renamed with the form.
_RENAMED = {"EO:ESA:DAT:SENTINEL-1:SAR": "EO:ESA:DAT:SENTINEL-1", "EO:ESA:DAT:SENTINEL-2:MSI": "EO:ESA:DAT:SENTINEL-2"}
# How the two ends of a range are called now, by the beginning of the dataset's name.
_ENDS = (
    ("EO:ECMWF:DAT:CAMS_", "dtstart", "dtend"),
    ("EO:EUM:DAT:", "dtstart", "dtend"),
    ("EO:CLMS:DAT:", "start", "end"),
    ("EO:EEA:DAT:CLMS_HRVPP", "start", "end"),
    ("EO:MO:DAT:", "min_date", "max_date"),
    ("EO:CNES:DAT:SWH", "creationDateStart", "creationDateEnd"),
    ("EO:ESA", "startDate", "completionDate"),
)
MOST = 1000
_STAMP = re.compile(r"(?<!\d)(\d{8}T\d{6})(?!\d)")
# A second stamp that is later than this is when the product was created, not when its sensing ended.
_LONGEST_SENSING = timedelta(hours=3)
_MARGIN = timedelta(seconds=2)


class Product(Struct, frozen=True):
    """A product of a dataset; these two ids are its identity.

    `location` is what an order has to repeat. `size` is in bytes, None where the HDA does not know it ("ND").
    `properties` are those of the search's answer as they came, location and size included, and beside them `geometry`
    (GeoJSON) where the answer has one.
    """

    id: str
    dataset_id: str
    location: str
    size: int | None = None
    properties: Mapping[str, object] = field(default_factory=dict)

    def fields(self) -> dict[str, object]:
        """Return the properties with `id`, `dataset_id`, `location` and `size` as this value has them."""
        own = {"id": self.id, "dataset_id": self.dataset_id, "location": self.location, "size": self.size}
        return {**self.properties, **own}


class FoundPage(Struct, frozen=True):
    """One page of a search.

    Either `total` is the number of products, or `following` is the next index to ask for, None at the end.
    """

    products: Sequence[Product | Unreadable]
    total: int | None
    following: object

    def after(self, index: int) -> object:
        """Return where the next page begins, None after the last; `index` is where this one did."""
        if self.total is None:
            return self.following
        reached = index + (len(self.products) or ITEMS_PER_PAGE)
        return reached if reached < self.total else None


class Hda:
    """The Harmonised Data Access of WEkEO for one account."""

    def __init__(self, endpoints: Endpoints, connection: Connection, tokens: Tokens) -> None:
        self._endpoints = endpoints.hda
        self._gateway = Gateway(self._endpoints, connection, tokens, DENIALS)

    async def dataset_terms(self, dataset_id: str) -> list[str]:
        """Return the names of the licences that a dataset wants accepted; an unknown dataset is Refused, 404."""
        path = f"/datasets/{_segment(dataset_id)}"
        found = await self._gateway.read(path, _read_terms)
        return self._gateway.irregularities.kept(ListKind.TERMS, f"GET {path}", found)

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


def _read_terms(document: object) -> list[str | Unreadable]:
    return entries(mapping(document, "a dataset").get("terms") or [], ListKind.TERMS, _read_term)


def _read_term(document: object) -> str:
    if not isinstance(document, str) or not document.strip() or not document.isprintable():
        raise ValueError("with something that is not the name of a licence")
    return document


def _read_download_id(document: object) -> str:
    return path_unit(mapping(document, "an order"), "download_id")


def _readiness(answer: Answer) -> bool:
    if answer.status not in (200, 202):
        raise answer.unreadable("an order is 200 when it is ready, and 202 before")
    return answer.status == 200


def _path(download_id: str) -> str:
    return f"{_DOWNLOAD}/{_segment(download_id)}"


def _segment(text: str) -> str:
    # Names of datasets are full of colons, which the HDA's own client leaves as they are.
    return quote(text, safe=":")


def search_request(query: Mapping[str, object]) -> dict[str, object]:
    """Return the flat request with its `dataset_id`, without paging. Raises ValueError with a message for people."""
    dataset_id = query.get("dataset_id") or query.get("datasetId")
    if not isinstance(dataset_id, str) or not dataset_id.strip():
        raise ValueError("names no dataset_id")
    if "dataset_id" not in query:
        dataset_id = _RENAMED.get(dataset_id, dataset_id)
    other = ("datasetId", "startIndex", "itemsPerPage", *_NESTED)
    kept = {name: value for name, value in query.items() if name not in other}
    flat = {name: value for key in _NESTED for name, value in _flattened(key, query.get(key), dataset_id)}
    return {**kept, **flat, "dataset_id": dataset_id}


def _flattened(key: str, values: object, dataset_id: str) -> Iterator[tuple[str, object]]:
    if not values:
        return
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ValueError(f"has {key} that is not a list of mappings")
    try:
        for value in values[:1] if key == _BOXES else values:
            yield from _fields(key, value, dataset_id)
    except KeyError as missing:
        raise ValueError(f"has {key} without {missing.args[0]}") from None


def _fields(key: str, value: Mapping[str, object], dataset_id: str) -> Iterator[tuple[str, object]]:
    if key == _BOXES:
        yield "bbox", value["bbox"]
    elif key == _RANGES:
        name = str(value["name"]).lower()
        first, last = _ends_of(dataset_id) or (f"{name}_start", f"{name}_end")
        yield first, value["start"]
        yield last, value["end"]
    else:
        yield str(value["name"]), value["value"]


def _ends_of(dataset_id: str) -> tuple[str, str] | None:
    return next(((first, last) for beginning, first, last in _ENDS if dataset_id.startswith(beginning)), None)


async def walk_search(gateway: Gateway, request: Mapping[str, object], limit: int | None) -> list[Product]:
    """Ask page by page until the end or `limit`; raises Doubt when the pages have no end."""
    dataset_id = str(request["dataset_id"])

    async def ask(index: object, before: int) -> Page[Product | Unreadable]:
        body = {**request, "startIndex": index, "itemsPerPage": ITEMS_PER_PAGE}
        found, memory = await gateway.ask(_SEARCH, compact_json(body), read)
        return Page(found.products, found.after(index if isinstance(index, int) else before), memory)

    def read(answer: Answer) -> tuple[FoundPage, int]:
        return answer.parsed(lambda document: read_page(document, dataset_id)), memory_of(answer.content)

    # A page may hold fewer products than it was asked for although more follow; two empty ones are the end.
    walk = Walk(
        ask, lambda each: each.digest if isinstance(each, Unreadable) else each.id, gateway, f"POST {_SEARCH}", 2
    )
    found: list[Product | Unreadable] = []
    async for page in walk.pages(0 if limit is None or limit > 0 else None):
        found += page
        if limit is not None and len(found) >= limit:
            break
    if walk.endless:
        hint = "Search again later; without all pages the list of products is incomplete."
        raise Doubt(error("service-list-endless", f"POST {_SEARCH}: its pages lead back", hint), 200)
    return gateway.irregularities.kept(ListKind.PRODUCTS, f"POST {_SEARCH}", found)[:limit]


def read_page(document: object, dataset_id: str) -> FoundPage:
    """Return one page of a search."""
    fields = mapping(document, "a page of products")
    counts = fields.get("properties")
    counts = counts if isinstance(counts, dict) else {}
    products = entries(fields.get("features"), ListKind.PRODUCTS, lambda feature: _product(feature, dataset_id))
    return FoundPage(products, whole(counts.get("totalResults")), _index(counts.get("nextIndex")))


def _index(value: object) -> object:
    """Return where the next page begins; anything but a number or a short text is no index, and ends the list."""
    readable = isinstance(value, int | float | str) and len(str(value)) <= _LONGEST_INDEX
    return value or None if readable else None


def _product(feature: object, dataset_id: str) -> Product:
    fields = mapping(feature, "a product")
    properties = mapping(fields.get("properties") or {}, "a product")
    if isinstance(geometry := fields.get("geometry"), Mapping):
        properties = {"geometry": geometry, **properties}
    product_id, location = _text_in(fields, "id"), _text_in(properties, "location")
    return Product(product_id, dataset_id, location, whole(properties.get("size")), properties)


def _text_in(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"with a product that has no {name}")
    if not value.isprintable() or len(value) > _LONGEST_TEXT:
        raise ValueError(f"with a product whose {name} is too long or has control characters")
    return value


def query_for(dataset_id: str, product_id: str) -> dict[str, object] | None:
    """Return a search that finds the products sensed when this one was; None where its name holds no time."""
    moments = [found for text in _STAMP.findall(product_id) if (found := _moment(text))]
    ends = _ends_of(dataset_id)
    if not moments or ends is None:
        return None
    begin = moments[0]
    end = moments[1] if len(moments) > 1 and begin <= moments[1] <= begin + _LONGEST_SENSING else begin
    first, last = ends
    return {"dataset_id": dataset_id, first: _text(begin - _MARGIN), last: _text(end + _MARGIN)}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
