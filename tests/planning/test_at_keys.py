"""Where results at a key lie, for people."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from eocanvas_apply.planning.state.at_keys import location_of
from tests.planning.scene import HEAD, ONE_OF_EACH, SCENES, SUBSET, Scene

S3 = ONE_OF_EACH + "    output: {key: scenes}\n"
DRIVE = (
    HEAD
    + "keys:\n  scenes: {type: wekeo-drive, username: jane, password: {env: SECRET}}\n"
    + "jobs:\n  subset: {graph: graph.xml, inputs: {img1: {url: 'https://e.org/a'}}, output: {key: scenes}}\n"
)
FILES = "https://wekeo-files.prod.wekeo2.eu/remote.php/dav/files/wso2_oidc-jane"


def location(scene: Scene) -> str | None:
    recorded = scene.recorded
    record = recorded.jobs["job.subset"]
    (run,) = record.runs.values()
    assert run.results
    name = next((use.name for use in scene.recorded.jobs["job.subset"].last_intent.intended.keys), "")  # type: ignore[union-attr]
    result = replace(run.results[0], title=f"keystore://{name}/job-1/one.nc")
    return location_of(recorded, record, run, result)


@pytest.mark.parametrize(
    ("manifest", "where"), [(S3, "s3://olci/job-1/one.nc"), (DRIVE, f"{FILES}/job-1/one.nc")], ids=["s3", "drive"]
)
def test_the_place_of_a_result_is_the_storage_that_its_key_opened(manifest: str, where: str) -> None:
    scene = Scene(manifest)
    scene.make_key("scenes")
    scene.done("subset", stored=False, at_key=True)
    assert location(scene) == where
    # What the key opens now does not matter.
    scene.now_reads(manifest.replace("olci", "another").replace("jane", "joe"))
    scene.make_key("scenes", 2)
    assert location(scene) == where


def test_what_a_key_of_others_opens_is_unknown() -> None:
    existing = S3.replace(SCENES, "keys:\n  scenes: {type: existing, name: anns, storage: s3}\n")
    scene = Scene(existing)
    scene.done("subset", stored=False, at_key=True)
    assert location(scene) is None


def test_a_downloaded_result_lies_at_no_key() -> None:
    scene = Scene(HEAD + SCENES + SUBSET)
    scene.make_key("scenes")
    scene.done("subset")
    assert location(scene) is None
