"""Notifying of a run: what it has to say goes to the web hooks of the manifest, with the exit code it ends with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from eocanvas_apply.api.exit_codes import MEANINGS, Exit, of_endings
from eocanvas_apply.applying.stopping import Stop
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.engine.definition import Definition
from eocanvas_apply.engine.opening import Settings, secret_sources
from eocanvas_apply.errors import CredentialsError, LedgerError, ServiceError
from eocanvas_apply.report.progress import ApplyResult
from eocanvas_apply.report.run_message import RunMessage, message_of, message_of_fault
from eocanvas_apply.vocabulary import NO_ENVIRONMENT


class Notifying(Struct, frozen=True):
    """The web hooks of a project, for the end of one run; a `stopping` run does not wait, a `silent` one calls none."""

    project: Definition
    settings: Settings
    stopping: asyncio.Event
    silent: bool = False

    async def of(self, run: Awaitable[ApplyResult]) -> tuple[ApplyResult, tuple[Diagnostic, ...]]:
        """Wait for a run; return its result, and a warning for each web hook that did not take the call.

        What the run raises is raised, an error with these warnings behind its own diagnostics.
        """
        try:
            result = await run
        except (ServiceError, CredentialsError, LedgerError) as fault:
            said = fault.diagnostics
            fault.diagnostics += await self._sent(lambda: message_of_fault(said, *self._names), Exit.ERROR)
            raise
        return result, await self._sent(lambda: message_of(result, *self._names), of_endings(result.endings))

    @property
    def _names(self) -> tuple[str, str]:
        return self.project.manifest.project, self.project.environment or NO_ENVIRONMENT

    async def _sent(self, build: Callable[[], RunMessage], code: Exit) -> tuple[Diagnostic, ...]:
        # Most manifests have no web hooks.
        if self.silent or not self.project.manifest.notify or not (message := build()).events:
            return ()
        from eocanvas_apply.engine.web_hooks import WebHooks

        project, settings = self.project, self.settings
        hooks = WebHooks(
            project.manifest.notify,
            secret_sources(project, settings.environ, allow_commands=settings.allow_commands),
            project.policy,
            settings.scrubber,
            settings.clock,
            project.loaded.place,
        )
        values = {"exit": int(code), "meaning": MEANINGS[code]}
        return await Stop(self.stopping).unless(hooks.call(message, values)) or ()
