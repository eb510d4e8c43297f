"""The exceptions that end a command, each with the diagnostics for the user.

None of them prints; `cli/` is the one place where they become words and an exit code.
"""

from __future__ import annotations

from eocanvas_apply.diagnostics import Diagnostic

_SHOWN = 10


class EocanvasApplyError(Exception):
    """A command cannot go on; `diagnostics` say why, all faults at once.

    Its text, for scripts and notebooks, holds the first of them with place and hint.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        more = [f"and {len(self.diagnostics) - _SHOWN} more"] if len(self.diagnostics) > _SHOWN else []
        return "; ".join([*map(str, self.diagnostics[:_SHOWN]), *more])

    def __reduce__(self) -> tuple[object, ...]:
        """Return what a copy is made of: pickle, and so a pool of processes, would give the message as a diagnostic."""
        return type(self), self.diagnostics, vars(self)


class UsageError(EocanvasApplyError):
    """The command line or a setting is wrong."""


class ManifestError(EocanvasApplyError):
    """The manifest, or a graph or chain it names, is wrong."""


class CredentialsError(EocanvasApplyError):
    """The account's credentials, or those of a storage, are missing or refused."""


class ServiceError(EocanvasApplyError):
    """The service did not answer as needed.

    `status` is the HTTP status, None where there was no whole answer; `retry_after` is how many seconds the
    service asked to wait (from Retry-After or X-Quota-Reset), None where it did not say.
    """

    def __init__(self, diagnostic: Diagnostic, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(diagnostic)
        self.status = status
        self.retry_after = retry_after

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later: no clear answer came, or it was one too many (429)."""
        return isinstance(self, Doubt | NotSent) or self.status == 429


class NotSent(ServiceError):
    """The request did not reach the service: DNS, connect, TLS, pool time-out."""


class Refused(ServiceError):
    """The service refused the request and did nothing (400 401 403 404 405 409 411 413 414 415 422 429, 3xx)."""

    @property
    def concerns_account(self) -> bool:
        """Whether it refuses the account (401) or its rate (429), and says nothing of the one thing asked for."""
        return self.status in (401, 429)


class Doubt(ServiceError):
    """The request may have been carried out: 408, 5xx, a lost answer, a 2xx that cannot be read."""


class LedgerError(EocanvasApplyError):
    """The ledger cannot be read, written or trusted."""


class LedgerConflict(LedgerError):
    """Another run appended first: read again and decide again."""


class SafetyRefusal(EocanvasApplyError):
    """A safety rule holds the command back; the message names the numbers and the flag. Exit 5.

    `faults` are the errors of its plan, which stand beside that: with them the exit code is 1.
    """

    def __init__(self, *diagnostics: Diagnostic, faults: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(*faults, *diagnostics)
        self.faults = faults


class PlanStale(EocanvasApplyError):
    """A plan does not hold any more: something else would be done now. Exit 6."""


class StoppedEarly(EocanvasApplyError):
    """A run was stopped before its first plan: nothing was changed."""
