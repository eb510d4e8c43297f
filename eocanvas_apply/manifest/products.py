"""Products of WEkEO's catalogue as inputs: which dataset one belongs to, and what an order of it has to repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.yaml.nodes import Data
from eocanvas_apply.manifest.model.jobs import ProductInput
from eocanvas_apply.manifest.validation.meaning import Finding, is_raw, mapping_at

_DATASET, _PRODUCT, _LOCATION = "dataset_id", "product_id", "location"


class Product(Struct, frozen=True):
    """A product; dataset and id are its identity. `location` is None where only a search can tell it."""

    dataset_id: str
    id: str
    location: str | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it this product: its order's address and even its file's name change."""
        return self.dataset_id, self.id


def product_of(given: ProductInput, fields: Mapping[str, Any]) -> Product | None:
    """Return the product that an input names, None where neither the input nor the row tells its dataset.

    `fields` are the row's, as a search or a table has them; behind `as:` they stand with its prefix.
    """
    prefix = _prefix(given.product, fields)
    dataset_id = given.dataset_id or _text(fields, prefix + _DATASET)
    if dataset_id is None:
        return None
    # A row may name other products beside its own, whose location it does not know.
    is_own = fields.get(prefix + _PRODUCT, given.product) == given.product
    location = _text(fields, prefix + _LOCATION) if is_own and _text(fields, prefix + _DATASET) == dataset_id else None
    return Product(dataset_id, given.product, location)


def products_without_dataset(data: Data) -> Iterator[Finding]:
    """Yield each `product:` of a job without rows that does not say its dataset; rows are checked later."""
    for job, fields in mapping_at(data, "jobs").items():
        for name, given in mapping_at(fields, "inputs").items():
            later = "for_each" in mapping_at(fields) or is_raw(fields)
            if not later and "product" in mapping_at(given) and _DATASET not in mapping_at(given):
                yield without_dataset(), ("jobs", job, "inputs", name, "product")


def without_dataset() -> Diagnostic:
    """Return the diagnostic about a product without a dataset."""
    hint = "write `dataset_id:` beside it, or take it from a row with a field dataset_id, as a search gives them"
    return error("product-without-dataset", "it is not known to which dataset this product belongs", hint)


def _prefix(product: str, fields: Mapping[str, Any]) -> str:
    names = [name for name, value in fields.items() if value == product]
    prefixes = [name[: name.rfind(".") + 1] for name in names]
    return next((prefix for prefix in prefixes if prefix + _DATASET in fields), "")


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None
