from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.service import wire
from eocanvas_apply.service.entries import Unreadable
from eocanvas_apply.service.hda_client import read_page
from eocanvas_apply.service.wire import JobInfo, KeyInfo, LogEntry, ResultInfo

FIELDS = st.sampled_from(
    ["name", "jobID", "id", "jobs", "links", "rel", "href", "expireSeconds", "creationDate", "processes", "title"]
)
CREATED = datetime(2024, 9, 19, 13, 43, 2, tzinfo=UTC)


def test_a_key_of_the_service() -> None:
    key = wire.read_key(
        {
            "name": "scenes",
            "type": "s3",
            "public": False,
            "description": "d",
            "creationDate": "2024-09-19 13:43:02",
            "expirationDate": None,
            "expireSeconds": 3600,
            "news": [1],
        }
    )
    assert key == KeyInfo("scenes", "S3", public=False, description="d", created=CREATED, expire_s=3600)
    assert key.ends == datetime(2024, 9, 19, 14, 43, 2, tzinfo=UTC)
    assert key.ends is not None


def test_the_date_shown_wins_over_the_seconds_granted() -> None:
    key = wire.read_key({"name": "k", "creationDate": "2024-09-19 13:43:02", "expirationDate": "2024-09-20 00:00:00",
                         "expireSeconds": "60"})  # fmt: skip
    assert key.ends == datetime(2024, 9, 20, tzinfo=UTC)
    assert key.expire_s == 60


def test_eodata_never_ends() -> None:
    key = wire.read_key({"name": "eodata", "expireSeconds": 0, "public": "true"})
    assert (key.ends, key.end_known) == (None, True)
    assert key.ends is None
    assert key.public


@pytest.mark.parametrize("seconds", [None, True, "soon", [], 1e400])
def test_an_end_that_is_not_shown_is_unknown(seconds: object) -> None:
    key = wire.read_key({"name": "k", "creationDate": "2024-09-19 13:43:02", "expireSeconds": seconds})
    assert (key.ends, key.end_known) == (None, False)


def test_a_negative_life_is_unknown() -> None:
    assert KeyInfo("k", created=CREATED, expire_s=-1).ends is None


def test_a_very_long_life_does_not_crash() -> None:
    assert KeyInfo("k", created=CREATED, expire_s=10**15).ends is None


def test_a_job_with_missing_optional_fields_is_read() -> None:
    assert wire.read_job({"jobID": "1"}) == JobInfo("1")
    job = wire.read_job({"jobID": "1", "processID": "p", "status": "Paused", "created": "2024-09-19 13:43:02"})
    assert (job.process, job.status, job.created) == ("p", "paused", CREATED)


def test_unreadable_entries_of_a_page_of_jobs_are_marked() -> None:
    first, second, third = wire.read_job_page({"jobs": [{"jobID": "1"}, {"id": 2}, None]})
    assert first == JobInfo("1")
    assert [each.why for each in (second, third) if isinstance(each, Unreadable)] == [
        "without jobID",
        "with something that is not a job",
    ]


@pytest.mark.parametrize("job_id", ["..", ".", "a/b", "a?b", "a b", "a\nb", "x" * 201, 7, None, "\x1b[31m"])
def test_an_id_that_cannot_stand_in_an_address_is_none(job_id: object) -> None:
    with pytest.raises(ValueError, match="jobID"):
        wire.read_job({"jobID": job_id})


def test_a_stamp_far_ahead_of_the_service_s_time_is_not_believed() -> None:
    job = JobInfo("1", created=CREATED, finished=CREATED + timedelta(days=2))
    assert job.believed(CREATED) == JobInfo("1", created=CREATED)


def test_a_key_that_ends_beyond_all_years_never_ends() -> None:
    key = wire.read_key({"name": "k", "expirationDate": "9999-12-31 23:59:59", "expireSeconds": 3600})
    assert (key.ends, key.end_known) == (None, True)


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], True, None])
def test_a_status_that_is_not_a_word_is_empty(value: object) -> None:
    assert wire.read_job({"jobID": "1", "status": value}).status == ""


