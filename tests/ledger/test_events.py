from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.event_values import ListedResult, Region, Value
from eocanvas_apply.ledger.fold.recorded import _FOLDER_OF, Recorded
from tests.ledger.entries import SAMPLES, T0, entries, note

UNION = get_args(e.AnyEvent)


def _concrete() -> list[type[e.Event]]:
    kinds = [kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.Event)]
    return [kind for kind in kinds if not kind.__subclasses__()]


def _type_of(kind: type[e.Event]) -> str:
    return str(kind.__struct_config__.tag)


def test_every_type_is_in_the_union_has_a_folder_and_a_sample() -> None:
    types = {_type_of(kind): kind for kind in _concrete()}
    assert set(UNION) == set(types.values())
    assert _FOLDER_OF.keys() == set(types.values())
    assert {sample.type for sample in SAMPLES} == types.keys()


def _strategy(kind: type[Value]) -> st.SearchStrategy[Any]:
    fields = {
        name: _values(kind_of) for name, kind_of in get_type_hints(kind).items() if name in kind.__struct_fields__
    }
    if "generation" in fields:
        fields["generation"] = st.integers(1, 99)
    return st.builds(kind, **fields)


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return _strategy(annotation)
    if annotation in (dict[str, Any],):
        return st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text()))
    if annotation == Region | None:
        degrees = st.floats(-180, 180)
        boxes = st.tuples(degrees, degrees, degrees, degrees)
        return st.none() | st.builds(Region, document=st.text(), box=boxes)
    if get_args(annotation) and Value in getattr(get_args(annotation)[0], "__mro__", ()):
        return st.lists(_strategy(get_args(annotation)[0]), max_size=3).map(tuple)
    if annotation == tuple[ListedResult, ...] | None:
        return st.none() | st.lists(_strategy(ListedResult), max_size=3).map(tuple)
    if "datetime" in repr(annotation):
        moments = st.timedeltas(timedelta(), timedelta(days=9999)).map(lambda past: T0 + past)
        return moments if annotation is datetime else st.none() | moments
    return st.from_type(annotation)


@pytest.mark.parametrize("kind", UNION, ids=_type_of)
def test_json_and_back_is_the_same_entry(kind: type[e.Event]) -> None:
    @given(_strategy(kind), st.text(), st.integers(1, 9))
    def check(event: e.AnyEvent, writer: str, of: int) -> None:
        entry = Entry(seq=3, time=datetime(2026, 1, 5, tzinfo=UTC), writer=writer, batch="b", of=of, event=event)
        line = json.dumps(entry.to_json(), ensure_ascii=False)
        assert "\n" not in line
        assert Entry.from_json(json.loads(line)) == entry

    check()


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_each_event_can_be_folded(event: e.AnyEvent) -> None:
    recorded = Recorded()
    recorded.add(entries([event]))
    assert recorded.head == 1


def test_times_are_kept_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    event = e.QuotaClosed(until=datetime(2026, 7, 1, 12, tzinfo=berlin))
    assert event.to_json()["until"] == "2026-07-01T10:00:00Z"


def test_a_fault_does_not_repeat_the_value() -> None:
    with pytest.raises(ValueError, match="status") as caught:
        Entry.from_json({**entries([note(1)])[0].to_json(), "status": ["canary"]})
    assert "canary" not in str(caught.value)


def test_an_entry_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        entries([note(1), replace(note(2), status="\ud800")])[1].line()


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        note(1).status = "failed"  # type: ignore[misc]
