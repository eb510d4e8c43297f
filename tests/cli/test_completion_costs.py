"""To ask what may follow costs little, sends nothing, writes nothing and says nothing."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.offered import MANIFEST, ROOT, Offered, offered_project

__all__ = ["offered_project"]


@pytest.mark.parametrize(
    "line", ["eoc 'open", 'eoc why "', "eoc why \\", "", "eoc why tiles/../", "eoc why \x00", "eoc -f"]
)
def test_a_line_that_is_no_command_is_no_fault(line: str, offered: Offered) -> None:
    for point in (0, 3, len(line)):
        offered(line.replace("\x00", "\x01"), point=point)


LINES = (
    *("eoc ", "eoc why ", "eoc why tiles/", "eoc why found/", "eoc logs found/", "eoc plan --env ", "eoc plan -f "),
    *("eoc apply --only tiles/", "eoc apply ", "eoc doctor --", "eoc why --ledger s3://ledgers/coast tiles/"),
    *("eoc why --ledger postgresql://eo@127.0.0.1:{port}/coast ", "eoc why --allow-commands tiles/"),
)


def test_nothing_is_sent_and_nothing_written_and_no_secret_is_read(offered: Offered) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        names = ("EOCANVAS_URL", "EOCANVAS_TOKEN_URL", "HDA_URL", "AWS_ENDPOINT_URL_S3", "HTTPS_PROXY", "HTTP_PROXY")
        offered.environ = {
            **dict.fromkeys(names, f"http://127.0.0.1:{port}"),
            "HDA_USER": "jane",
            "HDA_PASSWORD": "canary",
            "CANARY": "canary",
            "AWS_ALLOW_HTTP": "true",
        }
        before = _state(offered.folder)
        for line in LINES:
            assert "canary" not in str(offered(line.format(port=port)))
        assert _state(offered.folder) == before
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_literal_secret_is_not_shown(offered: Offered) -> None:
    offered.write("eocanvas.yaml", MANIFEST)
    assert all("canary" not in str(offered(line.format(port=1))) for line in LINES)


def _state(folder: Path) -> Mapping[str, tuple[int, int]]:
    return {str(each): (each.stat().st_mtime_ns, each.stat().st_size) for each in folder.rglob("*")}


def _imported(offered: Offered, line: str) -> set[str]:
    offered.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    assert offered(line)
    return set(re.findall(r"\| +([\w.]+)$", offered.imported, re.MULTILINE))


SLOW = {
    "asyncio",
    "dataclasses",
    "inspect",
    "logging",
    "pathlib",
    "pydantic",
    "rich",
    "shutil",
    "tomllib",
    "yaml",
}


@pytest.mark.parametrize("line", ["eoc ", "eoc apply --", "eoc plan --format ", "eoc ledger show --"])
def test_words_and_options_are_offered_without_anything_slow(line: str, offered: Offered) -> None:
    imported = _imported(offered, line)
    assert "argcomplete" in imported
    assert imported & SLOW == set()
    ours = {each for each in imported if each.startswith("eocanvas_apply.")}
    assert all(each.startswith("eocanvas_apply.cli") for each in ours)
    assert not any(each.startswith("eocanvas_apply.cli.commands.") for each in ours)


def test_addresses_are_offered_without_the_checks_of_a_manifest(offered: Offered) -> None:
    offered.events(("job-intended", '"job.removed"'))
    imported = _imported(offered, "eoc why ")
    assert "yaml" in imported
    assert imported & {"pydantic", "httpx", "asyncio", "rich", "cryptography"} == set()


def test_rows_are_read_without_the_service(offered: Offered) -> None:
    assert {"httpx", "eocanvas_apply.engine.engine"} & _imported(offered, "eoc why tiles/") == set()


def test_a_command_runs_where_only_half_of_a_question_is_in_the_environment(offered: Offered) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "_ARGCOMPLETE": "1"}
    command = [sys.executable, "-m", "eocanvas_apply", "--version"]
    ended = subprocess.run(command, cwd=offered.folder, env=environ, capture_output=True, text=True)
    assert ended.stdout.startswith("eocanvas-apply ")