@pytest.mark.parametrize(
    ("title", "name", "at_key"),
    [
        ("wks3:///job/output/u-u.nc", "u-u.nc", False),
        ("output/u.nc/", "u.nc", False),
        ("keystore://drive/u.nc", "u.nc", True),
    ],
)
def test_results_are_named_by_their_titles(title: str, name: str, at_key: bool) -> None:
    result = ResultInfo("https://h.test/x", title)
    assert (result.name, result.at_key) == (name, at_key)


@pytest.mark.parametrize("href", [{"href": ""}, {"href": None}, {"href": 3}, {}])
def test_a_result_with_a_title_needs_no_address(href: dict[str, Any]) -> None:
    assert wire.read_results([{"title": "keystore://drive/a.nc", **href}]) == [ResultInfo("", "keystore://drive/a.nc")]


def test_a_result_without_title_is_named_by_its_address() -> None:
    assert ResultInfo("https://h.test/a/b%20c.nc?sig=1").name == "b c.nc"


@pytest.mark.parametrize(
    ("title", "name"),
    [("wks3:///j/..", "result"), (".", "result"), ("a\\..\\b.nc", "b.nc"), ("x/a\x00\nb.nc", "ab.nc"), ("/", "result")],
)
def test_no_result_name_leaves_its_folder(title: str, name: str) -> None:
    assert ResultInfo("https://[bad", title).name == name


def test_logs_keep_their_order_and_may_lack_fields() -> None:
    entries = wire.read_logs([{"timestamp": "2024-09-19 13:43:02", "message": "a"}, {}])
    assert entries == [LogEntry(CREATED, "a"), LogEntry(None, "")]


@pytest.mark.parametrize(
    "document", [None, {}, {"links": None}, {"links": [{"rel": "prev", "href": "x"}, {"rel": "next"}, 3]}]
)
def test_lists_without_a_next_page(document: object) -> None:
    assert wire.next_link(document) is None


@pytest.mark.parametrize("document", [None, "x", {"jobs": None}, {"message": "no"}, 3])
def test_an_invalid_list_of_jobs_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="list of jobs"):
        wire.read_job_page(document)


def product(name: str) -> dict[str, object]:
    return {"id": name, "properties": {"location": "l"}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(), inner, max_size=6),
)


@given(JSON)
def test_any_input_is_read_or_a_value_error(document: object) -> None:
    wire.next_link(document)
    readers: list[Callable[[object], object]] = [
        wire.read_keys, wire.read_key, wire.read_job, wire.read_job_page, wire.read_results, wire.read_logs,
        lambda d: wire.read_key(d).ends,
        lambda d: [r.name for r in wire.read_results(d) if isinstance(r, ResultInfo)],
    ]  # fmt: skip
    for read in readers:
        with suppress(ValueError):
            read(document)


GOOD: list[tuple[Callable[[object], Sequence[object]], dict[str, object], dict[str, object]]] = [
    (wire.read_keys, {"name": "a"}, {"name": "b"}),
    (wire.read_job_page, {"jobID": "a"}, {"jobID": "b"}),
    (wire.read_results, {"href": "/a"}, {"href": "/b"}),
    (wire.read_logs, {"message": "a"}, {"message": "b"}),
    (lambda d: read_page({"features": d}, "D").products, product("a"), product("b")),
]


@given(JSON)
def test_whatever_stands_between_two_entries_both_are_read(entry: object) -> None:
    for read, first, last in GOOD:
        alone = [*read([first]), *read([last])]
        found = read([first, entry, last])
        assert [found[0], found[2]] == alone


@pytest.mark.parametrize("document", [None, [], {"name": ""}, {"name": 3}])
def test_an_invalid_key_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"name|key"):
        wire.read_key(document)
