"""Addresses: how a key, a job, an old generation or one instance of a campaign is named, everywhere."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from functools import total_ordering
from typing import Literal

Kind = Literal["key", "job"]

_NAME = r"[a-z][a-z0-9_-]{0,39}"
_KEY = re.compile(rf"key\.({_NAME})(?:#([1-9][0-9]*))?")
_JOB = re.compile(rf"job\.({_NAME})(?:\[(\".*\")\])?", re.DOTALL)


@total_ordering
@dataclass(frozen=True, slots=True)
class Address:
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
            generation = found[2]
            return cls.key(found[1], int(generation) if generation else None)
        if found := _JOB.fullmatch(text):
            return cls.job(found[1], _instance(text, found[2]))
        raise ValueError(f"{text!r} is no address; one looks like key.scenes or job.subset")

    @property
    def whole(self) -> Address:
        """The key or job itself, without generation or instance."""
        return Address(self.kind, self.name)

    def __str__(self) -> str:
        if self.generation is not None:
            return f"{self.kind}.{self.name}#{self.generation}"
        if self.instance is not None:
            return f"{self.kind}.{self.name}[{json.dumps(self.instance, ensure_ascii=False)}]"
        return f"{self.kind}.{self.name}"

    def __lt__(self, other: object) -> bool:
        return self._order() < other._order() if isinstance(other, Address) else NotImplemented

    def _order(self) -> tuple[bool, str, int, bool, str]:
        return self.kind != "key", self.name, self.generation or 0, self.instance is not None, self.instance or ""


def _instance(text: str, quoted: str | None) -> str | None:
    if quoted is None:
        return None
    try:
        instance = json.loads(quoted)
    except ValueError:
        instance = None
    if not isinstance(instance, str) or not instance:
        raise ValueError(f'{text!r} is no address; an instance looks like job.name["its id"]')
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
