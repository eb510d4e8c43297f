"""Fetched results: stored complete, resumed, listed, and recorded once."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, KeyHref
from eocanvas_apply.ledger import events as e
from tests.applying.fetched import DOWNLOAD, JOB, downloads, files, index, run_with
from tests.applying.simulated_runs import JOB_ONLY, NO_WAIT, acts, endings, events, fault, launched, types
from tests.simulation.world import Killed, World

AT_A_KEY = (
    JOB_ONLY.replace("jobs:", "keys:\n  drive: {type: wekeo-drive, username: jane, password: {env: SECRET}}\njobs:")
    + "    output: {key: drive}\n"
)


def test_a_result_is_stored_whole_and_listed(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}
    digest = hashlib.sha256(b"content").hexdigest()
    (job,) = launched(world)
    row = {"instance": "", "state": "done", "job_id": job, "file": "a.nc", "size": "7", "sha256": digest, "remarks": ""}
    assert index(world) == [row]
    (stored,) = [event for event in events(world) if isinstance(event, e.ResultStored)]
    assert (stored.file, stored.size, stored.sha256) == ("results/subset/a.nc", 7, digest)


@pytest.mark.parametrize(
    ("output", "folder"),
    [
        ("", "results/subset"),
        ("output: {download: out}", "out"),
        ("output: {download: ./out/../there}", "there"),
        ("output: {download: ../beside}", "../beside"),
        ("output: {download: '$folder/far'}", "../far"),
    ],
)
def test_each_folder_holds_its_results_and_their_index(output: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    world = World(tmp_path / "project", allowed=(tmp_path,))
    manifest = JOB_ONLY + f"    {output.replace('$folder', str(tmp_path))}\n"
    assert not world.apply(manifest).endings
    ((name, _),) = files(world, folder).items()
    assert [row["file"] for row in index(world, folder)] == [name]
    assert not world.plan(manifest).changes_pending


@pytest.mark.parametrize("kind", ["truncate", "drop-after", "status"])
def test_an_interrupted_download_is_resumed(kind: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(1000)), ("b.nc", b"second"))
    fault(world, kind, DOWNLOAD, "GET", status=503)
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": bytes(1000), "b.nc": b"second"}
    # The other file does not wait for the one that failed.
    assert downloads(world) == ["", "", "bytes=500-" if kind == "truncate" else ""]


def test_a_part_left_by_an_earlier_run_is_continued(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(range(100))))
    fault(world, "truncate", DOWNLOAD, "GET", at=30)
    world.clock.advance(400)
    result = world.apply(JOB_ONLY, NO_WAIT)
    assert endings(result) == {"failed"}
    assert [len(content) for content in files(world).values()] == [30]
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": bytes(range(100))}
    assert downloads(world) == ["", "bytes=30-"]


@pytest.mark.parametrize("step", ["before append", "after append"])
def test_a_run_killed_while_recording_a_result_leaves_no_second_copy(step: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.clock.advance(400)

    async def kill(name: str) -> None:
        if name == step and files(world).keys() == {"a.nc"}:
            raise Killed(name)

    with pytest.raises((Killed, BaseExceptionGroup)):
        world.apply(JOB_ONLY, step=kill)
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}
    assert len(index(world)) == 1


@pytest.mark.parametrize("href", get_args(KeyHref))
def test_a_result_at_a_key_is_recorded_and_not_fetched(href: KeyHref, tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(key_href=href))
    begun = world.clock()
    assert not world.apply(AT_A_KEY).endings
    assert world.clock() - begun < timedelta(minutes=10)
    assert downloads(world) == []
    assert "results-listed" in types(world)
    assert not (tmp_path / "results").exists()
    assert acts(world.plan(AT_A_KEY))[JOB] == ("none", "done")


@pytest.mark.parametrize("title", ["wks3:///job/output/a.nc", "a.nc", "", None])
def test_what_a_job_writes_to_its_key_is_not_fetched_whatever_its_title_is(title: str | None, tmp_path: Path) -> None:
    world = World(tmp_path)
    listed(world, {"href": "https://elsewhere.example/a.nc", "title": title})
    assert not world.apply(AT_A_KEY).endings
    assert downloads(world) == []
    assert acts(world.plan(AT_A_KEY))[JOB] == ("none", "done")


@pytest.mark.parametrize("href", [{"href": ""}, {"href": None}, {"href": 7}, {}])
def test_a_result_without_a_link_does_not_keep_its_job_for_ever(href: dict[str, Any], tmp_path: Path) -> None:
    world = World(tmp_path)
    listed(world, {"title": "wks3:///job/output/a.nc", **href})
    result = world.apply(JOB_ONLY, None)
    assert (endings(result), [r.error and r.error.code for r in result.results]) == ({"failed"}, ["results-gone"])
    assert acts(world.plan(JOB_ONLY))[JOB] == ("none", "results-gone")


def listed(world: World, *results: dict[str, Any]) -> None:
    """Let the service answer every request for results with these."""
    fault(world, "status", "*/results", "GET", status=200, body=list(results), times=None)
