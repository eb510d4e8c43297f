from __future__ import annotations

import pytest

from eocanvas_apply.manifest.loading import load
from eocanvas_apply.planning.desired.derivation import desired_keys
from eocanvas_apply.vocabulary import OgcStatus, StorageType, has_ended, is_under_way, later_of


@pytest.mark.parametrize(
    ("status", "ended", "under_way"),
    [
        ("accepted", False, True),
        ("running", False, True),
        ("successful", True, False),
        ("failed", True, False),
        ("dismissed", True, False),
        ("paused", False, False),
        ("", False, False),
    ],
)
def test_any_unknown_status_is_of_a_job_that_has_not_ended(status: str, ended: bool, under_way: bool) -> None:
    assert (has_ended(status), is_under_way(status)) == (ended, under_way)


def test_every_status_has_a_rank_and_a_final_one_never_changes() -> None:
    statuses = [status.value for status in OgcStatus]
    assert all(later_of("accepted", shown) == shown for shown in [*statuses, "paused"])
    assert all(later_of("successful", shown) == "successful" for shown in [*statuses, "paused"])
    assert later_of("paused", "accepted") == "paused"
    assert later_of("running", "paused") == "paused"


def test_every_key_of_a_manifest_becomes_a_storage_type_of_the_wire() -> None:
    text = (
        "{version: 1, project: p, keys: {a: {type: existing, name: a, storage: s3}, "
        "b: {type: existing, name: b, storage: wekeo-drive}, "
        "c: {type: s3-public, bucket: b, region: r, endpoint: https://s3.example.test}}}"
    )
    manifest = load(text, "m.yaml").manifest
    assert manifest is not None
    found = {key.name: key.storage for key in desired_keys(manifest).values()}
    assert found == {"a": StorageType.S3, "b": StorageType.WEBDAV, "c": StorageType.S3}
