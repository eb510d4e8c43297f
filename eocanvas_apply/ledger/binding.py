"""What a ledger belongs to: its first event binds it to project, service, account and environment."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.events import LedgerOpened
from eocanvas_apply.vocabulary import NO_ENVIRONMENT
from eocanvas_apply.web_addresses import same_service


class Binding(Struct, frozen=True):
    """What a ledger belongs to.

    `service` is the base address without a trailing slash; its port does not count on loopback. `account` is the user
    name that logged in. `environment` is None for a run without one.
    """

    project: str
    service: str
    account: str
    environment: str | None = None

    def event(self, token: Callable[[], str]) -> LedgerOpened:
        """Return the event that opens a new ledger."""
        return LedgerOpened(
            project=self.project,
            service=self.service,
            account=self.account,
            environment=self.environment,
            ledger_id=token(),
            salt=token(),
        )


def mismatches(opened: LedgerOpened, binding: Binding, url: str) -> list[Diagnostic]:
    """Return an error for each thing that this ledger is bound to and that is another now."""
    pairs = {
        "project": (opened.project, binding.project),
        "service": (opened.service, binding.service),
        "account": (opened.account, binding.account),
        "environment": (opened.environment or NO_ENVIRONMENT, binding.environment or NO_ENVIRONMENT),
    }
    hint = "use its own ledger (--ledger), or go back to what this one belongs to"
    return [
        error("ledger-bound", f"the ledger {url} belongs to the {what} {was!r}, not to {now!r}", hint)
        for what, (was, now) in pairs.items()
        if was != now and not (what == "service" and same_service(was, now))
    ]
