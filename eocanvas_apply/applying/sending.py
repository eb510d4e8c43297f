"""Sending once: a claim on the head that the plan read, at most one request, and a fact about its outcome.

Key creations, launches and orders are sent this way; each kind defines the events of its outcomes.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Literal, TypeVar

from msgspec import Struct

from eocanvas_apply.applying.session import Session, TooLate, at_once
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import CredentialsError, Doubt, NotSent, Refused
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.report.progress import Happening

Check = Callable[[], None]
# Requests under way at once, at first and when many were answered: enough to hide the latency, few enough to be polite
# and to leave connections for others.
_AT_FIRST, _AT_MOST = 16, 32
# Why a request was not sent: deadline over, run or kind of request stopped, no connection.
Unsent = Literal["too-late", "stopped", "not-sent"]
# The event that claims a request, and what the service answers.
Intended = TypeVar("Intended", bound=AnyEvent)
Answer = TypeVar("Answer")


class Request(Struct, Generic[Intended, Answer], frozen=True, kw_only=True):
    """One request and those it is for; `subject` names it in reports.

    `abandoned` claims that an earlier one had no effect. `send` calls the check right before it sends.
    """

    intended: Intended
    send: Callable[[Check], Awaitable[Answer]]
    addresses: Sequence[str]
    subject: str = ""
    abandoned: AnyEvent | None = None


R = TypeVar("R", bound=Request[Any, Any])


class _Gate:
    """How many requests are under way: one more for each that was answered, so that one who refuses gets few."""

    def __init__(self, first: int, most: int) -> None:
        self.turn = asyncio.Semaphore(first)
        self._more = most - first

    def widen(self) -> None:
        """Let one more through, as long as that is allowed."""
        if self._more:
            self._more -= 1
            self.turn.release()


class OnceSender(ABC, Generic[R, Answer]):
    """Claims requests of one kind, sends each once, and records its outcome."""

    sending: ClassVar[Happening]

    def __init__(self, session: Session) -> None:
        self._session = session

    async def send_once(self, decided_on: int, check: Check, requests: Sequence[R], limit: int = _AT_MOST) -> None:
        """Claim all of these in one append, then send them side by side, at most `limit` at a time.

        `check` raises TooLate where the deadline is over; it is asked right before each request leaves. Raises
        LedgerConflict where another run came between (nothing is sent), CredentialsError where the account is locked
        out (what was not sent is withdrawn).
        """
        claims = [event for r in requests for event in (r.abandoned, r.intended) if event]
        await self._session.claim(decided_on, claims)
        gate = _Gate(min(limit, _AT_FIRST), limit)
        await at_once([partial(self._send_claimed, request, check, gate) for request in requests], len(requests))

    async def _send_claimed(self, request: R, check: Check, gate: _Gate) -> None:
        async with gate.turn:
            answered = await self._sent(request, check)
        if answered:
            gate.widen()
            # The next request is under way while this one is recorded, with those that were answered meanwhile.
            await answered

    async def _sent(self, request: R, check: Check) -> Coroutine[Any, Any, None] | None:
        """Send a request and return what records its answer; without one all that follows is done here.

        So what is refused holds back the next request.
        """
        if self._held_back(request):
            await self._unsent(request, "stopped")
            return None
        self._report(request, self.sending)
        try:
            return self._answered(request, await request.send(check))
        except TooLate as late:
            await self._unsent(request, late.reason)
        except NotSent as fault:
            await self._unsent(request, "not-sent")
            self._fail_unsent(request, fault.diagnostics[0])
        except CredentialsError:
            await self._unsent(request, "not-sent")
            raise
        except Refused as fault:
            await self._refused(request, fault)
        except Doubt as fault:
            await self._in_doubt(request, fault)
        return None

    def _report(self, request: R, happening: Happening) -> None:
        self._session.report_event(request.addresses[0], happening, request.subject)

    def _held_back(self, request: R) -> bool:  # noqa: ARG002  # a kind may
        """Return whether the service would refuse this as it has just refused others."""
        return False

    def _fail_unsent(self, request: R, found: Diagnostic) -> None:
        """Record as a failure that the service could not be reached; a later try may succeed."""
        self._session.fail(request.addresses[0], found, again=True)

    async def _in_doubt(self, request: R, fault: Doubt) -> None:  # noqa: ARG002  # the next plans look for it
        """Report a lost answer; the claim stays open until the outcome is known."""
        self._report(request, Happening.ANSWER_LOST)

    @abstractmethod
    async def _unsent(self, request: R, reason: Unsent) -> None:
        """Record that a request was not sent and will not be."""

    @abstractmethod
    async def _refused(self, request: R, fault: Refused) -> None:
        """Record a refusal and what follows from it."""

    @abstractmethod
    async def _answered(self, request: R, answer: Answer) -> None:
        """Record what the service has done."""
