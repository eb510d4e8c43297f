"""Opening an engine: a project, a service, a ledger and the secrets, wired for one run."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from eocanvas_apply.applying.notices import outage_reporter
from eocanvas_apply.checks.checking import adjusted
from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.definition import Rows, find_rows, given_rows
from eocanvas_apply.engine.personal_settings import read_personal_settings, settings_file
from eocanvas_apply.errors import ManifestError, UsageError
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.ledger.opened_ledger import local_ledger_of, open_ledger
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.manifest.model.times import parse_duration
from eocanvas_apply.planning.desired.derivation import desired_keys
from eocanvas_apply.secrets.scrubbing import SCRUBBER, Scrubber
from eocanvas_apply.secrets.secret import Secret, is_text, stray_characters
from eocanvas_apply.secrets.secret_sources import SecretSources
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.service.clock import SystemClock
from eocanvas_apply.service.credentials import find_credentials
from eocanvas_apply.service.urls import DEFAULT_URL, Endpoints
from eocanvas_apply.web_addresses import is_loopback

if TYPE_CHECKING:
    import httpx

    from eocanvas_apply.campaign.readers.hda import Catalogue
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.engine.definition import Campaigns, Definition
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.engine.surveyor import Review
    from eocanvas_apply.ledger.opened_ledger import OpenedLedger
    from eocanvas_apply.report.progress import Progress
    from eocanvas_apply.service.clock import Clock
    from eocanvas_apply.service.credentials import Credentials
    from eocanvas_apply.service.eocanvas import EOCanvas


PEPPER = "EOCANVAS_APPLY_PEPPER"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is not in the manifest: the service, the account, the ledger, the clock and the random names.

    `timing` overrides fields of the manifest's `timing`; `environ` is where secrets named by `{env}` come from, and
    `scrubber` learns every secret as soon as it is known, and `report` hears of a service that does not answer. With
    `accepts_licences` a search that is refused without them accepts those that the manifest names; with
    `allow_commands` the commands of secret references run, else only where the person's settings file allows them.
    `required_sealing_key` is the SHA-256 in hex that the service's public key must have, and `pepper` a secret that the
    fingerprints in the ledger are made with.
    """

    endpoints: Endpoints
    credentials: Credentials
    environ: Mapping[str, str] = field(repr=False)
    ledger_url: str | None = None
    timing: Mapping[str, timedelta] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    token: Callable[[], str] = lambda: secrets.token_hex(16)
    transport: httpx.AsyncBaseTransport | None = None
    accepts_licences: bool = False
    allow_commands: bool = False
    required_sealing_key: str | None = None
    pepper: Secret | None = None
    scrubber: Scrubber = field(default_factory=Scrubber)
    report: Callable[[Progress], None] = lambda progress: None  # noqa: ARG005


def find_settings(
    environ: Mapping[str, str],
    ledger: str | None = None,
    *,
    accepts_licences: bool = False,
    allow_commands: bool = False,
    required_sealing_key: str | None = None,
) -> Settings:
    """Return what an engine is opened with; `ledger` wins over EOCANVAS_APPLY_LEDGER.

    Raises UsageError for a variable that cannot be read and CredentialsError where no credentials are found.
    """
    base, token = environ.get("EOCANVAS_URL") or DEFAULT_URL, environ.get("EOCANVAS_TOKEN_URL") or None
    return Settings(
        Endpoints(base, token, environ.get("HDA_URL", "")),
        find_credentials(environ, _home()),
        environ,
        ledger or ledger_setting(environ),
        timing_overrides(environ),
        accepts_licences=accepts_licences,
        allow_commands=allow_commands,
        required_sealing_key=required_sealing_key,
        pepper=_pepper(environ),
        scrubber=SCRUBBER,
    )


def _pepper(environ: Mapping[str, str]) -> Secret | None:
    """Return the pepper; raises UsageError for one that would not be the same everywhere, such as with a line end."""
    text = environ.get(PEPPER)
    if not text:
        return None
    fault = stray_characters(text) if is_text(text) else "is not UTF-8 text"
    if fault:
        raise UsageError(error("bad-setting", f"{PEPPER} {fault}", "keys could not be compared elsewhere; remove it"))
    return Secret(text)


