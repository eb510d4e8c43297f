from __future__ import annotations

import pytest

from eocanvas_apply.ledger.binding import Binding, mismatches

HERE = Binding("demo", "https://s.example", "jane")


def test_a_ledger_that_belongs_here_has_no_mismatch() -> None:
    assert mismatches(HERE.event(lambda: "aa"), HERE, "l.jsonl") == []


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Binding("other", "https://s.example", "jane"), "the project 'demo', not to 'other'"),
        (Binding("demo", "https://t.example", "jane"), "the service 'https://s.example', not to 'https://t.example'"),
        (Binding("demo", "https://s.example", "joe"), "the account 'jane', not to 'joe'"),
    ],
)
def test_each_thing_it_does_not_belong_to_is_one_message(other: Binding, words: str) -> None:
    (found,) = mismatches(HERE.event(lambda: "aa"), other, "l.jsonl")
    assert (found.code, found.message) == ("ledger-bound", f"the ledger l.jsonl belongs to {words}")
    assert "--ledger" in found.hint


def test_all_of_them_are_told_at_once() -> None:
    assert len(mismatches(HERE.event(lambda: "aa"), Binding("a", "b", "c"), "l.jsonl")) == 3


def test_the_opening_holds_what_it_binds_to_and_a_salt_of_its_own() -> None:
    tokens = iter(["1d", "5a17"])
    event = HERE.event(lambda: next(tokens))
    assert (event.project, event.service, event.account) == ("demo", "https://s.example", "jane")
    assert (event.ledger_id, event.salt) == ("1d", "5a17")
