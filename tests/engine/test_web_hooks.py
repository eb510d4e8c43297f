"""Calling web hooks, against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.engine.web_hooks import WebHooks
from eocanvas_apply.manifest.loading import load
from eocanvas_apply.manifest.model.notify import RUN_FIELDS
from eocanvas_apply.report.run_message import message_of_fault
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.secrets.secret_sources import SecretSources
from eocanvas_apply.service.clock import SystemClock
from tests.web_hook_server import WebHookServer, web_hook

PATH = "/services/canary-of-the-address"


class Clock(SystemClock):
    """It waits for nothing."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture(name="server")
def _server() -> Iterator[WebHookServer]:
    with web_hook() as server:
        yield server


def _called(hooks: str, address: str | None, fault: str = "no", **variables: str) -> tuple[Diagnostic, ...]:
    loaded = load(f"version: 1\nproject: coast\nvars: {{who: ''}}\nnotify: {hooks}\n", "eocanvas.yaml", variables)
    assert loaded.diagnostics == ()
    assert loaded.manifest
    sources = SecretSources({"HOOK_URL": address} if address else {}, Path())
    called = WebHooks(loaded.manifest.notify, sources, None, Scrubber(), Clock(), loaded.place)
    message = message_of_fault([error("unreachable", fault)], "coast", "default")
    return asyncio.run(called.call(message, {"exit": 1, "meaning": "an error"}))


def test_a_body_of_its_own_names_everything_that_is_known(server: WebHookServer) -> None:
    assert _called("[{url: {env: HOOK_URL}}]", server.url + PATH) == ()
    assert [set(body) for body in server.bodies] == [set(RUN_FIELDS)]


def test_a_value_keeps_its_type_and_cannot_break_the_body(server: WebHookServer) -> None:
    body = '{by: "by ${var.who}", "${run.text}": "$${run.text}", text: "${run.text}", '
    body += 'ends: "<${run.ends}>", n: "${run.exit}"}'
    odd = 'a "} \\ ${run.text} \n ${var.who}'
    assert _called(f"[{{url: {{env: HOOK_URL}}, body: {body}}}]", server.url, odd, who=odd) == ()
    (sent,) = server.bodies
    assert sent == {
        "by": f"by {odd}",
        # A message is one line, whatever it quotes.
        "text": "coast (default): nothing done\nrun: " + odd.replace("\n", "\\n"),
        "${run.text}": "${run.text}",
        "ends": "<>",
        "n": 1,
    }


def test_only_the_hooks_of_an_event_are_called(server: WebHookServer) -> None:
    assert (
        _called("[{url: {env: HOOK_URL}, on: [failed]}, {url: {env: HOOK_URL}, on: [drift, error]}]", server.url) == ()
    )
    assert [body["events"] for body in server.bodies] == [["error"]]


@pytest.mark.parametrize(
    ("statuses", "calls", "why"),
    [
        ([503], 2, ""),
        ([429, 204], 2, ""),
        ([500, 500], 2, "it answered 500"),
        ([404], 1, "it answered 404"),
        ([302], 1, "it answered 302; redirects are not followed"),
    ],
)
def test_a_call_is_tried_twice_at_most_and_never_redirected(
    server: WebHookServer, statuses: list[int], calls: int, why: str
) -> None:
    server.statuses = statuses
    found = _called("[{url: {env: HOOK_URL}}]", server.url + PATH)
    assert [path for path, _, _ in server.calls] == [PATH] * calls
    assert [each.message for each in found] == [f"notify[0] was not called: {why}"] * bool(why)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (None, "the environment variable HOOK_URL is not set"),
        ("http://127.0.0.1:9/canary", "could not be reached: connection refused"),
        ("http://hooks.example.org/canary", "the secret must begin with https://"),
        ("https://canary:word@hooks.example.org/", "the secret must not hold a user or password"),
        ("canary", "the secret is not an address that begins with https://"),
    ],
)
def test_an_address_that_cannot_be_called_is_a_warning_without_it(address: str | None, why: str) -> None:
    (found,) = _called("[{url: {env: HOOK_URL}}]", address)
    assert (found.code, found.severity.value, found.position and found.position.line) == ("notify-failed", "warning", 4)
    assert why in found.message
    assert "canary" not in f"{found} {found.snippet}"


def test_what_a_service_says_is_sent_without_secrets(server: WebHookServer) -> None:
    assert _called("[{url: {env: HOOK_URL}}]", server.url + PATH, f"no {server.url}{PATH} Bearer abcdef") == ()
    assert PATH not in str(server.bodies)
    assert "abcdef" not in str(server.bodies)
