"""`validate --storage` and `doctor --storage` against real storages, as a user runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.storages import ACCESS, DRIVE_PASSWORD, DRIVE_USER, SECRET, Storages, storages
from tests.end_to_end.tool import Ended, Tool

MANIFEST = """
version: 1
project: preflight
keys:
  scenes: {{type: s3, bucket: {bucket}, region: waw3-2, endpoint: "{s3}",
           access_key: {{env: ACCESS}}, secret_key: {{env: SECRET}}}}
  drive: {{type: webdav, endpoint: "{dav}", username: {user}, password: {{env: DRIVE_PASSWORD}}}}
jobs:
  one:
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: /scenes/1.zip}}}}
    output: {{key: drive}}
  many:
    for_each: {{list: [{{id: a, n: 1}}, {{id: b, n: 2}}, {{id: c, n: 3}}]}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "/scenes/${{each.n}}.zip"}}}}
    output: {{key: scenes}}
"""


@pytest.fixture(scope="module", name="real")
def _real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storages]:
    with storages(tmp_path_factory.mktemp("storages")) as real:
        yield real


@pytest.fixture(name="tool")
def _tool(real: Storages, tmp_path: Path) -> Tool:
    secrets = {"ACCESS": ACCESS, "SECRET": SECRET, "DRIVE_PASSWORD": DRIVE_PASSWORD}
    tool = Tool(tmp_path, real.emulator, secrets, real.certificate.authority)
    bucket = real.bucket({"scenes/1.zip": b"x", "scenes/2.zip": b"y", "scenes/3.zip": b"z"})
    tool.write(MANIFEST.format(bucket=bucket, s3=real.s3_endpoint, dav=real.dav_endpoint, user=DRIVE_USER))
    return tool


def codes(ended: Ended) -> list[tuple[str, str | None, int | None]]:
    return [(d["code"], d["address"], d["line"]) for d in ended.document["diagnostics"] if d["severity"] == "error"]


def without_secrets(ended: Ended) -> Ended:
    assert not {secret for secret in (ACCESS, SECRET, DRIVE_PASSWORD, "wr0ng") if secret in ended.out + ended.err}
    return ended


def test_a_project_whose_storages_are_right(tool: Tool) -> None:
    ended = without_secrets(tool.run("validate", "--storage"))
    assert ended.code == 0, ended
    assert "answers; 3 of 3 inputs are there\n" in ended.out
    assert ended.out.count("answers") == 2
    checked = tool.run("validate", "--storage=write", "--format", "json").document["storage"]
    assert [(each["address"], each["ok"], each["found"], each["written"]) for each in checked] == [
        ("key.scenes", True, 3, True),
        ("key.drive", True, 0, True),
    ]
    assert tool.run("doctor", "--storage").out.count("answers") == 2


def test_nothing_is_written_without_being_asked_for(tool: Tool, real: Storages) -> None:
    tool.run("validate", "--storage")
    assert real.on_drive("").text.count("eocanvas-apply-check") == 0


def test_missing_inputs_stand_at_their_line_once_a_campaign(tool: Tool) -> None:
    text = (tool.project / "eocanvas.yaml").read_text(encoding="utf-8")
    (tool.project / "eocanvas.yaml").write_text(text.replace("/scenes/", "/Scenes/"), encoding="utf-8")
    ended = tool.run("validate", "--storage", "--format", "json")
    assert ended.code == 1
    assert codes(ended) == [("storage-input-missing", "job.one", 11), ("storage-input-missing", "job.many", 16)]
    assert "(and 1 more of this input)" in ended.out
    assert "did you mean /scenes/1.zip?" in ended.out


def test_a_path_that_begins_with_the_bucket_says_so(tool: Tool) -> None:
    text = (tool.project / "eocanvas.yaml").read_text(encoding="utf-8")
    name = text.partition("bucket: ")[2].partition(",")[0]
    (tool.project / "eocanvas.yaml").write_text(text.replace("path: /scenes/", f"path: /{name}/scenes/"), "utf-8")
    assert "the bucket is not a part of paths: write /scenes/1.zip" in tool.run("validate", "--storage").err


def test_what_a_policy_refuses_gets_no_secret_and_no_request(tool: Tool) -> None:
    policy = tool.project.parent / "policy.yaml"
    policy.write_text('version: 1\nendpoints: ["https://elsewhere.example.org"]\n', encoding="utf-8")
    for words in (("doctor", "--storage"), ("validate", "--storage")):
        ended = tool.run(*words, EOCANVAS_APPLY_POLICY=str(policy), SECRET="")
        assert ended.code != 0
        assert "endpoints" in ended.out + ended.err
        assert "answers" not in ended.out
        assert "SECRET" not in ended.out + ended.err


def test_wrong_secrets_and_unset_ones_stand_at_their_key(tool: Tool) -> None:
    ended = without_secrets(tool.run("validate", "--storage", "--format", "json", SECRET="wr0ng"))
    assert codes(ended) == [("storage-denied", "key.scenes", 5)]
    both = without_secrets(tool.run("doctor", "--storage", SECRET="wr0ng", DRIVE_PASSWORD="wr0ng"))
    assert both.code == 1
    assert both.out.count("may not be") == 2
    assert codes(tool.run("validate", "--storage", "--format", "json", SECRET="")) == [
        ("secret-empty", "key.scenes", 6)
    ]


def test_without_the_option_no_secret_is_needed(tool: Tool) -> None:
    assert tool.run("validate", ACCESS="", SECRET="", DRIVE_PASSWORD="").code == 0


def test_empty_inputs_eodata_and_keys_of_others(tool: Tool, real: Storages) -> None:
    bucket = real.bucket({"scenes/1.zip": b"", "scenes/2.zip": b"y", "scenes/3.zip": b"z"})
    text = MANIFEST.format(bucket=bucket, s3=real.s3_endpoint, dav=real.dav_endpoint, user=DRIVE_USER)
    text = text.replace(
        "jobs:",
        "  anns: {type: existing, name: ann-key, storage: s3}\n"
        "  bobs: {type: existing, name: bob-key, storage: s3}\njobs:",
    )
    text += """
  public: {graph: graph.xml, inputs: {img1: {key: eodata, path: /Sentinel3/OLCI/x.SEN3}}}
  theirs: {graph: graph.xml, inputs: {img1: {key: anns, path: /x.zip}}}
