"""`notify:` as it is written."""

from __future__ import annotations

import pytest

from eocanvas_apply.manifest.loading import load

BASE = "version: 1\nproject: coast\nnotify:\n"
PLAIN = BASE + '  - {url: "https://hooks.example.org/coast", on: [failed], headers: {X-Team: coast}}\n'


def test_one_that_is_right_is_read() -> None:
    loaded = load(PLAIN, "eocanvas.yaml")
    assert loaded.diagnostics == ()
    assert loaded.manifest
    (hook,) = loaded.manifest.notify
    assert (hook.url, hook.on, hook.references) == ("https://hooks.example.org/coast", ("failed",), ())


@pytest.mark.parametrize(
    ("hook", "code"),
    [
        ('url: "http://hooks.example.org/"', "bad-value"),
        ('url: "ftp://hooks.example.org/"', "bad-value"),
        ('url: "https://jane:word@hooks.example.org/"', "literal-secret"),
        ('url: "https://hooks.slack.com/services/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"', "literal-secret"),
        ('url: "https://x.example.org/webhookb2/IncomingWebhook/0f1e2d3c4b5a69788796a5b4c3d2e1f0"', "literal-secret"),
        ('url: "https://x.example.org/a?sig=abc"', "literal-secret"),
        ("url: $SLACK_URL", "secret-reference"),
        ('url: "${var.hook}"', "secret-reference"),
        ("url: {nev: SLACK_URL}", "secret-reference"),
        ('url: "https://x.example.org/", on: [finnished]', "bad-value"),
        ('url: "https://x.example.org/", on: []', "bad-value"),
        ('url: "https://x.example.org/", headers: {Authorization: Bearer abc}', "literal-secret"),
        ('url: "https://x.example.org/", headers: {X-A: "a\\r\\nX-B: b"}', "bad-value"),
        ('url: "https://x.example.org/", headers: {"X A": b}', "bad-name"),
        ('url: "https://x.example.org/", headers: {Host: b}', "bad-value"),
        ('url: "https://x.example.org/", body: {a: "${run.sumary}"}', "unknown-reference"),
        ('url: "https://x.example.org/", body: {a: "${each.id}"}', "unknown-reference"),
        ('url: "https://x.example.org/", body: {a: "${var.none}"}', "unknown-variable"),
        ("on: [failed]", "missing-field"),
        ('url: "https://x.example.org/", headers: {X-A: 3}', "wrong-type"),
    ],
)
def test_a_fault_is_found_at_its_line(hook: str, code: str) -> None:
    found = load(f"{BASE}  - {{{hook}}}\n", "eocanvas.yaml").diagnostics
    assert [(each.code, each.position.line if each.position else None) for each in found] == [(code, 4)]
    assert "aB3dE6f" not in f"{found[0]} {found[0].snippet}"


def test_addresses_and_headers_are_hidden_in_excerpts() -> None:
    text = f'{BASE}  - url: "https://x.example.org/canary"\n    headers: {{X-A: canary, X-B: [canary]}}\n'
    (found,) = load(text, "eocanvas.yaml").diagnostics
    assert found.position
    assert "canary" not in str(found.snippet)


def test_a_run_is_no_word_elsewhere() -> None:
    text = PLAIN + 'jobs: {a: {process: p, inputs: {x: "${run.text}"}}}\n'
    assert [each.code for each in load(text, "eocanvas.yaml").diagnostics] == ["unknown-reference"]
