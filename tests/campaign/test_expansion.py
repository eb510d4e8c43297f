from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from eocanvas_apply.campaign.lock import lock_of
from eocanvas_apply.diagnostics import Position, error
from eocanvas_apply.errors import Doubt, Refused, ServiceError
from eocanvas_apply.manifest.model.jobs import KeyInput, SnapJob, UrlInput
from tests.campaign.campaign import Archive, Campaign, Storage, codes, ids

# 23 polygons on 15 tiles, a date for every tile, two products for every tile and date.
POLYGONS = [{"id": f"field-{number}", "tileId": number % 15, "wkt": f"POINT({number} 0)"} for number in range(23)]
DATES = "\ufefftileId;date\r\n" + "".join(f"{tile};2024-07-{tile + 1:02}\r\n" for tile in range(15))
SCENES = [
    {
        "id": f"S3{satellite}_{tile}",
        "dataset_id": "OL_2",
        "tile": tile,
        "dtstart": f"2024-07-{tile + 1:02}",
        "startdate": f"2024-07-{tile + 1:02}T{hour}:00:00Z",
        "location": f"https://x.test/{satellite}{tile}",
        "size": 7,
    }
    for tile in range(15)
    for satellite, hour in (("B", "10"), ("A", "09"))
]
TO_GET_RIGHT = """
a:
  graph: g.xml
  params: {aoi: "${each.wkt}"}
  inputs: {img1: {url: "https://orders.test/${each.product_id}", id: "${each.product_id}"}}
  for_each:
    - {json: {file: fields.json, path: data.fields}, expect: 23}
    - {csv: dates.csv, by: tileId, expect: 1}
    - {hda: {dataset_id: OL_2, tile: "${each.tileId}", dtstart: "${each.date}"}, pick: latest, expect: ">=1"}
"""


def test_twenty_three_fields_on_fifteen_dates_make_fifteen_searches() -> None:
    archive = Archive(SCENES)
    files = {"fields.json": json.dumps({"data": {"fields": POLYGONS}}), "dates.csv": DATES}
    found = Campaign(TO_GET_RIGHT, files, archive).expanded()
    assert codes(found) == []
    assert ids(found) == [f"field-{number}" for number in range(23)]
    assert len(archive.asked) == 15
    jobs = [each.job for each in found.instances["a"]]
    products = [
        job.inputs["img1"].id for job in jobs if isinstance(job, SnapJob) and isinstance(job.inputs["img1"], UrlInput)
    ]
    assert products == [f"S3B_{number % 15}" for number in range(23)]
    assert len(set(products)) == 15
    assert [job.params["aoi"] for job in jobs if isinstance(job, SnapJob)] == [each["wkt"] for each in POLYGONS]
    assert (found.relative, set(found.files), len(found.searches)) == (frozenset(), {"fields.json", "dates.csv"}, 15)


def test_one_more_row_changes_nothing_else() -> None:
    less = Campaign("a: {process: x, for_each: {csv: a.csv}}", {"a.csv": "id,n\nx,1\nz,2\n"}).expanded()
    more = Campaign("a: {process: x, for_each: {csv: a.csv}}", {"a.csv": "id,n\nx,1\ny,9\nz,2\n"}).expanded()
    assert (ids(less), ids(more)) == (["x", "z"], ["x", "y", "z"])
    assert [each for each in more.instances["a"] if each.id != "y"][1].fields == less.instances["a"][1].fields


def test_values_keep_their_types_and_files_may_be_of_a_row() -> None:
    found = Campaign(
        """
a:
  process: x
  inputs: {n: "${each.n}", text: "n${each.n}", all: "${each.list}", plain: "$${each.n}"}
  for_each:
    - {list: [{id: a, n: 3, list: [1, x]}, {id: b, n: 0.5, list: []}]}
    - {csv: "${each.id}.csv", as: day}
""",
        {"a.csv": "id\n1\n2\n", "b.csv": "id\n1\n"},
    ).expanded()
    assert ids(found) == ["a-1", "a-2", "b-1"]
    assert found.instances["a"][0].job.inputs == {"n": 3, "text": "n3", "all": [1, "x"], "plain": "${each.n}"}
    assert found.instances["a"][2].fields["day.id"] == "1"


