"""Which address a user means: a name, a beginning, a campaign, an instance. Old addresses are answered with the new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest.address import Address, resolve, typed

if TYPE_CHECKING:
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.ledger.fold.recorded import Recorded


def known_addresses(desired: Iterable[str], recorded: Recorded) -> list[Address]:
    """Return what is desired or recorded, old generations of keys too."""
    names = [*desired, *recorded.keys, *recorded.jobs]
    generations = [f"{record.address}#{number}" for record in recorded.keys.values() for number in record.generations]
    return [Address.parse(name) for name in dict.fromkeys([*names, *generations])]


def one_address(text: str, desired: Iterable[str], recorded: Recorded) -> Address:
    """Return the one address that the text names; raises UsageError for none and for several."""
    return _single(text, _named(text, known_addresses(desired, recorded), recorded))


def desired_address(text: str, desired: Iterable[str], recorded: Recorded) -> str:
    """Return the one address of the manifest that the text names; raises UsageError for none and for several."""
    return str(_single(text, _named(text, [Address.parse(each) for each in desired], recorded)))


def addresses_named(patterns: Collection[str], desired: Iterable[str], recorded: Recorded) -> frozenset[str]:
    """Return every address that one of these texts names; raises UsageError for one that names none."""
    known = known_addresses(desired, recorded) if patterns else []
    return frozenset(str(address) for text in patterns for address in _named(text, known, recorded))


def jobs_named(patterns: Collection[str], desired: Iterable[str], recorded: Recorded) -> frozenset[str]:
    """Return the jobs that these texts name, of a campaign all its instances; raises UsageError for a key as well."""
    known = known_addresses(desired, recorded) if patterns else []
    return frozenset(str(address) for text in patterns for address in _jobs(text, _named(text, known, recorded)))


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


def _named(text: str, known: Collection[Address], recorded: Recorded) -> tuple[Address, ...]:
    """Return the known addresses that a text names; raises UsageError, with the new address where it names an old one.

    An old name that is written in full wins over the beginning of another one.
    """
    former = _former({*known}, recorded) if recorded.moved else {}
    if former and text in set(_spellings(former)) - set(_spellings(known)):
        raise UsageError(_moved(resolve(text, former), former))
    try:
        return resolve(text, known)
    except UsageError as unknown:
        if all(each.code != "unknown-address" for each in unknown.diagnostics):
            raise
        if found := _resolved(text, former):
            raise UsageError(_moved(found, former)) from None
        raise


def _resolved(text: str, known: Iterable[Address]) -> tuple[Address, ...]:
    try:
        return resolve(text, known)
    except UsageError:
        return ()


def _former(known: Collection[Address], recorded: Recorded) -> Mapping[Address, Address]:
    """Return the earlier addresses of what is known, each with the one that it has now."""
    came_from = defaultdict[str, list[str]](list)
    for old, new in recorded.moved.items():
        came_from[new].append(old)
    found: dict[Address, Address] = {}
    later = {address: address for address in known}
    while later:
        before = ((was, now) for address, now in later.items() for was in _before(address, came_from))
        later = {
            was: now for was, now in before if was not in found and was not in known and _is_at(was, now, recorded)
        }
        found |= later
    return found


def _before(address: Address, came_from: Mapping[str, list[str]]) -> Iterator[Address]:
    """Yield what one address was before a move: generations move with their key, instances with their campaign."""
    name = str(replace(address, generation=None))
    whole, bracket, rest = name.partition("[")
    of_campaign = [f"{old}{bracket}{rest}" for old in came_from.get(whole, ())] if bracket else []
    for was in (*came_from.get(name, ()), *of_campaign):
        yield replace(Address.parse(was), generation=address.generation)


def _is_at(was: Address, now: Address, recorded: Recorded) -> bool:
    return recorded.is_now_at(str(replace(was, generation=None))) == str(replace(now, generation=None))


def _spellings(addresses: Iterable[Address]) -> Iterator[str]:
    for each in addresses:
        for name in (each.name, str(each.whole)):
            yield name
            yield name if each.instance is None else f"{name}/{each.instance}"
        yield str(each)


def _moved(old: Collection[Address], former: Mapping[Address, Address]) -> Diagnostic:
    """Return what there is to say of old addresses: a campaign is named once, single instances are named each."""
    pairs = sorted({(str(each.whole), str(former[each].whole)) for each in old})
    if len(old) == 1 or len(pairs) > 1 or pairs[0][0] == pairs[0][1]:
        pairs = sorted((str(each), str(former[each])) for each in old)[:5]
    message = ", ".join(f"{before} is now {now}" for before, now in pairs)
    return error("address-moved", message, f"write {' or '.join(typed(now) for _, now in pairs)}")
