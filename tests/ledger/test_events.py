from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.recorded import _FOLDERS, Recorded
from tests.ledger.entries import SAMPLES, T0, entries, note

UNION = get_args(get_args(e.AnyEvent)[0])


def _concrete(kind: type[e.Event]) -> list[type[e.Event]]:
    below = [leaf for child in kind.__subclasses__() for leaf in _concrete(child)]
    return below or [kind]


def test_every_type_is_in_the_union_has_a_folder_and_a_sample() -> None:
    types = {kind.model_fields["type"].default: kind for kind in _concrete(e.Event)}
    assert set(UNION) == set(types.values())
    assert _FOLDERS.keys() == types.keys()
    assert {sample.type for sample in SAMPLES} == types.keys()


def _strategy(kind: type[BaseModel]) -> st.SearchStrategy[Any]:
    fields = {name: _values(field.annotation) for name, field in kind.model_fields.items() if name != "type"}
    if "generation" in fields:
        fields["generation"] = st.integers(1, 99)
    return st.builds(kind, **fields)


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _strategy(annotation)
    if annotation in (dict[str, Any],):
        return st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text()))
    if get_args(annotation) and BaseModel in getattr(get_args(annotation)[0], "__mro__", ()):
        return st.lists(_strategy(get_args(annotation)[0]), max_size=3).map(tuple)
    if annotation == tuple[e.ListedResult, ...] | None:
        return st.none() | st.lists(_strategy(e.ListedResult), max_size=3).map(tuple)
    if "datetime" in repr(annotation):
        moments = st.timedeltas(timedelta(), timedelta(days=9999)).map(lambda past: T0 + past)
        return moments if annotation is datetime else st.none() | moments
    return st.from_type(annotation)


@pytest.mark.parametrize("kind", UNION, ids=lambda kind: kind.model_fields["type"].default)
def test_json_and_back_is_the_same_entry(kind: type[e.Event]) -> None:
    @given(_strategy(kind), st.text(), st.integers(1, 9))
    def check(event: e.AnyEvent, writer: str, of: int) -> None:
        entry = e.Entry(seq=3, time=datetime(2026, 1, 5, tzinfo=UTC), writer=writer, batch="b", of=of, event=event)
        line = json.dumps(entry.to_json(), ensure_ascii=False)
        assert "\n" not in line
        assert e.Entry.from_json(json.loads(line)) == entry

    check()


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_each_can_be_folded(event: e.AnyEvent) -> None:
    recorded = Recorded()
    recorded.add(entries([event]))
    assert recorded.head == 1


def test_times_are_kept_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    event = e.QuotaClosed(until=datetime(2026, 7, 1, 12, tzinfo=berlin))
    assert event.model_dump(mode="json")["until"] == "2026-07-01T10:00:00Z"


def test_a_fault_does_not_repeat_the_value() -> None:
    with pytest.raises(ValidationError) as told:
        e.JobObserved(address="job.a", job_id="j", status=["canary"])  # type: ignore[arg-type]
    assert "canary" not in str(told.value)


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        note(1).status = "failed"
