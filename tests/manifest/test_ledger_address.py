"""The address of a ledger that a manifest names: a shared place, without a password."""

from __future__ import annotations

import pytest

from eocanvas_apply.manifest.loading import load

CANARY = "canary-password"
TEXT = "version: 1\nproject: coast\nledger: {{url: {url!r}}}\n"


@pytest.mark.parametrize(
    "url",
    ["s3://ledgers/coast", "postgresql://db.example.org/coast?sslmode=verify-full", "postgres://jane@db.example.org/x"],
)
def test_a_shared_place_is_the_ledger_of_the_manifest(url: str) -> None:
    loaded = load(TEXT.format(url=url), "m.yaml")
    assert loaded.require().ledger is not None
    assert [found.code for found in loaded.diagnostics if found.position and found.position.line == 3] == []


def test_the_ledgers_of_other_environments_are_looked_at_too_and_each_once() -> None:
    text = (
        "version: 1\nproject: coast\nenvironments:\n"
        f"  test: {{ledger: {{url: 'postgresql://jane:{CANARY}@db/x'}}}}\n  live: {{ledger: {{url: live.jsonl}}}}\n"
    )
    for environment in (None, "test", "live"):
        found = load(text, "m.yaml", environment=environment).diagnostics
        assert sorted((each.code, each.position and each.position.line) for each in found) == [
            ("bad-value", 5),
            ("literal-secret", 4),
        ]
        assert CANARY not in f"{found} {[each.snippet for each in found]}"


@pytest.mark.parametrize("url", ["ledger.jsonl", "/tmp/x.jsonl", "../x", "file:x", "https://s3.example.org/x", "S3"])
def test_a_file_or_another_address_is_an_error_at_its_place(url: str) -> None:
    [found] = [each for each in load(TEXT.format(url=url), "m.yaml").diagnostics if each.code == "bad-value"]
    assert found.position
    assert (found.position.line, found.position.column) == (3, 15)
    assert "--ledger" in found.hint


@pytest.mark.parametrize(
    "url",
    [
        f"s3://key:{CANARY}@ledgers/coast",
        f"postgresql://jane:{CANARY}@db.example.org/x",
        f"postgresql://db.example.org/x?password={CANARY}",
        f"postgresql://db.example.org/x?sslmode=require&sslpassword={CANARY}",
    ],
)
def test_a_password_in_it_is_an_error_that_does_not_show_it(url: str) -> None:
    found = load(TEXT.format(url=url), "m.yaml").diagnostics
    assert [each.code for each in found] == ["literal-secret"]
    assert CANARY not in f"{found[0]} {found[0].snippet}"