def ledger_setting(environ: Mapping[str, str]) -> str | None:
    """Return where EOCANVAS_APPLY_LEDGER says that the ledger is, None where it says nothing."""
    return environ.get("EOCANVAS_APPLY_LEDGER") or None


def timing_overrides(environ: Mapping[str, str]) -> Mapping[str, timedelta]:
    """Return the fields of `timing` that variables set; raises UsageError for one that cannot be read."""
    variables = {name: f"EOCANVAS_APPLY_{name.upper()}" for name in Timing.model_fields}
    return {name: duration(var, environ[var]) for name, var in variables.items() if environ.get(var)}


def _home() -> Path | None:
    """Return the user's home, None where there is none, as in a container with a user id of its own."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def duration(name: str, text: str, code: str = "bad-setting") -> timedelta:
    """Return a length of time such as `1h30m`; raises UsageError that begins with the name of what it is for."""
    try:
        return parse_duration(text)
    except ValueError as fault:
        raise UsageError(error(code, f"{name}: {fault}")) from None


@asynccontextmanager
async def open_engine(
    project: Definition, settings: Settings, rows: Rows = Rows.ASKED, read: Vault | None = None
) -> AsyncIterator[Engine]:
    """Open an engine and close its connections behind it; `read` are the secrets where they were read already.

    Raises ManifestError and UsageError, and where rows are asked for also ServiceError and CredentialsError.
    """
    # What asks the service takes a tenth of a second to import; `plan --offline` and `report --offline` do without it.
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.observing.observer import Observer

    ledger = open_ledger(settings.ledger_url or project.ledger_url, project.boundary, project.environment)
    async with open_service(project, settings) as service:
        refused = project.policy is not None and bool(given_rows(project, settings.clock.now()).refusals)
        if refused:
            # What the policy refuses gets no secret, and no request in its name.
            rows = Rows.GIVEN
        vault = Vault(desired_keys(project.manifest), {}) if refused else await _open_vault(project, settings, read)
        settings.scrubber.learn(vault.all_secrets)
        campaigns = await _rows(project, settings, rows, service, vault)
        yield Engine(
            desired=campaigns.desired(settings.timing),
            service=service,
            journal=_journal(ledger, settings),
            observer=Observer(service, vault, project.boundary, reads_processes=True),
            clock=settings.clock,
            token=settings.token,
            ledger_is_lost_after_run=ledger.file is not None and _lost_after_run(settings),
            findings=(*campaigns.diagnostics, *adjusted(vault.warnings, project.manifest)),
            searches=campaigns.expansion.searches,
            required_sealing_key=settings.required_sealing_key,
            review=review_of(project),
            policy=project.policy,
            policy_refusals=campaigns.refusals,
            parts=campaigns.parts,
            runs=ledger.runs,
            ledger_file=ledger.file,
            ledger_beside=_beside(project, ledger),
        )


def _beside(project: Definition, ledger: OpenedLedger) -> Path | None:
    """Return the local ledger of this project where another one is used."""
    found = local_ledger_of(project.manifest.project, project.boundary, project.environment)
    is_used = found and ledger.file and ledger.file.absolute() == found.absolute()
    return None if is_used else found


def review_of(project: Definition) -> Review:
    """Return what gives a plan's diagnostics the severities that the manifest sets, and their lines as far as known."""

    def placed(found: Diagnostic) -> Diagnostic:
        kind, _, rest = (found.address or "").partition(".")
        name = rest.partition("#")[0]
        if found.position is None and kind == "key" and name in project.manifest.keys:
            return project.loaded.place(found, ("keys", name), at_name=True)
        if found.position is None and found.path[:1] == ("moved",):
            return project.loaded.place(found, found.path)
        if found.position is None and found.path and name in project.manifest.jobs:
            return project.loaded.place(found, ("jobs", name, *found.path))
        return found

    return lambda diagnostics: tuple(map(placed, adjusted(diagnostics, project.manifest)))


