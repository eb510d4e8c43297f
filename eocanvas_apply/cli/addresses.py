"""Which address a user means on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.manifest.address import Address


def known_addresses(desired: Iterable[str], recorded: Recorded) -> list[Address]:
    """Return what is desired or recorded, old generations of keys too."""
    from eocanvas_apply.manifest.address import Address

    names = [*desired, *recorded.keys, *recorded.jobs]
    generations = [f"{record.address}#{number}" for record in recorded.keys.values() for number in record.generations]
    return [Address.parse(name) for name in dict.fromkeys([*names, *generations])]


def one_address(text: str, desired: Iterable[str], recorded: Recorded) -> Address:
    """Return the one address that the text names; raises UsageError for none and for several."""
    from eocanvas_apply.manifest.typed_addresses import resolve

    found = resolve(text, known_addresses(desired, recorded))
    if len(found) > 1:
        names = ", ".join(str(address) for address in found[:5])
        raise UsageError(error("ambiguous-address", f"{text!r} names {len(found)} addresses: {names}", "name one"))
    return found[0]


def addresses_named(patterns: Iterable[str], desired: Iterable[str], recorded: Recorded) -> frozenset[str]:
    """Return every address that one of these texts names; raises UsageError for one that names none."""
    from eocanvas_apply.manifest.typed_addresses import resolve

    known = known_addresses(desired, recorded)
    return frozenset(str(address) for text in patterns for address in resolve(text, known))


def jobs_named(text: str, desired: Iterable[str], recorded: Recorded) -> list[Address]:
    """Return the jobs that the text names, of a campaign all its instances; raises UsageError for a key as well."""
    from eocanvas_apply.manifest.typed_addresses import resolve

    found = resolve(text, known_addresses(desired, recorded))
    if len({address.whole for address in found}) > 1 or found[0].kind != "job":
        return [one_job(text, desired, recorded)]
    return list(found)


def one_job(text: str, desired: Iterable[str], recorded: Recorded) -> Address:
    """Return the one job that the text names; raises UsageError for a key as well."""
    found = one_address(text, desired, recorded)
    if found.kind != "job":
        raise UsageError(error("not-a-job", f"{found} is a key, and this is about jobs", address=str(found)))
    return found
