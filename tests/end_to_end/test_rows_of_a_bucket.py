"""A campaign over the files of a real bucket, as a user runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.storages import ACCESS, SECRET, Storages, product, storages
from tests.end_to_end.tool import Tool

MANIFEST = """
version: 1
project: {bucket}
keys:
  scenes:
    type: s3
    bucket: {bucket}
    region: waw3-2
    endpoint: {endpoint}
    access_key: {{env: ACCESS}}
    secret_key: {{env: SECRET}}
jobs:
  subset:
    for_each: {{s3: {{key: scenes, prefix: 2024/, match: "*.zip"}}}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "${{each.path}}", uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{download: maps}}
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storages]:
    with storages(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
def tool(servers: Storages, tmp_path: Path) -> Tool:
    scene = product(b"<manifest/>")
    bucket = servers.bucket({"2024/a.zip": scene, "2024/07/b.zip": scene, "2024/notes.txt": b"-", "2023/c.zip": scene})
    environ = {"ACCESS": ACCESS, "SECRET": SECRET}
    tool = Tool(tmp_path, servers.emulator, environ, servers.certificate.authority)
    tool.write(MANIFEST.format(bucket=bucket, endpoint=servers.s3_endpoint))
    return tool


def test_every_file_is_a_row_and_runs_once(tool: Tool) -> None:
    ended = tool.run("apply", "--yes", "--format", "json")
    assert ended.code == 0, ended
    rows = {r["address"]: r["outcome"] for r in ended.document["results"] if r["address"].startswith("job.")}
    assert rows == {'job.subset["a.zip"]': "done", 'job.subset["b.zip"]': "done"}
    assert len(list((tool.project / "maps").glob("*.zip/*"))) == 2
    again = tool.run("plan", "--detailed-exitcode")
    assert again.code == 0, again


def test_a_wrong_secret_is_reported_at_the_step_and_never_shown(tool: Tool) -> None:
    tool.environ["SECRET"] = "canary-that-opens-nothing"
    ended = tool.run("plan", "-v")
    assert ended.code == 1, ended
    assert "eocanvas.yaml:14:16: error: key.scenes: bucket" in ended.err
    assert "may not be listed: 403 (SignatureDoesNotMatch) [storage-denied]" in ended.err
    assert "check secret_key" in ended.err
    assert "canary-that-opens-nothing" not in ended.out + ended.err
    assert ACCESS not in ended.out + ended.err


def test_an_unset_secret_is_reported_before_anything_is_sent(tool: Tool) -> None:
    del tool.environ["SECRET"]
    ended = tool.run("plan")
    assert ended.code == 1, ended
    assert "the environment variable SECRET is not set [secret-unset]" in ended.err


def test_an_unreachable_storage_loses_nothing(tool: Tool) -> None:
    assert tool.run("apply", "--yes").code == 0
    before = tool.ledger.read_bytes()
    manifest = tool.project / "eocanvas.yaml"
    text = manifest.read_text(encoding="utf-8")
    nowhere = re.sub("endpoint: .*", "endpoint: https://127.0.0.1:9", text)
    manifest.write_text(nowhere, encoding="utf-8")
    ended = tool.run("apply", "--yes")
    assert ended.code == 1, ended
    assert "[storage-unreachable]" in ended.err
    assert tool.ledger.read_bytes() == before
    assert tool.run("logs", "subset/a.zip").code == 0, "a job's log needs no listing"
