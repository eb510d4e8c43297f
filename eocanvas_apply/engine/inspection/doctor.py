"""The checks of `doctor`: secrets, account, service, public key, clock, ledger, and what a plan finds.

A key of this project that the ledger does not know is one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.checks.checking import adjusted
from eocanvas_apply.diagnostics import Diagnostic, Severity, error, warning
from eocanvas_apply.engine.definition import Definition
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import CredentialsError, EocanvasApplyError, LedgerError, ServiceError
from eocanvas_apply.planning.keys.comparison import is_tagged
from eocanvas_apply.planning.keys.ownership import Owners
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.secrets.vault import Vault

# Where an exception comes from; the last one is for all others.
_SUBJECTS: dict[type[EocanvasApplyError], str] = {
    ServiceError: "service",
    CredentialsError: "account",
    LedgerError: "ledger",
    EocanvasApplyError: "fault",
}
# Beyond this, times that people compare by eye mislead; the tool itself uses the time of the service.
_SKEW_S = 60


class Finding(Struct, frozen=True):
    """One line of the checks: what was checked, what was found, and the diagnostic where something is wrong."""

    subject: str
    found: str
    diagnostic: Diagnostic | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.diagnostic is None or self.diagnostic.severity is Severity.INFO


def secrets(project: Definition, vault: Vault) -> list[Finding]:
    """Return what is wrong with the secrets of the keys, or how many could be read."""
    found = [Finding("secrets", f"{len(vault.all_secrets)} read")] if vault.all_secrets else []
    faults = sorted(
        adjusted(vault.diagnostics, project.manifest), key=lambda each: each.position.line if each.position else 0
    )
    return [*found, *listed("secrets", faults)]


async def examine(engine: Engine) -> list[Finding]:
    """Check everything in turn; what fails is a finding, never an exception."""
    service, findings = engine.service, []
    try:
        address = await service.log_in()
        findings.append(Finding("account", f"{service.account}, logged in at {address}"))
        public_key = await _public_key(engine)
        findings += [Finding("service", service.endpoints.base_url), public_key]
        findings += [_clock(engine), await _ledger(engine), *_unwritable(engine)]
        planned, observed = await engine.plan(Requests())
        findings += _unknown_keys(engine, observed)
        # What secrets could not be read stands in lines of its own already.
        found = (each for each in planned.findings if each.code != "secret-absent")
        findings += listed("plan", (*engine.findings, *found))
    except EocanvasApplyError as fault:
        findings += faults(next(name for kind, name in _SUBJECTS.items() if isinstance(fault, kind)), fault)
    return findings


def faults(subject: str, fault: EocanvasApplyError) -> list[Finding]:
    """Return the findings of an exception."""
    return listed(subject, fault.diagnostics)


def listed(subject: str, diagnostics: Iterable[Diagnostic]) -> list[Finding]:
    """Return a finding for each diagnostic, under its address where it has one."""
    return [Finding(each.address or subject, each.message, each) for each in diagnostics]


async def _public_key(engine: Engine) -> Finding:
    key = await engine.observer.vault.public_key(engine.service.public_key)
    return Finding("public key", f"RSA-{key.bits}: seals {key.limit} bytes; sha256:{key.digest}")


def _clock(engine: Engine) -> Finding:
    skew = engine.service.time.skew
    if skew is None:
        return Finding("clock", "the service sends no date")
    seconds = skew.total_seconds()
    found = f"the service is {abs(seconds):.0f} s {'ahead' if seconds >= 0 else 'behind'}"
    late = abs(seconds) > _SKEW_S
    return Finding("clock", found, warning("clock-skew", found, "set this machine's clock") if late else None)


async def _ledger(engine: Engine) -> Finding:
    recorded = await engine.recorded()
    opened = "not created yet" if recorded.opened is None else f"{recorded.head} entries"
    return Finding("ledger", f"{engine.journal.url}: {opened}")


def _unwritable(engine: Engine) -> Iterator[Finding]:
    """Yield where an apply could not write the ledger, or results: jobs would run, and their files not arrive."""
    file = engine.ledger_file
    if file and (place := _read_only(file if file.exists() else file.parent)):
        yield _not_writable("ledger", "ledger-unwritable", place)
    folders = (job.index_folder or job.folder for job in engine.desired.jobs.values())
    places = (_read_only(engine.observer.folder / folder) for folder in dict.fromkeys(folders) if folder is not None)
    yield from (_not_writable("results", "result-unwritable", place) for place in dict.fromkeys(places) if place)


def _read_only(path: Path) -> Path | None:
    """Return what of a path exists, where it cannot be written."""
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    return None if os.access(nearest, os.W_OK) else nearest


def _not_writable(what: str, code: str, place: Path) -> Finding:
    message = f"{place.absolute()} cannot be written, where an apply writes the {what}"
    return Finding(what, message, error(code, message, "check its permissions, and whether the disk is read-only"))


def _unknown_keys(engine: Engine, observed: Observed) -> Iterator[Finding]:
    """Yield the keys of this account that are tagged as this project's, and that the ledger does not know."""
    recorded = engine.journal.recorded
    known = {g.name for record in recorded.keys.values() for g in record.generations.values()}
    owners = Owners.of(observed, recorded)
    hint = "it was created with another ledger of this project, or with a lost one; delete it when nothing uses it"
    for name, key in observed.keys.items():
        if name not in known and is_tagged(key.description, engine.desired.project) and not owners.exclude(key):
            what = f"{name} has the description of a key of this project"
            yield Finding("key", name, error("key-unknown-to-ledger", what, hint))
