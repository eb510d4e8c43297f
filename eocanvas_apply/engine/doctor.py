"""The checks of `doctor`: addresses, account, clock, public key, keys of the project that the ledger does not know."""

from __future__ import annotations

from dataclasses import dataclass

from eocanvas_apply.diagnostics import Diagnostic, Severity, error, warning
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.planning.keys.comparison import is_tagged
from eocanvas_apply.service.wire import KeyInfo

# Beyond this, times that people compare by eye mislead; the tool itself uses the time of the service.
_SKEW_S = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checks: what was checked, what was found, and the diagnostic where something is wrong."""

    subject: str
    found: str
    diagnostic: Diagnostic | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.diagnostic is None or self.diagnostic.severity is Severity.INFO


async def examine(engine: Engine) -> list[Finding]:
    """Check everything in turn; what fails is a finding, never an exception."""
    service = engine.service
    findings = [Finding("service", service.endpoints.base_url)]
    try:
        address = await service.log_in()
        findings.append(Finding("account", f"{service.account}, logged in at {address}"))
        findings.append(await _public_key(engine))
        keys = await service.keys()
        findings.append(_clock(engine))
        findings.extend(await _ledger(engine, keys))
    except EocanvasApplyError as fault:
        findings.extend(faults("fault", fault))
    return findings


def faults(subject: str, fault: EocanvasApplyError) -> list[Finding]:
    """Return the findings of an exception."""
    return [Finding(subject, each.message, each) for each in fault.diagnostics]


async def _public_key(engine: Engine) -> Finding:
    key = await engine.observer.vault.public_key(engine.service.public_key)
    return Finding("public key", f"RSA-{key.bits}: seals {key.limit} bytes")


def _clock(engine: Engine) -> Finding:
    skew = engine.service.time.skew
    if skew is None:
        return Finding("clock", "the service sends no date")
    seconds = skew.total_seconds()
    found = f"the service is {abs(seconds):.0f} s {'ahead' if seconds >= 0 else 'behind'}"
    late = abs(seconds) > _SKEW_S
    return Finding("clock", found, warning("clock-skew", found, "set this machine's clock") if late else None)


async def _ledger(engine: Engine, keys: list[KeyInfo]) -> list[Finding]:
    """Return the state of the ledger, and the keys that are tagged as this project's and that it does not know."""
    recorded = await engine.recorded()
    opened = "not created yet" if recorded.opened is None else f"{recorded.head} entries"
    known = {g.name for record in recorded.keys.values() for g in record.generations.values()}
    hint = "it was created with another ledger of this project, or with a lost one; delete it when nothing uses it"
    ours = (key.name for key in keys if is_tagged(key.description, engine.desired.project) and key.name not in known)
    message = "has the description of a key of this project"
    unknown = [Finding("key", name, error("key-unknown-to-ledger", f"{name} {message}", hint)) for name in ours]
    return [Finding("ledger", f"{engine.journal.url}: {opened}"), *unknown]
