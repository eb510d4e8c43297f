"""What a preflight asks of a storage, whichever protocol it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, EocanvasApplyError, NotSent, Refused

T = TypeVar("T")
# How many requests to one storage are under way at a time.
AT_ONCE = 8
# So many single questions are asked of one storage: of files, or of folders.
MOST_ASKED = 500
# The file that is written and removed again ends with a random part, so that no other file has its name.
WRITTEN = "eocanvas-apply-check-"
CONTENT = b"Written by eocanvas-apply to check that this place can be written. It may be deleted.\n"


@dataclass(frozen=True, slots=True)
class Stock:
    """What was found of some paths: the size of each that is there in bytes, None for a folder, and all names seen.

    `unasked` are those that were not looked for, because it takes too many questions; `modified` is when what is there
    was last written, by the clock of the storage, as far as it says so.
    """

    sizes: Mapping[str, int | None]
    names: tuple[str, ...] = field(default=(), repr=False)
    unasked: frozenset[str] = frozenset()
    modified: Mapping[str, datetime] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Waiting:
    """The questions to one storage that wait for an answer, in words; one that is cancelled stays among them."""

    questions: list[str] = field(default_factory=list)

    @contextmanager
    def asks(self, what: str) -> Iterator[None]:
        """Let a question wait for as long as the block takes."""
        self.questions.append(what)
        try:
            yield
        except Exception:
            self.questions.remove(what)
            raise
        self.questions.remove(what)


class Probe(Protocol):
    """One place with its credentials. Every method raises EocanvasApplyError where the storage does not do it."""

    async def answer(self) -> None:
        """Ask for the place itself: it is there, and it takes the credentials."""

    async def stock(self, paths: Collection[str]) -> Stock:
        """Look for paths, which begin with `/`, in as few requests as that takes."""

    async def write(self, name: str) -> None:
        """Write a small file of this name."""

    async def remove(self, name: str) -> bool:
        """Remove the file of this name, which need not be there; tell whether the storage did so."""


async def a_few_at_once(works: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Do the works a few at a time and return what they come to, in their order.

    After the first failure no other begins, and those under way are waited for: a connection that is given up in the
    middle of its beginning would stay open, and wrong secrets are not sent hundreds of times.
    """
    gate, faults = asyncio.Semaphore(AT_ONCE), list[EocanvasApplyError]()

    async def done(work: Callable[[], Awaitable[T]]) -> list[T]:
        async with gate:
            try:
                return [] if faults else [await work()]
            except EocanvasApplyError as fault:
                faults.append(fault)
                return []

    found = await asyncio.gather(*map(done, works))
    if faults:
        raise faults[0]
    return [each for (each,) in found]


async def write_and_remove(probe: Probe, name: str, place: str, patience: timedelta) -> None:
    """Write a small file and remove it, also where the answer is lost or who waits is cancelled.

    A file that cannot be removed is named in the error, which calls the storage `place`.
    """
    try:
        await probe.write(name)
    except (CredentialsError, NotSent):
        raise
    except EocanvasApplyError as fault:
        # It may be there although the answer says otherwise.
        if not await _completed(probe.remove(name), patience):
            raise _with_hint(fault, f"{name} may be left there: delete it") from None
        raise
    except asyncio.CancelledError:
        await _completed(probe.remove(name), patience)
        raise
    if not await _completed(probe.remove(name), patience):
        hint = "jobs only write; delete this file, and allow deleting for another check"
        raise Refused(error("storage-not-removed", f"{place} takes files, and {name} cannot be removed again", hint))


async def _completed(removal: Coroutine[Any, Any, bool], patience: timedelta) -> bool:
    """Wait for a removal, also where who waits is cancelled meanwhile; it is given up after `patience`."""
    task = asyncio.ensure_future(removal)
    try:
        await asyncio.wait([task], timeout=patience.total_seconds())
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=patience.total_seconds())
        raise
    task.cancel()
    return task.done() and not task.cancelled() and task.exception() is None and task.result()


def _with_hint(fault: EocanvasApplyError, hint: str) -> EocanvasApplyError:
    found = (replace(each, hint="; ".join(filter(None, [each.hint, hint]))) for each in fault.diagnostics)
    return EocanvasApplyError(*found)
