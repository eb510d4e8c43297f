from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from eocanvas_apply.emulator.model.messages import WireRequest, serve_bytes
from tests.emulator.model_client import BASE, CHAIN, GRAPH, ORIGIN, Stage, chain_body, snap_body


def behaving(**changes: Any) -> Stage:
    return Stage(Settings(behaviour=Behaviour(**changes))).log_in()


def download(stage: Stage, href: str, method: str = "GET", **headers: str) -> Any:
    return stage.call(method, href.removeprefix(BASE), headers={n.replace("_", "-"): v for n, v in headers.items()})


def test_results_are_404_until_they_are_ready(stage: Stage) -> None:
    job_id = stage.launch()
    refused = stage.call("GET", f"/jobs/{job_id}/results")
    assert refused.status == 404
    assert refused.json()["title"] == "ResultNotReady"
    stage.clock.advance(2)
    assert len(stage.get(f"/jobs/{job_id}/results")) == 1


def test_a_result_is_a_link_that_can_be_fetched_in_parts(stage: Stage) -> None:
    job_id = stage.ended()
    (result,) = stage.get(f"/jobs/{job_id}/results")
    assert re.fullmatch(rf"wks3:///{job_id}/output/[0-9a-f-]{{36}}\.nc", result["title"])
    assert result["href"].startswith(f"{BASE}/download/{job_id}/output/")
    whole = download(stage, result["href"])
    assert len(whole.body) == int(whole.headers["content-length"]) == 4096
    head = download(stage, result["href"], "HEAD")
    assert (head.body, head.headers["content-length"]) == (b"", "4096")
    rest = download(stage, result["href"], range="bytes=4000-")
    assert (rest.status, rest.body) == (206, whole.body[4000:])
    assert rest.headers["content-range"] == "bytes 4000-4095/4096"
    assert download(stage, result["href"], range="bytes=4096-").status == 416
    assert download(stage, result["href"], range="bytes=9-", if_range='"other"').body == whole.body
    assert download(stage, result["href"], range="bytes=9-", if_range=whole.headers["etag"]).status == 206


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_equals_a_slice_of_the_file(content: bytes, first: int, length: int) -> None:
    wanted = {"range": f"bytes={first}-{first + length}"}
    answer = serve_bytes(WireRequest("GET", "/", headers=wanted), content)
    if first < len(content):
        assert (answer.status, answer.body) == (206, content[first : first + length + 1])
    else:
        assert answer.status == 416


@pytest.mark.parametrize(("wanted", "status"), [("bytes=-3", 206), ("bytes=-", 200), ("lines=1-2", 200)])
def test_a_range_may_count_from_the_end_or_be_unreadable(wanted: str, status: int) -> None:
    answer = serve_bytes(WireRequest("GET", "/", headers={"range": wanted}), b"0123456789")
    assert (answer.status, answer.body) == (status, b"789" if status == 206 else b"0123456789")


@pytest.mark.parametrize("count", [1, 10, 11, 25])
def test_results_come_ten_to_a_page_with_links_as_last_items(count: int) -> None:
    stage = Stage(Settings(results_per_job=count)).log_in()
    job_id = stage.ended()
    titles: list[str] = []
    path, query, number = f"/jobs/{job_id}/results", "", 1
    while True:
        page = stage.get(path, query)
        turns = [item["title"] for item in page if item["title"].endswith("-page")]
        more = number * 10 < count
        assert turns == ["next-page"] * more + ["prev-page"] * (number > 1)
        assert page[len(page) - len(turns) :] == [item for item in page if item["title"] in turns]
        titles += [item["title"] for item in page if item["title"] not in turns]
        if not more:
            break
        href = next(item["href"] for item in page if item["title"] == "next-page")
        path, _, query = href.partition("?")
        number += 1
    assert len(set(titles)) == count
    assert stage.call("GET", path, query="page=9").status == 404
    assert stage.call("GET", path, query="page=x").status == 404


