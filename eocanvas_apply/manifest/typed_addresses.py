"""Addresses as people type them on a command line: bare names, unique beginnings, instances after a slash.

`subset`, `key.scenes`, `scenes#3`, `datacube/S3A_OL`, `datacube/*` and every full address are understood, also
without the quotes of an instance, which a shell takes away. An exact name wins over a beginning; the name of a campaign
means all its instances.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from eocanvas_apply.diagnostics import did_you_mean, error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest.address import Address

_SHOWN = 5
_QUOTE = '"'
_IN_BRACKETS = re.compile(r"((?:job\.)?[a-z][a-z0-9_-]*)\[(.+)\]", re.DOTALL)


def resolve(text: str, known: Iterable[Address]) -> tuple[Address, ...]:
    """Return the known addresses that a text names, sorted; raise UsageError when it names none or is ambiguous."""
    addresses = sorted(set(known))
    exact = tuple(address for address in addresses if str(address) == text)
    if exact and exact[0].generation is None and exact[0].instance is None:
        return _of(exact[0], addresses)
    if exact:
        return exact
    name, slash, instance = _written(text).partition("/")
    whole = _whole(name, addresses)
    if name != str(whole) and "#" in name:
        return (_generation(text, name, whole, addresses),)
    if not slash:
        return _of(whole, addresses)
    return _instances(text, instance, [each for each in addresses if each.whole == whole and each.instance is not None])


def _written(text: str) -> str:
    try:
        address = Address.parse(text)
    except ValueError:
        found = _IN_BRACKETS.fullmatch(text)
        return f"{found[1]}/{found[2].strip(_QUOTE)}" if found else text
    return text if address.instance is None else f"{address.whole}/{address.instance}"


def _of(whole: Address, known: Sequence[Address]) -> tuple[Address, ...]:
    ours = [each for each in known if each.whole == whole]
    return tuple([each for each in ours if each.generation is None] or ours)


def _whole(written: str, known: Sequence[Address]) -> Address:
    name = written.partition("#")[0]
    wholes = sorted({each.whole for each in known})
    exact = [each for each in wholes if name in (each.name, str(each))]
    found = exact or [each for each in wholes if name and (each.name.startswith(name) or str(each).startswith(name))]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(written, [str(each) for each in found])
    bare = {str(each.instance): f"{each.name}/{each.instance}" for each in known if each.instance is not None}
    if name in bare:
        raise _unknown(written, [bare[name]], bare[name])
    raise _unknown(written, [*(each.name for each in wholes), *map(str, wholes)])


def _generation(text: str, name: str, whole: Address, known: Sequence[Address]) -> Address:
    number = name.partition("#")[2]
    ours = [each for each in known if each.whole == whole and each.generation is not None]
    for each in ours:
        if str(each.generation) == number:
            return each
    raise _unknown(text, [str(each) for each in ours])


def _instances(text: str, written: str, known: Sequence[Address]) -> tuple[Address, ...]:
    if written == "*" and known:
        return tuple(known)
    found = [each for each in known if each.instance == written]
    found = found or [each for each in known if written and str(each.instance).startswith(written)]
    if len(found) == 1:
        return tuple(found)
    if found:
        raise _ambiguous(text, [str(each) for each in found])
    raise _unknown(text, [f"{each.name}/{each.instance}" for each in known])


def _ambiguous(text: str, found: Sequence[str]) -> UsageError:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    message = f"{text!r} may be {', '.join(found[:_SHOWN])}{more}"
    return UsageError(error("ambiguous-address", message, "write the whole address"))


def _unknown(text: str, known: Sequence[str], meant: str = "") -> UsageError:
    near = f"did you mean {meant}?" if meant else did_you_mean(text, known)
    hint = near or "`status` lists every address"
    return UsageError(error("unknown-address", f"nothing here is called {text!r}", hint))
