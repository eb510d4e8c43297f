"""Sending once: a claim on the head that was decided on, one request at most, and a fact for whatever became of it.

Key creations, launches and orders are sent this way. Each kind says what it claims, how it is sent, and which events
its outcomes are; everything else that keeps a request from being sent twice stands here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Generic, Literal, TypeVar

from eocanvas_apply.applying.session import AT_ONCE, Session, TooLate, at_once
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import CredentialsError, Doubt, NotSent, Refused
from eocanvas_apply.ledger.events import AnyEvent

# What is sent, and what the service answers.
R = TypeVar("R")
A = TypeVar("A")
Check = Callable[[], None]
# Why nothing was sent: the deadline, a stop of the run or of this kind of request, or no connection.
Unsent = Literal["too-late", "stopped", "not-sent"]


class OnceSender(ABC, Generic[R, A]):
    """Claims requests of one kind, sends each once, and puts on record what became of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def send_once(self, decided_on: int, check: Check, requests: Sequence[R], limit: int = AT_ONCE) -> None:
        """Claim all of these in one append, then send them side by side, at most `limit` at a time.

        `check` raises TooLate where the deadline is over; it is asked right before each request leaves. Raises
        LedgerConflict where another run came between (nothing is sent), CredentialsError where the account is locked
        out (what was not sent is withdrawn).
        """
        await self._session.claim(decided_on, [event for request in requests for event in self._claims(request)])
        await at_once([partial(self._send_claimed, request, check) for request in requests], limit)

    async def _send_claimed(self, request: R, check: Check) -> None:
        if self._held_back(request):
            await self._unsent(request, "stopped")
            return
        self._begin(request)
        try:
            answer = await self._send(request, check)
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
        else:
            await self._answered(request, answer)

    def _held_back(self, request: R) -> bool:  # noqa: ARG002  # a kind may
        """Return whether the service has just refused to others what it would refuse again."""
        return False

    @abstractmethod
    def _claims(self, request: R) -> Iterable[AnyEvent]:
        """Return the events that claim a request."""

    @abstractmethod
    def _begin(self, request: R) -> None:
        """Report that a request is about to be sent."""

    @abstractmethod
    async def _send(self, request: R, check: Check) -> A:
        """Send a request and return the answer; `check` goes with it to the last moment before the socket."""

    @abstractmethod
    async def _unsent(self, request: R, reason: Unsent) -> None:
        """Put on record that a request was not sent and will not be."""

    @abstractmethod
    def _fail_unsent(self, request: R, found: Diagnostic) -> None:
        """Keep as a failure that the service could not be reached; a later try may succeed."""

    @abstractmethod
    async def _refused(self, request: R, fault: Refused) -> None:
        """Put a refusal on record, and draw the consequences."""

    @abstractmethod
    async def _in_doubt(self, request: R, fault: Doubt) -> None:
        """Report a lost answer; the claim stays open until it is known what became of it."""

    @abstractmethod
    async def _answered(self, request: R, answer: A) -> None:
        """Put on record what the service has done."""
