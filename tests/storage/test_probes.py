"""The preflight of one storage, against a real S3 server and a real WebDAV server over TLS that check credentials."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from eocanvas_apply.storage.bucket import Bucket
from eocanvas_apply.storage.bucket_probe import BucketProbe
from eocanvas_apply.storage.probe import Probe
from tests.emulator.storages import REGION
from tests.end_to_end.storages import Storages
from tests.storage.probes import FILES, TIMEOUT, bucket, folder, refusal, stock, written


@pytest.mark.parametrize("paths", [("/a.zip",), ("/a.zip", "/scenes/1.zip")], ids=["one", "several"])
def test_what_is_there_has_the_time_at_which_it_was_written(probe: Probe, paths: tuple[str, ...]) -> None:
    found = stock(probe, *paths, "/not-there.zip")
    assert found.modified.keys() == set(paths)
    assert all(abs(datetime.now(UTC) - each) < timedelta(hours=1) for each in found.modified.values())


def test_a_place_that_is_there_answers(probe: Probe) -> None:
    asyncio.run(probe.answer())


def test_files_are_found_with_their_sizes_and_folders_without(probe: Probe) -> None:
    wanted = ["/a.zip", "/scenes/1.zip", "/scenes/2 x+y%.zip", "/scenes/ä.zip", "/z/deep", "/gone.zip", "/scenes/gone"]
    sizes = {"/a.zip": 1, "/scenes/1.zip": 3, "/scenes/2 x+y%.zip": 3, "/scenes/ä.zip": 0, "/z/deep": None}
    assert stock(probe, *wanted).sizes == sizes
    assert stock(probe, "/scenes/1.zi").sizes == {}
    assert stock(probe, "/scenes/1.zip/x", "/scenes/1").sizes == {}


def test_a_file_is_written_and_removed(probe: Probe) -> None:
    asyncio.run(written(probe, "eocanvas-apply-check-1.txt"))
    assert stock(probe, "/eocanvas-apply-check-1.txt").sizes == {}


def test_wrong_secrets_are_refused(real: Storages) -> None:
    name = real.bucket(FILES)
    for probe in (bucket(real, name, "wrong"), folder(real, "wrong")):
        assert refusal(probe.answer()) == "storage-denied"
        assert refusal(probe.stock(["/a.zip", "/scenes/1.zip"])) == "storage-denied"
        assert refusal(written(probe, "x.txt")) == "storage-denied"


def test_places_that_are_not_there(real: Storages) -> None:
    assert refusal(bucket(real, "no-such-bucket").answer()) == "storage-no-bucket"
    assert refusal(bucket(real, "no-such-bucket").stock(["/a"])) == "storage-no-bucket"
    assert refusal(written(bucket(real, "no-such-bucket"), "a")) == "storage-no-bucket"
    assert refusal(folder(real, path="/nowhere").answer()) == "storage-no-folder"
    assert refusal(folder(real, path="/nowhere").stock(["/a"])) == "storage-no-folder"
    assert refusal(written(folder(real, path="/nowhere"), "a")) == "storage-no-folder"


def test_a_public_bucket_is_read_without_credentials(real: Storages) -> None:
    name = real.public_bucket(FILES)
    probe = BucketProbe(Bucket(name, real.s3_endpoint, REGION, "key.k"), TIMEOUT)
    assert stock(probe, "/a.zip").sizes == {"/a.zip": 1}
    private = BucketProbe(Bucket(real.bucket(FILES), real.s3_endpoint, REGION, "key.k"), TIMEOUT)
    assert refusal(private.stock(["/a.zip"])) == "storage-denied"


def test_where_nothing_is_found_names_of_the_bucket_are_there_to_suggest(real: Storages) -> None:
    found = stock(bucket(real, real.bucket(FILES)), "/Scenes/1.zip", "/Scenes/3.zip")
    assert found.sizes == {}
    assert "/scenes/1.zip" in found.names


def test_certificates_that_are_not_trusted_are_said(real: Storages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert refusal(bucket(real, "scenes").answer()) == "storage-certificate"
    assert refusal(folder(real).answer()) == "storage-certificate"
