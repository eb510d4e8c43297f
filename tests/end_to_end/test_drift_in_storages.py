"""`plan --refresh-only` looks for results in a real bucket and on a real WebDAV server, as a user runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.storages import ACCESS, DRIVE_PASSWORD, DRIVE_USER, SECRET, Storages, product, storages
from tests.end_to_end.tool import Ended, Tool

MANIFEST = """
version: 1
project: {bucket}
keys:
  scenes: {{type: s3, bucket: {bucket}, region: waw3-2, endpoint: "{s3}",
           access_key: {{env: ACCESS}}, secret_key: {{env: SECRET}}}}
  drive: {{type: webdav, endpoint: "{dav}", username: {user}, password: {{env: DRIVE_PASSWORD}}}}
defaults:
  jobs:
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: /scene.zip, uncompress: true, sub_path: xfdumanifest.xml}}}}
jobs:
  to-bucket: {{output: {{key: scenes}}}}
  to-drive: {{output: {{key: drive}}}}
"""
REFRESH = ("plan", "--refresh-only", "--detailed-exitcode", "--format", "json")


@pytest.fixture(name="real")
def _real(tmp_path: Path) -> Iterator[Storages]:
    with storages(tmp_path) as real:
        yield real


def drifted(ended: Ended) -> list[tuple[str, str]]:
    return [(each["address"], each["drift"]) for each in ended.document["drift"]]


def test_results_that_were_removed_or_emptied_in_a_storage(real: Storages, tmp_path: Path) -> None:
    tool = Tool(
        tmp_path / "tool",
        real.emulator,
        {"ACCESS": ACCESS, "SECRET": SECRET, "DRIVE_PASSWORD": DRIVE_PASSWORD},
        real.certificate.authority,
    )
    bucket = real.bucket({"scene.zip": product(b"manifest")})
    tool.write(MANIFEST.format(bucket=bucket, s3=real.s3_endpoint, dav=real.dav_endpoint, user=DRIVE_USER))
    applied = tool.run("apply", "--yes")
    assert applied.code == 0, applied
    untouched = tool.run(*REFRESH)
    assert (untouched.code, drifted(untouched)) == (0, []), untouched

    (result,) = real.in_bucket(bucket).keys() - {"scene.zip"}
    real.s3.put_object(Bucket=bucket, Key=result, Body=b"")
    assert drifted(tool.run(*REFRESH)) == [("job.to-bucket", "object-empty")]
    real.s3.delete_object(Bucket=bucket, Key=result)
    (on_drive,) = (each for each in (tmp_path / "drive" / "files").rglob("*") if each.is_file())
    later = on_drive.stat().st_mtime + 60
    os.utime(on_drive, (later, later))
    assert drifted(tool.run(*REFRESH)) == [("job.to-bucket", "object-gone"), ("job.to-drive", "object-changed")]
    on_drive.unlink()
    gone = tool.run(*REFRESH)
    assert gone.code == 2, gone
    assert drifted(gone) == [("job.to-bucket", "object-gone"), ("job.to-drive", "object-gone")]
    assert gone.document["drift"][0]["place"] == f"s3://{bucket}/{result}"

    denied = tool.run(*REFRESH, SECRET="wr0ng")
    assert denied.code == 1
    assert "storage-denied" in {each["code"] for each in denied.document["diagnostics"]}
    assert "wr0ng" not in denied.out + denied.err
    unset = tool.run(*REFRESH[:3], SECRET="")
    assert "see the messages" in unset.out
    assert "[storage-not-asked]" in unset.err
