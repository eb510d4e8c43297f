"""The HDA's answers as values; ValueError for anything that is not such an answer at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eocanvas_apply.service.wire import mapping, whole

_UNIT_OF_A_PATH = re.compile(r"[^\s/\\?#%]+")


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a dataset; these two ids are its identity.

    `location` is what an order has to repeat. `size` is in bytes, None where the HDA does not know it ("ND").
    `properties` are those of the search's answer as they came, location and size included.
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


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search.

    Either `total` is the number of products, or `following` is the next index to ask for, None at the end.
    """

    products: Sequence[Product]
    total: int | None
    following: object


def read_terms(document: object) -> list[str]:
    """Return the licences of a dataset."""
    terms = mapping(document, "a dataset").get("terms") or []
    if not isinstance(terms, list) or not all(isinstance(term, str) and term for term in terms):
        raise ValueError("without a list of terms")
    return [str(term) for term in terms]


def read_page(document: object, dataset_id: str) -> Page:
    """Return one page of a search."""
    fields = mapping(document, "a page of products")
    features = fields.get("features")
    if not isinstance(features, list):
        raise ValueError("without a list of features")
    counts = mapping(fields.get("properties") or {}, "a page of products")
    products = [_product(feature, dataset_id) for feature in features]
    return Page(products, whole(counts.get("totalResults")), counts.get("nextIndex") or None)


def read_download_id(document: object) -> str:
    """Return the id that an order was given."""
    download_id = mapping(document, "an order").get("download_id")
    if not isinstance(download_id, str) or not _UNIT_OF_A_PATH.fullmatch(download_id) or download_id in (".", ".."):
        raise ValueError("without a download_id that can stand in an address")
    return download_id


def _product(feature: object, dataset_id: str) -> Product:
    fields = mapping(feature, "a product")
    properties = mapping(fields.get("properties") or {}, "a product")
    product_id, location = fields.get("id"), properties.get("location")
    if not isinstance(product_id, str) or not product_id:
        raise ValueError("with a product that has no id")
    if not isinstance(location, str) or not location:
        raise ValueError(f"without a location of {product_id}")
    return Product(product_id, dataset_id, location, whole(properties.get("size")), properties)
