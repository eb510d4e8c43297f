"""What a job was given, as it is recorded: each input with a name for people and an address without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.ledger.event_values import KeyUse
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.at_keys import place_at
from eocanvas_apply.secrets.published_text import published_text

Kind = Literal["product", "key", "url", "result", "value"]


class GivenInput(Struct, frozen=True):
    """One input of a job. `title` is a product's id, a path, an address or the address of the job before.

    `href` is an address of it without secrets, None where none is known; `dataset` that of a product, `fingerprint`
    and `match` say which results of the job before it are meant. A `value` is one of a process without a room here.
    """

    name: str
    kind: Kind
    title: str
    href: str | None = None
    dataset: str | None = None
    fingerprint: str | None = None
    match: str | None = None

    @property
    def urn(self) -> str:
        """A name for it where no address is known; it leads nowhere, and is the same for the same input."""
        parts = (self.dataset, self.title)
        return ":".join(["urn:eocanvas-apply", self.kind, *(quote(each, "") for each in parts if each)])

    def with_place(self, fields: Mapping[str, Any]) -> GivenInput:
        """Return a product with the address that the row it came from has for it; any other input as it is."""
        for name, value in fields.items() if self.kind == "product" else ():
            prefix, _, last = name.rpartition("product_id")
            place = fields.get(f"{prefix}location") if not last and value == self.title else None
            if isinstance(place, str) and re.match(r"https?://\S+$", place):
                return replace(self, href=published_text(place))
        return self


def given_inputs(components: Mapping[str, Any], keys: tuple[KeyUse, ...], recorded: Recorded) -> Iterator[GivenInput]:
    """Yield what a launch was given; `components` are those of its fingerprint, `keys` those that it names."""
    used = {use.address: use for use in keys}
    for name, identity in components.get("inputs", {}).items():
        yield _given(name, identity, used, recorded)


def _given(name: str, identity: object, used: Mapping[str, KeyUse], recorded: Recorded) -> GivenInput:
    match identity:
        case {"dataset": str(dataset), "product": str(product)}:
            return GivenInput(name, "product", product, dataset=dataset)
        case {"key": str(key), "path": str(path)}:
            return GivenInput(name, "key", path, place_at(recorded, used.get(key), path))
        case {"result": str(address), "fingerprint": str(fingerprint), **rest}:
            match = rest.get("match")
            return GivenInput(name, "result", address, fingerprint=fingerprint, match=str(match) if match else None)
        case {"url": str(url)}:
            bare = published_text(url)
            return GivenInput(name, "url", bare, bare)
        case {"id": str(known)}:
            return GivenInput(name, "url", published_text(known))
    return GivenInput(name, "value", published_text(str(identity)))
