from __future__ import annotations

import pytest

from eocanvas_apply.ledger.binding import Binding, mismatches

HERE = Binding("demo", "https://s.example", "jane")


def test_a_ledger_of_this_project_has_no_mismatch() -> None:
    assert mismatches(HERE.event(lambda: "aa"), HERE, "l.jsonl") == []


def test_on_this_machine_the_port_does_not_count_and_is_shown() -> None:
    opened = Binding("demo", "http://127.0.0.1:4711/serverless", "jane").event(lambda: "aa")
    assert mismatches(opened, Binding("demo", "http://127.0.0.1:4712/serverless", "jane"), "l.jsonl") == []
    (found,) = mismatches(opened, HERE, "l.jsonl")
    assert "the service 'http://127.0.0.1:4711/serverless', not to 'https://s.example'" in found.message


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Binding("other", "https://s.example", "jane"), "the project 'demo', not to 'other'"),
        (Binding("demo", "https://t.example", "jane"), "the service 'https://s.example', not to 'https://t.example'"),
        (Binding("demo", "https://s.example", "joe"), "the account 'jane', not to 'joe'"),
        (Binding("demo", "https://s.example", "jane", "test"), "the environment 'default', not to 'test'"),
    ],
)
def test_each_mismatch_is_one_message(other: Binding, words: str) -> None:
    (found,) = mismatches(HERE.event(lambda: "aa"), other, "l.jsonl")
    assert (found.code, found.message) == ("ledger-bound", f"the ledger l.jsonl belongs to {words}")
    assert "--ledger" in found.hint


def test_all_faults_are_reported_at_once() -> None:
    assert len(mismatches(HERE.event(lambda: "aa"), Binding("a", "b", "c"), "l.jsonl")) == 3


def test_the_first_event_holds_project_service_account_and_a_salt() -> None:
    tokens = iter(["1d", "5a17"])
    event = HERE.event(lambda: next(tokens))
    assert (event.project, event.service, event.account) == ("demo", "https://s.example", "jane")
    assert (event.ledger_id, event.salt) == ("1d", "5a17")
