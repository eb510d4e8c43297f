"""Addresses: how a key, a job, an old generation or one instance of a campaign is named, everywhere.

People type bare names, unique beginnings and instances after a slash on a command line: `resolve` understands these.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from functools import total_ordering
from json.encoder import encode_basestring as _quoted
from typing import Literal

from msgspec import Struct

from eocanvas_apply.diagnostics import did_you_mean, error
from eocanvas_apply.errors import UsageError

Kind = Literal["key", "job"]

_NAME = r"[a-z][a-z0-9_-]{0,39}"
_KEY = re.compile(rf"key\.({_NAME})(?:#([1-9][0-9]*))?")
_JOB = re.compile(rf"job\.({_NAME})(?:\[(\".*\")\])?", re.DOTALL)


@total_ordering
class Address(Struct, frozen=True):
    """`key.scenes`, `key.scenes#3` (an old generation), `job.subset`, `job.datacube["S3A_OL"]` (an instance).

    Addresses sort keys first, then by name, generation and instance; `str` and `parse` are each other's inverse.
    """

    kind: Kind
    name: str
    generation: int | None = None
    instance: str | None = None

    @classmethod
    def key(cls, name: str, generation: int | None = None) -> Address:
        """Return the address of a key, or of one generation of it (counted from 1)."""
        return cls("key", name, generation=generation)

    @classmethod
    def job(cls, name: str, instance: str | None = None) -> Address:
        """Return the address of a job, or of one instance of a campaign."""
        return cls("job", name, instance=instance)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read what `str` writes; anything else raises ValueError."""
        if found := _KEY.fullmatch(text):
            return cls.key(found[1], int(found[2]) if found[2] else None)
        if found := _JOB.fullmatch(text):
            return cls.job(found[1], _instance(text, found[2]))
        raise ValueError(f"{text!r} is not an address; one looks like key.scenes or job.subset")

    @property
    def whole(self) -> Address:
        """The key or job itself, without generation or instance."""
        return Address(self.kind, self.name)

    def __str__(self) -> str:
        if self.generation is not None:
            return f"{self.kind}.{self.name}#{self.generation}"
        if self.instance is not None:
            return of_instance(self.name, self.instance)
        return f"{self.kind}.{self.name}"

    def __lt__(self, other: object) -> bool:
        return self._order() < other._order() if isinstance(other, Address) else NotImplemented

    def _order(self) -> tuple[bool, str, int, bool, str]:
        return self.kind != "key", self.name, self.generation or 0, self.instance is not None, self.instance or ""


def of_instance(job: str, instance: str) -> str:
    """Return the address of an instance as `str` writes it: campaigns have a hundred thousand of them."""
    return f"job.{job}[{_quoted(instance)}]"


def _instance(text: str, quoted: str | None) -> str | None:
    if quoted is None:
        return None
    try:
        instance = json.loads(quoted)
    except ValueError:
        instance = None
    if not isinstance(instance, str) or not instance:
        raise ValueError(f'{text!r} is not an address; an instance looks like job.name["its id"]')
    return instance


def typed(address: str) -> str:
    """Return `tiles/T32` for `job.tiles["T32"]`, whose quotes a shell would take away; others as they are.

    What is no address, such as the word ADDRESS, stays as it is.
    """
    try:
        found = Address.parse(address)
    except ValueError:
        return address
    return address if found.instance is None else shlex.quote(f"{found.name}/{found.instance}")


_SHOWN = 5
_QUOTE = '"'
_IN_BRACKETS = re.compile(r"((?:job\.)?[a-z][a-z0-9_-]*)\[(.+)\]", re.DOTALL)


def resolve(text: str, known: Iterable[Address]) -> tuple[Address, ...]:
    """Return the known addresses that a text names, sorted; raise UsageError when it names none or is ambiguous.

    `subset`, `key.scenes`, `scenes#3`, `datacube/S3A_OL`, `datacube/*` and full addresses, also without the quotes of
    an instance. An exact name wins over a beginning; the name of a campaign means all its instances.
    """
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
    if found := next((each for each in ours if str(each.generation) == number), None):
        return found
    raise _unknown(text, map(str, ours))


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


def _unknown(text: str, known: Iterable[str], meant: str = "") -> UsageError:
    hint = f"did you mean {meant}?" if meant else did_you_mean(text, known) or "`status` lists every address"
    return UsageError(error("unknown-address", f"nothing here is called {text!r}", hint))
