"""Calling the web hooks of `notify:` when a run has ended. What becomes of a call never changes how the run ended."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

from eocanvas_apply.connection_words import connection_words
from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.model.notify import Notify, address_fault
from eocanvas_apply.manifest.substitution import with_run
from eocanvas_apply.policy.patterns import matches_host, words
from eocanvas_apply.policy.policy_file import PolicyFile
from eocanvas_apply.report.run_message import RunMessage
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import SecretReference
from eocanvas_apply.secrets.secret_sources import Resolved, SecretSources
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.proxies import environment_proxies, mounts

log = logging.getLogger("eocanvas_apply.web_hooks")

_TIMEOUT_S = 10.0
_PAUSE_S = 2.0
_TRIES = 2
# What may be answered otherwise a moment later.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_HINT = "the run ended as it would have without it; nothing is sent again later"
_FAULTS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError, TimeoutError)


class _NotCalled(Exception):
    """Why a web hook was not called, or did not take the call; no secret is in its text."""


class WebHooks(Struct, frozen=True):
    """The web hooks of a manifest, and what calling them needs; `place` gives a diagnostic its line."""

    hooks: tuple[Notify, ...]
    sources: SecretSources
    policy: PolicyFile | None
    scrubber: Scrubber
    clock: Clock
    place: Callable[[Diagnostic, Path], Diagnostic]

    async def call(self, message: RunMessage, exit_code: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
        """Call those that want one of the events; return a warning for each that did not take it."""
        wanted = [(n, hook) for n, hook in enumerate(self.hooks) if {*hook.on} & {*message.events}]
        if not wanted:
            return ()
        references = {reference for _, hook in wanted for _, reference in hook.references}
        resolved = await asyncio.to_thread(self.sources.resolve_all, references)
        self._learn(each.secret for each in resolved.values())
        values = {**message.values, **exit_code}
        # What a log or a service says may hold a secret.
        values = json.loads(json.dumps(values), object_hook=self._scrubbed)
        calls = (self._called(n, hook, message, values, resolved) for n, hook in wanted)
        return tuple(each for found in await asyncio.gather(*calls) for each in found)

    def _learn(self, secrets: Iterable[Secret | None]) -> None:
        texts = [secret.reveal() for secret in secrets if secret]
        # Of an address a library may show the path alone.
        paths = [urlsplit(text)._replace(scheme="", netloc="").geturl() for text in texts if "://" in text]
        self.scrubber.learn(Secret(text) for text in (*texts, *paths))

    def _scrubbed(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self.scrubber.hide(each) if isinstance(each, str) else each for name, each in values.items()}

    async def _called(
        self,
        number: int,
        hook: Notify,
        message: RunMessage,
        values: Mapping[str, Any],
        resolved: Mapping[SecretReference, Resolved],
    ) -> list[Diagnostic]:
        # An address does look like no password.
        found = [
            each
            for (field, *_), used in hook.references
            for each in resolved[used].diagnostics
            if field != "url" or each.code != "secret-looks-wrong"
        ]
        events = tuple(each for each in message.events if each in hook.on)
        try:
            url, headers = self._address(hook, resolved), _headers(hook, resolved)
            await self._sent(url, headers, _body(hook, {**values, "event": events[0], "events": list(events)}))
        except _NotCalled as fault:
            what = f"notify[{number}] was not called: {fault}"
            return [self.place(warning("notify-failed", what, _HINT), ("notify", number, "url"))]
        except _FAULTS as fault:
            why = connection_words(fault) or ("no answer in time" if _is_late(fault) else type(fault).__name__)
            what = f"notify[{number}] could not be reached: {why}"
            return [self.place(warning("notify-failed", what, _HINT), ("notify", number, "url"))]
        log.info("notify[%d] called: %s", number, ", ".join(events))
        return [self.place(each, ("notify", number)) for each in found]

    def _address(self, hook: Notify, resolved: Mapping[SecretReference, Resolved]) -> str:
        if isinstance(hook.url, str):
            # The policy has judged it before anything was done.
            return hook.url
        url = _text(hook.url, resolved)
        if fault := address_fault(url):
            raise _NotCalled(f"the secret {fault}")
        allowed = self.policy.rules.hosts if self.policy else None
        if allowed is not None and not matches_host(url, allowed):
            raise _NotCalled(f"the policy does not allow its host, only {words(allowed)}")
        return url

    async def _sent(self, url: str, headers: Mapping[str, str], content: bytes) -> None:
        for left in reversed(range(_TRIES)):
            try:
                status = await _posted(url, headers, content)
            except (httpx.TransportError, TimeoutError):
                if not left:
                    raise
            else:
                if 200 <= status < 300:
                    return
                if not left or status not in _PASSING:
                    redirected = "; redirects are not followed" if 300 <= status < 400 else ""
                    raise _NotCalled(f"it answered {status}{redirected}")
            await self.clock.sleep(_PAUSE_S)


async def _posted(url: str, headers: Mapping[str, str], content: bytes) -> int:
    """Send one request and return the status; the answer's body is not read."""
    context, limits = httpx.create_ssl_context(), httpx.Limits(max_connections=1)
    routes = mounts(environment_proxies(), (url,), lambda: context, limits)
    own = {"User-Agent": "eocanvas-apply", "Content-Type": "application/json"}
    async with (
        asyncio.timeout(_TIMEOUT_S),
        httpx.AsyncClient(
            verify=context, mounts=routes, trust_env=False, timeout=_TIMEOUT_S, follow_redirects=False
        ) as client,
        client.stream("POST", url, headers={**headers, **own}, content=content) as response,
    ):
        return response.status_code


def _text(reference: SecretReference, resolved: Mapping[SecretReference, Resolved]) -> str:
    found = resolved[reference]
    if found.secret is None:
        raise _NotCalled("; ".join(each.message for each in found.diagnostics))
    return found.secret.reveal()


def _headers(hook: Notify, resolved: Mapping[SecretReference, Resolved]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else _text(value, resolved) for name, value in hook.headers.items()}


def _body(hook: Notify, values: Mapping[str, Any]) -> bytes:
    body = dict(values) if hook.body is None else with_run(hook.body, values)
    return json.dumps(body, ensure_ascii=True, allow_nan=False).encode()


def _is_late(fault: Exception) -> bool:
    return isinstance(fault, TimeoutError | httpx.TimeoutException)
