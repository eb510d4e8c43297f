"""What `for_each` asks of the outside: a catalogue to search and storages to list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

from eocanvas_apply.manifest.rows import Row


class Search(Protocol):
    """WEkEO's catalogue."""

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the fields of at most `limit` products, their ids as `id`; raises ServiceError.

        The query goes as it stands, paging apart. Fields are the product's properties with `id` (of the product),
        `dataset_id`, `location` and `size` (bytes, None when unknown).
        """
        ...


class Lister(Protocol):
    """Storages, each opened with its key's own credentials."""

    async def list(self, key: str, prefix: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return `path` (with a leading `/`) and `size` (bytes) of at most `limit` files whose path begins so.

        `key` is the manifest's name of a key, or eodata. Raises ServiceError, CredentialsError.
        """
        ...


def query_digest(query: Mapping[str, Any]) -> str:
    """Return `sha256:` and the digest of a query, the order of its fields not counting."""
    text = json.dumps(query, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def product_rows(products: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return a row a product, sorted by id: `product_id` and the product's own fields."""
    rows = {str(fields["id"]): _product_row(fields) for fields in products}
    return [rows[name] for name in sorted(rows)]


def file_rows(files: Sequence[Mapping[str, Any]], match: str | None) -> list[Row]:
    """Return a row a file whose name fits the pattern, sorted by path: `path`, `name` (also the id) and `size`."""
    rows = []
    for fields in sorted(files, key=lambda each: str(each["path"])):
        name = str(fields["path"]).rstrip("/").rpartition("/")[2]
        if name and not str(fields["path"]).endswith("/") and (match is None or fnmatchcase(name, match)):
            rows.append(Row(name, {**fields, "name": name}))
    return rows


def _product_row(fields: Mapping[str, Any]) -> Row:
    own = {name: value for name, value in fields.items() if name != "id"}
    return Row(str(fields["id"]), {"product_id": str(fields["id"]), **own})
