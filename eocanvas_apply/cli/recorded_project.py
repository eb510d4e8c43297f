"""What manifest and ledger say of a project, for commands that do not ask the service."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from eocanvas_apply.cli.named_project import allowed_paths, ledger_url, manifest_files, opened_project
from eocanvas_apply.diagnostics import Diagnostic, Severity, has_errors, warning
from eocanvas_apply.errors import EocanvasApplyError, LedgerError, ManifestError, UsageError

if TYPE_CHECKING:
    from eocanvas_apply.boundary import Boundary
    from eocanvas_apply.engine.definition import Campaigns, Definition
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.ledger.opened_ledger import OpenedLedger
    from eocanvas_apply.manifest.loading import LoadedManifest
    from eocanvas_apply.manifest_sources import Layers
    from eocanvas_apply.planning.log_rules import ChecksOfJobs
    from eocanvas_apply.report.job_rows import GivenJob


class RecordedProject:
    """The project that the arguments of a command name, which may have no manifest any more, or a broken one.

    The manifest is read once, when something is asked that it may say. `definition` is that of a project that is open
    already; `rows` tells that the rows of campaigns are going to be asked for.
    """

    def __init__(self, args: Namespace, definition: Definition | None = None, *, rows: bool = False) -> None:
        self._args, self._rows = args, rows
        self._files, self._open = manifest_files(args), definition

    @cached_property
    def _layers(self) -> Layers | None:
        """The texts of the manifest, None where there is none."""
        return self._files.read(allowed_paths(self._args)) if self._files.exist else None

    @cached_property
    def _definition(self) -> Definition | None:
        """The manifest with the files that it names, None where something is wrong with them."""
        with suppress(EocanvasApplyError):
            return self._open or opened_project(self._args, layers=self._layers)
        return None

    @cached_property
    def _loaded(self) -> LoadedManifest | None:
        from eocanvas_apply.manifest.loading import load_layers

        if (self._open or self._rows) and self._definition:
            return self._definition.loaded
        return None if self._layers is None else load_layers(self._layers, environment=self._args.env)

    def _saying(self, word: str) -> LoadedManifest | None:
        """Return the manifest where it may say something of a field. Raises ManifestError where it cannot be read."""
        # Most manifests do not, and to check a large one takes a while.
        sources = (source for sources in self._layers or () for source in sources) if self._open is None else ()
        return self._loaded if self._open or any(word.encode() in source.content for source in sources) else None

    def ledger(self) -> OpenedLedger:
        """Return the ledger that is named, here or in the manifest, or the file beside the manifest.

        Raises UsageError, and ManifestError where the manifest names one that cannot be.
        """
        from eocanvas_apply.ledger.opened_ledger import open_ledger

        url = ledger_url(self._args) or self._ledger_of_manifest()
        return open_ledger(url, self.boundary, self._args.env)

    def _ledger_of_manifest(self) -> str | None:
        """Return what `ledger.url` says; one that cannot be read must not lead to the file beside it instead."""
        from eocanvas_apply.manifest.validation.ledger_address import ledger_faults

        if (loaded := self._saying("ledger")) is None:
            return None
        data = loaded.text.data
        if isinstance(data, dict) and "ledger" not in data:
            return None
        if loaded.manifest is None or loaded.manifest.ledger is None or any(ledger_faults(data, self._args.env)):
            raise ManifestError(*(each for each in loaded.diagnostics if each.severity is Severity.ERROR))
        return loaded.manifest.ledger.url

    def checks(self) -> tuple[ChecksOfJobs, tuple[Diagnostic, ...]]:
        """Return the checks of remarks, and a warning where some may be missing; without a manifest there are none."""
        from eocanvas_apply.checks.checking import adjusted
        from eocanvas_apply.planning.desired.derivation import checks_of_jobs

        if not self._files.exist:
            return {}, ()
        loaded = self._readable()
        if loaded is None or loaded.manifest is None:
            return {}, (self._checks_not_read(),)
        broken = has_errors(adjusted(loaded.diagnostics, loaded.manifest))
        return checks_of_jobs(loaded.manifest), (self._checks_not_read(),) if broken else ()

    def rows_not_described(self) -> tuple[Diagnostic, ...]:
        """Return a warning where the manifest is missing or broken, and so nothing is known of rows."""
        if self.campaigns is not None:
            return ()
        why, hint = "has errors", "correct what `eocanvas-apply validate` shows, and repeat the command"
        if not self._files.exist:
            why, hint = "is not there", "name the manifest with -f"
        message = f"{self._files} {why}: fields, places and times of rows, and its version, are left out"
        return (warning("rows-not-described", message, hint),)

    def require_own(self, recorded: Recorded) -> None:
        """Raise LedgerError for the ledger of another project, whose jobs are not those of the manifest here."""
        from eocanvas_apply.ledger.binding import Binding, mismatches

        project, opened = self._definition, recorded.opened
        if project and opened:
            here = Binding(project.manifest.project, opened.service, opened.account, project.environment)
            if faults := mismatches(opened, here, self.ledger().backend.url):
                raise LedgerError(*faults)

    def _readable(self) -> LoadedManifest | None:
        with suppress(ManifestError):
            return self._loaded
        return None

    def _checks_not_read(self) -> Diagnostic:
        message = f"{self._files} has errors: jobs that its `checks:` make a failure may count as done here"
        return warning("checks-not-read", message, "correct what `eocanvas-apply validate` shows")

    async def recorded(self) -> Recorded:
        """Return the fold of the ledger, under the addresses that the manifest has moved it to.

        Raises UsageError where there is neither a ledger nor a manifest, and LedgerError.
        """
        from datetime import UTC, datetime
        from secrets import token_hex

        from eocanvas_apply.ledger.journal import Journal

        ledger = self.ledger()
        journal = Journal(ledger.backend, "reader", lambda: datetime.now(UTC), token_hex, ledger.snapshots)
        found = await journal.refresh()
        if not found.head:
            if not self._files.exist:
                raise UsageError(self._files.missing(" and no ledger"))
            self.require_environment()
        self._see_moves(found)
        return found

    def _see_moves(self, recorded: Recorded) -> None:
        from eocanvas_apply.ledger.fold.moves_ahead import MovesAhead
        from eocanvas_apply.planning.moves import see_lines

        with suppress(ManifestError):
            loaded = self._saying("moved")
            if loaded and loaded.manifest and not any(each.code == "bad-move" for each in loaded.diagnostics):
                lines = [(each.source, each.to) for each in loaded.manifest.moved]
                see_lines(lines, self._has_row, recorded, MovesAhead())

    def _has_row(self, address: str) -> bool:
        """Tell whether a campaign has this instance; a line whose key, job or campaign stays is an error."""
        return "[" in address and address in self.given

    @cached_property
    def campaigns(self) -> Campaigns | None:
        """The manifest with the rows that files and the lock give, None where it is missing or broken."""
        from datetime import UTC, datetime

        from eocanvas_apply.engine.definition import given_rows

        with suppress(EocanvasApplyError):
            return given_rows(self._definition, datetime.now(UTC)) if self._definition else None
        return None

    @property
    def boundary(self) -> Boundary:
        """What the manifest may name."""
        return self._files.boundary(allowed_paths(self._args))

    @cached_property
    def given(self) -> Mapping[str, GivenJob]:
        """What the manifest says of each job and instance, as far as files and the lock give rows."""
        # A manifest that is missing or broken takes nothing from what is on record.
        return dict(_given(self.campaigns)) if self.campaigns else {}

    def require_environment(self) -> None:
        """Raise ManifestError where the manifest has no environment of the name that is given: no ledger is of that."""
        loaded = self._loaded if self._args.env else None
        if loaded and (unknown := [each for each in loaded.diagnostics if each.code == "unknown-environment"]):
            raise ManifestError(*unknown)


def _given(campaigns: Campaigns) -> Iterator[tuple[str, GivenJob]]:
    from eocanvas_apply.manifest.address import Address
    from eocanvas_apply.report.job_rows import GivenJob

    instances = campaigns.expansion.instances
    for name, job in campaigns.project.manifest.jobs.items():
        if not job.steps:
            yield str(Address.job(name)), GivenJob(skip=job.skip_reason)
        for row in instances.get(name, ()):
            yield str(Address.job(name, row.id)), GivenJob(row.fields, job.skipped_ids.get(row.id))