def test_results_at_a_key_cannot_be_downloaded(stage: Stage) -> None:
    stage.create_key("drive", "WEBDAV")
    job_id = stage.ended(snap_body(output="drive"))
    (result,) = stage.get(f"/jobs/{job_id}/results")
    assert result["title"].startswith(f"keystore://drive/{job_id}/")
    name = result["title"].rpartition("/")[2]
    assert stage.call("GET", f"/download/{job_id}/output/{name}").status == 404


@pytest.mark.parametrize(
    ("key_href", "href"),
    [
        ("title", "keystore://drive/JOB/"),
        ("empty", ""),
        ("null", None),
        ("path", "/JOB/"),
        ("absolute", f"{BASE}/download/JOB/"),
    ],
)
def test_the_href_of_a_result_at_a_key_is_anything(key_href: str, href: str | None) -> None:
    stage = behaving(key_href=key_href)
    stage.create_key("drive", "WEBDAV")
    job_id = stage.ended(snap_body(output="drive"))
    (result,) = stage.get(f"/jobs/{job_id}/results")
    name = result["title"].removeprefix(f"keystore://drive/{job_id}/")
    assert result["href"] == (href and href.replace("JOB", job_id) + name)


def test_a_result_at_a_key_may_have_no_href() -> None:
    stage = behaving(key_href="missing")
    stage.create_key("drive", "WEBDAV")
    (result,) = stage.get(f"/jobs/{stage.ended(snap_body(output='drive'))}/results")
    assert result.keys() == {"title", "rel"}


def test_hrefs_may_be_relative_and_titles_plain_paths() -> None:
    stage = behaving(result_href="relative", result_title="path")
    job_id = stage.ended()
    (result,) = stage.get(f"/jobs/{job_id}/results")
    assert result["href"].startswith(f"/download/{job_id}/output/")
    assert result["title"].startswith(f"{job_id}/output/")
    assert download(stage, result["href"]).status == 200


def test_links_may_name_another_host() -> None:
    stage = behaving(href_origin="https://elsewhere.example")
    job_id = stage.ended()
    (result,) = stage.get(f"/jobs/{job_id}/results")
    assert result["href"].startswith("https://elsewhere.example/serverless/download/")
    assert stage.get("/jobs")["links"][-1]["href"].startswith("https://elsewhere.example/serverless/jobs?")
    assert ORIGIN in stage.job(job_id)["links"][0]["href"]


def test_results_at_another_host_need_no_token() -> None:
    elsewhere = "https://elsewhere.example"
    stage = behaving(href_origin=elsewhere)
    (result,) = stage.get(f"/jobs/{stage.ended()}/results")
    path = result["href"].removeprefix(elsewhere)
    assert len(stage.frontend.handle(WireRequest("GET", path, origin=elsewhere)).body) == 4096
    assert stage.frontend.handle(WireRequest("GET", path, origin=ORIGIN)).status == 401
    unknown = f"/serverless/download/{uuid.uuid4()}/output/a.nc"
    assert stage.frontend.handle(WireRequest("GET", unknown, origin=elsewhere)).status == 404
    assert stage.frontend.handle(WireRequest("GET", "/serverless/jobs", origin=elsewhere)).status == 401


@pytest.mark.parametrize(
    ("body", "process", "ending"),
    [
        (snap_body(graph=GRAPH.replace(b"NetCDF4-CF", b"GeoTIFF")), "snap-function", ".tif"),
        (snap_body(), "snap-function", ".nc"),
        (chain_body(CHAIN.replace(b"netcdf4", b"png_rgb")), "dataTailor", ".png"),
    ],
)
def test_files_are_named_after_their_format(stage: Stage, body: Any, process: str, ending: str) -> None:
    (result,) = stage.get(f"/jobs/{stage.ended(body, process)}/results")
    assert result["title"].endswith(ending)


def test_each_result_has_its_own_bytes_that_never_change(stage: Stage) -> None:
    hrefs = [stage.get(f"/jobs/{stage.ended()}/results")[0]["href"] for _ in range(2)]
    stage.log_in()
    first, second = (download(stage, href).body for href in hrefs)
    assert first != second
    assert download(stage, hrefs[0]).body == first