def test_a_file_missing_for_several_rows_is_reported_once() -> None:
    text = 'a: {process: x, for_each: [{list: [a, b, c]}, {csv: "${each.value}.csv", as: day}]}'
    assert codes(Campaign(text, {"a.csv": "id\n1\n"}).expanded()) == ["file-missing"]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("[{list: [a]}, {days: {from: '${each.value}', to: today}}]", "bad-step"),
        ("[{list: [a]}, {days: {from: '${each.vale}', to: today}}]", "unknown-each-field"),
        ("[{list: [3]}, {csv: '${each.value}'}]", "bad-step"),
        ("[{list: [~]}, {csv: 'a${each.value}.csv'}]", "empty-field"),
        ("{list: [a], id: 'x${each.nope}'}", "unknown-each-field"),
        ("{days: {from: today, to: yesterday}}", "bad-day"),
    ],
)
def test_steps_that_do_not_fit_their_rows(steps: str, code: str) -> None:
    (found,) = Campaign(f"a: {{process: x, for_each: {steps}}}").expanded().diagnostics
    assert (found.code, found.address) == (code, "job.a")
    assert found.position is not None


def test_values_of_rows_are_converted_to_the_type_of_the_field() -> None:
    text = """
a:
  graph: g.xml
  inputs: {img1: {key: "${each.key}", path: "/${each.id}", uncompress: "${each.packed}"}}
  max_duration: "${each.time}"
  for_each: {list: [{id: a, key: eodata, packed: true, time: 30m}, {id: b, key: KEY, packed: PACKED, time: 1h}]}
"""
    valid = Campaign(text.replace("KEY", "eodata").replace("PACKED", "false")).expanded()
    job = valid.instances["a"][0].job
    assert isinstance(job, SnapJob)
    assert job.inputs["img1"] == KeyInput(key="eodata", path="/a", uncompress=True)
    invalid = Campaign(text.replace("KEY", "eodata").replace("PACKED", "perhaps")).expanded()
    (found,) = invalid.diagnostics
    assert found.code == "wrong-type"
    assert found.message.endswith("(in the row `b`)")
    assert found.position == Position("eocanvas.yaml", 6, 74)
    assert invalid.instances == {}
    assert codes(Campaign(text.replace("KEY", "missing").replace("PACKED", "true")).expanded()) == ["unknown-key"]


PIPELINE = """
c: {process: x, inputs: {all: "${each.id} ${each.day}"}, for_each: [{job: b}, {list: [x, y]}]}
b: {process: x, inputs: {day: "${each.day}"}, for_each: {job: a}}
a: {process: x, inputs: {day: "${each.day}"}, for_each: {days: {from: "now-2d", to: yesterday}}}
d: {process: x, for_each: {list: [z]}}
"""


def test_campaigns_over_campaigns() -> None:
    found = Campaign(PIPELINE).expanded()
    assert codes(found) == []
    assert ids(found, "b") == ids(found) == ["2024-07-03", "2024-07-04"]
    assert ids(found, "c") == ["2024-07-03-x", "2024-07-03-y", "2024-07-04-x", "2024-07-04-y"]
    assert found.instances["c"][0].job.inputs == {"all": "2024-07-03-x 2024-07-03"}
    assert found.relative == {"a", "b", "c"}


def test_a_fault_of_a_file_is_reported_once_for_all_campaigns() -> None:
    jobs = "\n".join(f"{name}: {{process: p, for_each: {{csv: rows.csv}}}}" for name in "ab")
    found = Campaign(jobs, {"rows.csv": "id;height\nx;1;5\n"}).expanded()
    assert codes(found) == ["csv-cells"]
    jobs = "\n".join(f"{name}: {{process: p, for_each: {{csv: gone.csv}}}}" for name in "ab")
    assert codes(Campaign(jobs, {}).expanded()) == ["file-missing", "file-missing"]


def test_without_a_catalogue_a_campaign_and_its_followers_are_unknown() -> None:
    text = """
a: {process: x, for_each: {hda: {dataset_id: d}}}
b: {process: x, for_each: {job: a}}
c: {process: x, for_each: {list: [z]}}
d: {process: x, for_each: {s3: {key: eodata}}}
"""
    found = Campaign(text).expanded()
    assert (codes(found), set(found.instances), found.unknown) == ([], {"c"}, frozenset({"a", "b", "d"}))


def test_followers_of_a_campaign_with_an_error_say_nothing() -> None:
    text = "a: {process: x, for_each: {csv: a.csv}}\nb: {process: x, for_each: {job: a}}"
    found = Campaign(text).expanded()
    assert (codes(found), found.unknown) == (["file-missing"], frozenset({"b"}))
    (missing,) = found.diagnostics
    assert (missing.address, missing.position) == ("job.a", Position("eocanvas.yaml", 4, 30))


def test_listing_a_storage() -> None:
    storage = Storage({"/eodata/in/b.zip": 2, "/eodata/in/a.zip": 1, "/eodata/in/a.txt": 3, "/eodata/in/x.zip/": 0})
    text = "a: {process: x, inputs: {p: '${each.path}'}, for_each: {s3: {key: eodata, prefix: in/, match: '*.zip'}}}"
    found = Campaign(text, storage=storage).expanded()
    assert ids(found) == ["a.zip", "b.zip"]
    assert found.instances["a"][1].fields == {"path": "/eodata/in/b.zip", "name": "b.zip", "size": 2, "id": "b.zip"}