"""
    (tool.project / "eocanvas.yaml").write_text(text, encoding="utf-8")
    ended = tool.run("validate", "--storage", "--format", "json")
    found = {(d["code"], d["address"]) for d in ended.document["diagnostics"]}
    notes = [d["message"] for d in ended.document["diagnostics"] if d["code"] == "storage-not-asked"]
    assert [note.endswith("key.anns, key.bobs") for note in notes] == [True]
    assert {
        ("storage-input-empty", "job.one"),
        ("eodata-folder", "job.public"),
        ("storage-not-asked", "key.anns"),
    } <= found
    assert "did you mean Sentinel-3?" in ended.out


def test_nothing_on_screen_or_disk_holds_a_secret(tool: Tool) -> None:
    wrong = {"SECRET": "wr0ng", "DRIVE_PASSWORD": "wr0ng-too"}
    without_secrets(tool.run("validate", "--storage=write", "-v", **wrong))
    without_secrets(tool.run("validate", "--storage=write", "--format", "json"))
    without_secrets(tool.run("doctor", "--storage=write", "--format", "json", **wrong))
    without_secrets(tool.run("doctor", "--storage=write", "-v", "--log", "run.log"))
    assert (tool.project / "run.log").stat().st_size
    for path in filter(Path.is_file, tool.folder.rglob("*")):
        assert not {each for each in (ACCESS, SECRET, DRIVE_PASSWORD, "wr0ng") if each.encode() in path.read_bytes()}
