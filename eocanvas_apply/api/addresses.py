"""Which address a user means: a name, a beginning, a campaign, an instance."""

from __future__ import annotations

from collections.abc import Iterable

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address, resolve, typed


def known_addresses(desired: Iterable[str], recorded: Recorded) -> list[Address]:
    """Return what is desired or recorded, old generations of keys too."""
    names = [*desired, *recorded.keys, *recorded.jobs]
    generations = [f"{record.address}#{number}" for record in recorded.keys.values() for number in record.generations]
    return [Address.parse(name) for name in dict.fromkeys([*names, *generations])]


def one_address(text: str, desired: Iterable[str], recorded: Recorded) -> Address:
    """Return the one address that the text names; raises UsageError for none and for several."""
    return _single(text, resolve(text, known_addresses(desired, recorded)))


def addresses_named(patterns: Iterable[str], desired: Iterable[str], recorded: Recorded) -> frozenset[str]:
    """Return every address that one of these texts names; raises UsageError for one that names none."""
    known = known_addresses(desired, recorded)
    return frozenset(str(address) for text in patterns for address in resolve(text, known))


def jobs_named(patterns: Iterable[str], desired: Iterable[str], recorded: Recorded) -> frozenset[str]:
    """Return the jobs that these texts name, of a campaign all its instances; raises UsageError for a key as well."""
    known = known_addresses(desired, recorded)
    return frozenset(str(address) for text in patterns for address in _jobs(text, resolve(text, known)))


def _jobs(text: str, found: tuple[Address, ...]) -> tuple[Address, ...]:
    if len({address.whole for address in found}) > 1 or found[0].kind != "job":
        return (_job(_single(text, found)),)
    return found


def one_job(text: str, desired: Iterable[str], recorded: Recorded) -> str:
    """Return the one job that the text names; raises UsageError for a key as well."""
    return str(_job(one_address(text, desired, recorded)))


def _single(text: str, found: tuple[Address, ...]) -> Address:
    if len(found) > 1:
        raise UsageError(_several(text, found))
    return found[0]


def _several(text: str, found: tuple[Address, ...]) -> Diagnostic:
    if len({address.whole for address in found}) == 1 and found[0].instance is not None:
        hint = f"write one of them, such as {typed(str(found[0]))}; `status --full` lists them"
        return error("ambiguous-address", f"{text!r} is a campaign of {len(found)} instances", hint)
    names = ", ".join(str(address) for address in found[:5])
    return error("ambiguous-address", f"{text!r} names {len(found)} addresses: {names}", "name one")


def _job(found: Address) -> Address:
    if found.kind != "job":
        raise UsageError(error("not-a-job", f"{found} is a key, not a job", address=str(found)))
    return found
