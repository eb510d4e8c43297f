"""What is protected is not lost by a slip, and a protection outlives its line in the manifest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.errors import SafetyRefusal
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.protection import names
from tests.applying.simulated_runs import events
from tests.simulation.world import World

HEAD = "version: 1\nproject: demo\n"
KEY = 'keys: {dem: {type: s3-public, bucket: b, region: r, endpoint: "https://s3.example.org", keep: true}}\n'
OTHER = 'keys: {other: {type: s3-public, bucket: b, region: r, endpoint: "https://s3.example.org", keep: true}}\n'
JOB = 'jobs: {subset: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/a.zip"}}}}\n'
PROTECT = "protect: [key.dem, subset]\n"
HOUR = timedelta(hours=1)


def refused(world: World, manifest: str, requests: Requests | None = None) -> list[tuple[str | None, str]]:
    with pytest.raises(SafetyRefusal) as raised:
        world.apply(manifest, HOUR, requests=requests or Requests())
    return [(each.address, each.code) for each in raised.value.diagnostics if each.severity is Severity.ERROR]


def kinds(world: World) -> list[str]:
    return [event.type for event in events(world)]


@pytest.mark.parametrize("line", [PROTECT, ""])
def test_what_is_protected_is_not_deleted_replaced_or_run_again(tmp_path: Path, line: str) -> None:
    world = World(tmp_path)
    world.apply(HEAD + PROTECT + KEY + JOB, HOUR)
    assert refused(world, HEAD + line + OTHER + JOB) == [("key.dem", "protected")]
    assert refused(world, HEAD + line + KEY.replace("bucket: b", "bucket: c") + JOB) == [("key.dem", "protected")]
    assert refused(world, HEAD + line + KEY + JOB.replace("a.zip", "b.zip")) == [("job.subset", "protected")]
    again = Requests(relaunch=frozenset({"job.subset"}))
    assert refused(world, HEAD + line + KEY + JOB, again) == [("job.subset", "protected")]
    found = refused(world, HEAD + line + KEY + JOB, Requests(destroy=True))
    assert sorted(code for _, code in found) == ["protected", "protected"]


def test_a_protection_is_lifted_by_allowing_it_without_its_line(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(HEAD + PROTECT + KEY + JOB, HOUR)
    allowed = Requests(unprotected=frozenset({"key.dem"}))
    # As long as the manifest protects it, it is allowed for one run only.
    world.apply(HEAD + PROTECT + KEY.replace("bucket: b", "bucket: c") + JOB, HOUR, requests=allowed)
    assert refused(world, HEAD + KEY + JOB) == [("key.dem", "protected")]
    world.apply(HEAD + KEY + JOB, HOUR, requests=allowed)
    world.apply(HEAD + KEY.replace("bucket: b", "bucket: d") + JOB, HOUR)
    assert refused(world, HEAD + KEY.replace("bucket: b", "bucket: d")) == [("job.subset", "protected")]
    assert kinds(world).count("protected") == 3


def test_what_is_lost_for_no_one_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(HEAD + PROTECT + KEY + JOB, HOUR).endings
    before = len(kinds(world))
    assert not world.apply(HEAD + PROTECT + KEY + JOB, HOUR).endings
    assert len(kinds(world)) == before


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("key.dem", False),
        ("job.tiles", True),
        ("tiles", True),
        ("tile", False),
        ("tiles/*", True),
        ("job.tiles/s0*", True),
        ("tiles/s02", False),
        ('job.tiles["s01"]', True),
        ("job.*", True),
        ("*", True),
    ],
)
def test_patterns(pattern: str, named: bool) -> None:
    assert names(pattern, 'job.tiles["s01"]') is named