def test_a_search_alone() -> None:
    archive = Archive([{"id": "b:2", "dataset_id": "d", "size": 1}, {"id": "a", "dataset_id": "d", "size": None}])
    text = 'a: {process: x, inputs: {p: "${each.id}"}, for_each: {hda: {dataset_id: d}}}'
    found = Campaign(text, archive=archive).expanded()
    assert ids(found) == ["a", "b_2"]
    assert found.instances["a"][1].fields == {"product_id": "b:2", "dataset_id": "d", "size": 1, "id": "b:2"}
    assert archive.asked == [({"dataset_id": "d"}, 1001)]


@pytest.mark.parametrize("bad", ["x" * 129, "\u00e9" * 128, "A"])
def test_a_product_that_cannot_name_an_instance_is_left_out(bad: str) -> None:
    archive = Archive([{"id": name, "dataset_id": "d", "title": f"t{n}"} for n, name in enumerate(["a", bad, "b"])])
    text = "a: {process: x, for_each: {hda: {dataset_id: d}}}"
    found = Campaign(text, archive=archive).expanded()
    assert len(ids(found)) == 2
    assert [(each.code, each.severity) for each in found.diagnostics] == [("service-entry-unreadable", "warning")]
    named = Campaign(text.replace("{hda", '{id: "${each.title}", hda'), archive=archive).expanded()
    assert (ids(named), named.diagnostics) == (["t1", "t0", "t2"] if bad == "A" else ["t0", "t2", "t1"], ())


def test_a_long_id_of_a_table_beside_a_search_stays_an_error() -> None:
    text = f"a: {{process: x, for_each: [{{hda: {{dataset_id: d}}}}, {{list: [{'x' * 129}]}}]}}"
    assert codes(Campaign(text, archive=Archive([{"id": "a", "dataset_id": "d"}])).expanded()) == ["id-too-long"]


class Strict(Archive):
    """A catalogue that requires a field, or that fails when it is left out."""

    refusal: ServiceError = Refused(error("service-refused", "level is missing"), 400)

    async def search(self, query: Mapping[str, Any], limit: int) -> Sequence[Mapping[str, Any]]:
        if "level" not in query:
            raise self.refusal
        return await super().search(query, limit)


def test_a_required_field_is_skipped_when_looking_for_the_field_that_empties_a_search() -> None:
    text = "a: {process: x, for_each: {hda: {dataset_id: d, level: 3, sat: B}}}"
    named = Campaign(text, archive=Strict([{"id": "p", "dataset_id": "d", "sat": "A", "level": 3}])).expanded()
    assert named.diagnostics[0].message == "this search finds nothing; without `sat` it finds products"
    nothing = Campaign(text, archive=Strict([])).expanded()
    assert nothing.diagnostics[0].message == "this search finds nothing"
    failing = Strict([])
    failing.refusal = Doubt(error("service-failed", "failed"), 503)
    assert Campaign(text, archive=failing).expanded().diagnostics[0].message == "this search finds nothing"


def test_the_first_row_without_products_is_named_and_a_locked_search_is_not_repeated() -> None:
    text = 'a: {process: x, for_each: [{list: [A, B, C]}, {hda: {dataset_id: d, sat: "${each.value}"}}]}'
    archive = Archive([{"id": "p", "dataset_id": "d", "sat": "A"}])
    found = Campaign(text, archive=archive).expanded()
    assert "for 2 of 3 rows, first `B`; without `sat`" in found.diagnostics[0].message
    asked = len(archive.asked)
    locked = Campaign(text, archive=archive, lock=lock_of(found.searches)).expanded()
    assert locked.diagnostics[0].message == "this search found nothing for 2 of 3 rows, first `B` when it was locked"
    assert len(archive.asked) == asked


def test_a_search_across_the_antimeridian_is_a_warning() -> None:
    archive = Archive([{"id": "p", "dataset_id": "d", "bbox": box} for box in ([177, -20, -178, -15], [1, 2, 3, 4])])
    rows = "{list: [{id: fiji, b: [177, -20, -178, -15]}, {id: other, b: [1, 2, 3, 4]}]}"
    text = f'a: {{process: x, for_each: [{rows}, {{hda: {{dataset_id: d, bbox: "${{each.b}}"}}, as: p}}]}}'
    (found,) = Campaign(text, archive=archive).expanded().diagnostics
    assert found.code == "search-antimeridian"
    assert "for 1 of 2 rows, first `fiji`" in found.message


