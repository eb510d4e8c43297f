from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.campaign.lock import (
    LockChange,
    LockedQuery,
    lock_changes,
    lock_of,
    query_digest,
    read_lock,
    write_lock,
)
from eocanvas_apply.errors import ManifestError
from tests.campaign.campaign import NOW, Archive, Campaign, ids

QUERY = {"dataset_id": "d", "bbox": [1, 2, 3, 4]}
OTHER = {"dataset_id": "e"}


def locked(query: dict[str, Any], *names: str, day: int = 1) -> LockedQuery:
    products = tuple({"id": name, "dataset_id": query["dataset_id"], "size": 7} for name in sorted(names))
    return LockedQuery(query, datetime(2024, 7, day, tzinfo=UTC), products)


def test_one_sorted_line_for_each_query_and_product() -> None:
    lines = write_lock(lock_of([locked(QUERY, "b", "a"), locked(OTHER)])).splitlines()
    assert lines[1] == "eocanvas-lock 1"
    assert lines[2:] == sorted(lines[2:])
    digest = query_digest(QUERY)
    assert [line for line in lines if line.startswith(digest)] == [
        f'{digest} product {{"id":"a","dataset_id":"d","size":7}}',
        f'{digest} product {{"id":"b","dataset_id":"d","size":7}}',
        f'{digest} query 2024-07-01T00:00:00Z {{"bbox":[1,2,3,4],"dataset_id":"d"}}',
    ]


texts = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.dictionaries(texts, texts | st.integers(), max_size=3), st.sets(texts, max_size=4))
def test_a_written_lock_is_read_back(query: dict[str, Any], names: set[str]) -> None:
    products = tuple({"id": name, "\u2028": 1.5} for name in sorted(names))
    lock = lock_of([LockedQuery(query, NOW, products)])
    assert read_lock(write_lock(lock), "eocanvas.lock") == lock


def test_the_order_of_the_fields_of_a_query_does_not_matter() -> None:
    lock = lock_of([locked(QUERY, "a")])
    assert lock.queries[query_digest(dict(reversed(QUERY.items())))] == locked(QUERY, "a")
    assert query_digest({**QUERY, "sat": "A"}) not in lock.queries


def test_branches_merge_as_text() -> None:
    base = lock_of([locked(QUERY, "a", day=2)])
    ours, theirs = (
        lock_of([locked(QUERY, "a", "b", day=3)]),
        lock_of([locked(QUERY, "a", "c", day=4), locked(OTHER, "x")]),
    )
    lines = [line for lock in (base, ours, theirs) for line in write_lock(lock).splitlines()]
    merged = read_lock("\n".join(dict.fromkeys(lines)), "f")
    assert merged == lock_of([locked(QUERY, "a", "b", "c", day=2), locked(OTHER, "x")])
    assert min(each.searched for each in merged.queries.values()) == datetime(2024, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "<<<<<<< ours",
        "=======",
        "sha256:1 product {}",
        "sha256:1 query 2024-07-01T00:00:00Z {}",
        "sha256:1 query x",
        "x y {}",
    ],
)
def test_merge_markers_in_a_lock_are_reported_at_their_line(line: str) -> None:
    text = write_lock(lock_of([locked(QUERY, "a")])) + line + "\n"
    with pytest.raises(ManifestError) as refusal:
        read_lock(text, "eocanvas.lock")
    (found,) = refusal.value.diagnostics
    assert found.position is not None
    assert (found.code, found.position.line) == ("lock-syntax", 5)


def test_another_version_is_refused() -> None:
    with pytest.raises(ManifestError):
        read_lock("eocanvas-lock 2\n", "f")


def test_the_changes_of_a_lock_are_added_and_removed_products() -> None:
    old, new = lock_of([locked(QUERY, "a", "b"), locked(OTHER, "x")]), lock_of([locked(QUERY, "b", "c")])
    assert lock_changes(old, new) == [LockChange(query_digest(QUERY), ("c",), ("a",))]
    assert lock_changes(old, old) == []


TEXT = "a: {process: x, for_each: {hda: {dataset_id: d, sat: A}}}"


def product(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "dataset_id": "d", "sat": "A", **fields}


def test_a_locked_search_is_frozen(tmp_path: Path) -> None:
    first = Campaign(TEXT, archive=Archive([product("p")])).expanded()
    lock = read_lock(write_lock(lock_of(first.searches)), "eocanvas.lock")
    later = Archive([product("p"), product("q")])
    found = Campaign(TEXT, archive=later, lock=lock).expanded()
    assert (ids(found), later.asked) == (["p"], [])
    assert found.instances["a"][0].fields == first.instances["a"][0].fields
    assert found.searches == first.searches
    assert ids(Campaign(TEXT, lock=lock).expanded()) == ["p"]


def test_a_changed_search_runs_at_once() -> None:
    lock = lock_of(Campaign(TEXT, archive=Archive([product("p")])).expanded().searches)
    changed = TEXT.replace("sat: A", "sat: A, level: 2")
    assert ids(Campaign(changed, archive=Archive([product("q", level=2)]), lock=lock).expanded()) == ["q"]


def test_a_relative_search_is_never_locked() -> None:
    text = TEXT.replace("sat: A", "dtstart: today")
    day = json.dumps("2024-07-05T00:00:00Z")
    today = {"dataset_id": "d", "dtstart": json.loads(day)}
    lock = lock_of([LockedQuery(today, NOW, (product("old", **today),))])
    found = Campaign(text, archive=Archive([product("new", **today)]), lock=lock).expanded()
    assert (ids(found), found.searches) == (["new"], ())
