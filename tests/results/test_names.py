"""File names of results: unique in their folder, and never the name of a file of the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.results.names import safe_name
from tests.applying.fetched import DOWNLOAD, files, index, run_with
from tests.applying.simulated_runs import JOB_ONLY, events, fault
from tests.simulation.world import World


def test_two_results_of_one_name_are_both_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("x*a.nc", b"1"), ("x_a.nc", b"2"), ("X_A.nc", b"3"), ("index.csv", b"4"))
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"x_a.nc": b"1", "x_a-2.nc": b"2", "X_A-3.nc": b"3", "index-2.csv": b"4"}
    assert len(index(world)) == 4


def test_two_results_of_one_title_are_both_kept_in_any_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"1"), ("b.nc", b"2"))
    job = world.frontend.service.jobs.every()[-1]
    listing = [{"href": f"/download/{job.id}/output/{name}", "title": "wks3:///same.nc"} for name in ("b.nc", "a.nc")]
    for listed in (listing, listing[::-1], listing):
        fault(world, "status", "*/results", "GET", status=200, body=listed)
    fault(world, "drop-before", DOWNLOAD, "GET")
    assert not world.apply(JOB_ONLY).endings
    assert sorted(files(world).items()) == [("same-2.nc", b"2"), ("same.nc", b"1")]
    stored = [event for event in events(world) if isinstance(event, e.ResultStored)]
    assert sorted((event.title, event.ordinal or 1) for event in stored) == [(listing[0]["title"], n) for n in (1, 2)]
    assert len(index(world)) == 2


@pytest.mark.parametrize("same", [False, True])
def test_a_file_of_the_user_is_not_changed(same: bool, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    own = tmp_path / "results" / "subset" / "a.nc"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"content" if same else b"my own")
    assert not world.apply(JOB_ONLY).endings
    expected = {"a.nc": b"content"} if same else {"a.nc": b"my own", "a-2.nc": b"content"}
    assert files(world) == expected


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("..", "result"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\Windows\\a.nc", "C__Windows_a.nc"),
        ("CON", "_CON"),
        ("nul.nc", "_nul.nc"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT³", "_LPT³"),
        ("aux .nc", "_aux .nc"),
        ("conin$", "_conin$"),
        ("console.nc", "console.nc"),
        ("a.nc. . ", "a.nc"),
        (" .hidden", "hidden"),
        ("a\x00b\n.nc", "a_b_.nc"),
        ("ä" * 200 + ".nc", "ä" * 98 + ".nc"),
        ("x" * 300 + "con", "x" * 197 + "con"),
        ("u\u0308.nc", "ü.nc"),
        ("half\ud800.nc", "half?.nc"),
    ],
)
def test_a_name_is_one_that_every_system_takes(name: str, safe: str) -> None:
    assert safe_name(name) == safe