async def _open_vault(project: Definition, settings: Settings, read: Vault | None) -> Vault:
    """Open it in a thread: commands and keyrings may take seconds, in which a signal is heard and ends them."""
    if read is not None:
        return Vault(read.keys, read.secrets, read.diagnostics, settings.pepper)
    sources = secret_sources(project, settings.environ, allow_commands=settings.allow_commands)
    try:
        return await asyncio.to_thread(open_vault, project, sources, settings.pepper)
    except asyncio.CancelledError:
        sources.stop()
        raise


def secret_sources(project: Definition, environ: Mapping[str, str], *, allow_commands: bool) -> SecretSources:
    """Return where the secrets of a project come from; raises UsageError for a settings file that cannot be read."""
    file = settings_file()
    own = read_personal_settings(file)
    allowed = allow_commands or all(map(own.allows_commands, project.files.folders))
    to_allow = "--allow-commands runs it"
    if file is not None:
        to_allow += f"; `allow_commands = true` in {file} runs those of every project of yours"
    return SecretSources(environ, project.folder, allowed, to_allow, project.boundary.allowed)


def open_vault(project: Definition, sources: SecretSources, pepper: Secret | None = None) -> Vault:
    """Resolve the secrets of a project's keys; what is wrong with them is in the vault's diagnostics, at its line."""

    def place(found: Diagnostic, address: str, field: str) -> Diagnostic:
        return project.loaded.place(found, ("keys", Address.parse(address).name, field))

    return Vault.opened(desired_keys(project.manifest), sources, place, pepper)


async def _rows(project: Definition, settings: Settings, rows: Rows, service: EOCanvas, vault: Vault) -> Campaigns:
    """Return the rows of campaigns; where there are none, nothing is imported that could ask for them."""
    if not project.has_campaigns:
        return await find_rows(project, rows, settings.clock.now())
    from eocanvas_apply.campaign.readers.s3 import Storages

    search = _catalogue(project, settings, service).search
    storages = Storages(project.manifest.keys, vault, project.timing(settings.timing).request_timeout)
    return await find_rows(project, rows, settings.clock.now(), search, storages.list)


def _catalogue(project: Definition, settings: Settings, service: EOCanvas) -> Catalogue:
    from eocanvas_apply.applying.licences import acceptance
    from eocanvas_apply.campaign.readers.hda import Catalogue

    named = {term for job in project.manifest.jobs.values() for term in job.accept_terms}
    return Catalogue(service.hda, named, acceptance(service) if settings.accepts_licences else None)


def open_service(project: Definition, settings: Settings) -> EOCanvas:
    """Return the service as this run reaches it; nothing is sent yet. Raises ManifestError for another account."""
    from eocanvas_apply.service.eocanvas import EOCanvas

    _guard_account(project, settings)
    service = EOCanvas(
        settings.endpoints,
        settings.credentials,
        settings.clock,
        request_timeout=project.timing(settings.timing).request_timeout.total_seconds(),
        transport=settings.transport,
        scrubber=settings.scrubber,
    )
    service.outages.listener = outage_reporter(settings.report)
    return service


def _journal(ledger: OpenedLedger, settings: Settings) -> Journal:
    """Return this run's view of the project's ledger; nothing is read or written yet."""
    writer = f"{socket.gethostname()}-{os.getpid()}-{settings.token()[:6]}"
    return Journal(ledger.backend, writer, settings.clock.now, settings.token, ledger.snapshots)


def _guard_account(project: Definition, settings: Settings) -> None:
    wanted, given = project.manifest.account, settings.credentials.username
    if wanted in (None, given):
        return
    found = error(
        "wrong-account",
        f"this manifest is for the account {wanted!r}, the credentials ({settings.credentials.origin}) are {given!r}",
        "log in as that account, or change account: in the manifest",
    )
    raise ManifestError(project.loaded.place(found, ("account",)))


def _lost_after_run(settings: Settings) -> bool:
    on_ci = bool(settings.environ.get("CI"))
    return on_ci and not is_loopback(urlsplit(settings.endpoints.base_url).hostname or "")