def test_an_unreachable_service_is_reported_at_the_step_and_other_searches_stop() -> None:
    text = 'a: {process: x, for_each: [{list: [A, B, C]}, {hda: {dataset_id: d, sat: "${each.value}"}}]}'
    with pytest.raises(Refused) as raised:
        Campaign(text, archive=Strict([])).expanded()
    (found,) = raised.value.diagnostics
    assert found.position == Position("eocanvas.yaml", 4, 50)
    assert (raised.value.status, found.address) == (400, "job.a")


def test_a_truncated_listing_is_an_error() -> None:
    storage = Storage({f"/eodata/{number}": 1 for number in range(100_000)})
    found = Campaign("a: {process: x, for_each: {s3: {key: eodata}, max: 200000}}", storage=storage).expanded()
    assert codes(found) == ["listing-too-wide"]


def test_the_field_that_empties_a_search_is_named() -> None:
    text = "a: {process: x, for_each: {hda: {dataset_id: d, sat: A, level: 3}EXPECT}}"
    products = [{"id": "p", "dataset_id": "d", "sat": "A", "level": 2}]
    found = Campaign(text.replace("EXPECT", ""), archive=Archive(products)).expanded()
    (empty,) = found.diagnostics
    assert (empty.code, empty.severity) == ("empty-search", "warning")
    assert "without `level`" in empty.message
    assert found.instances == {"a": ()}
    wanted = Campaign(text.replace("EXPECT", ', expect: ">=1"'), archive=Archive(products)).expanded()
    assert codes(wanted) == ["empty-search", "unexpected-count"]
    allowed = Archive(products)
    assert codes(Campaign(text.replace("EXPECT", ', expect: ">=0"'), archive=allowed).expanded()) == []
    assert len(allowed.asked) == 1


def test_relative_times_are_resolved_once_and_are_not_part_of_an_instance() -> None:
    archive = Archive([{"id": "p", "dataset_id": "d", "dtstart": "2024-07-02T12:00:00Z"}])
    text = "a: {process: x, inputs: {p: '${each.product_id}'}, for_each: {hda: {dataset_id: d, dtstart: now-3d}}}"
    found = Campaign(text, archive=archive).expanded()
    assert archive.asked == [({"dataset_id": "d", "dtstart": "2024-07-02T12:00:00Z"}, 1001)]
    assert (ids(found), found.relative, found.searches) == (["p"], frozenset({"a"}), ())
    assert found.instances["a"][0].job.inputs == {"p": "p"}


def test_a_search_too_large_for_pick_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eocanvas_apply.campaign.sources.MOST_ROWS", 5)
    products = [{"id": f"p{number}", "dataset_id": "d", "day": f"2024-07-0{number + 1}"} for number in range(5)]
    text = "a: {process: x, for_each: {hda: {dataset_id: d}, pick: latest}}"
    assert codes(Campaign(text, archive=Archive(products)).expanded()) == ["search-too-wide"]
    assert ids(Campaign(text, archive=Archive(products[:4])).expanded()) == ["p3"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("[a, A]", "id-twice"),
        ("['a/b', 'a?b']", "id-twice"),
        ("['..']", None),
        ("['']", "row-without-id"),
        ("[{x: 1}]", "row-without-id"),
        ("['" + "x" * 129 + "']", "id-too-long"),
        ("['" + "x" * 128 + "']", None),
    ],
)
def test_ids(rows: str, expected: str | None) -> None:
    assert codes(Campaign(f"a: {{process: x, for_each: {{list: {rows}}}}}").expanded()) == (
        [expected] if expected else []
    )


@pytest.mark.parametrize(
    ("raw", "name"), [("..", "__"), ("a/b:c*", "a_b_c_"), ("e\u0301 .", "\xe9__"), ("a\x7fb", "a_b")]
)
def test_an_id_can_be_a_folder_everywhere(raw: str, name: str) -> None:
    found = Campaign(f"a: {{process: x, for_each: {{list: [{json.dumps(raw)}]}}}}").expanded()
    assert ids(found) == [name]
    assert found.instances["a"][0].fields["id"] == raw


def test_max_applies_to_later_steps_too() -> None:
    files = {"a.csv": "id,t\n" + "".join(f"{number},t\n" for number in range(1200))}
    steps: list[dict[str, Any]] = [{"csv": "a.csv"}, {"list": [{"t": "t", "x": 1}], "by": "t"}]
    assert codes(Campaign(f"a: {{process: x, for_each: {json.dumps(steps)}}}", files).expanded()) == [
        "too-many-instances"
    ]
    steps[0]["max"] = 1200
    assert len(Campaign(f"a: {{process: x, for_each: {json.dumps(steps)}}}", files).expanded().instances["a"]) == 1200
