"""The check of one storage ends, however slowly that storage answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.engine.definition import given_rows, open_project
from eocanvas_apply.engine.inspection import preflight
from eocanvas_apply.engine.opening import open_vault, secret_sources
from tests.storage.odd_servers import slow

MANIFEST = """
version: 1
project: slow
keys:
  drive: {{type: webdav, endpoint: "{address}", username: jane, password: {{env: PASSWORD}}}}
"""


def test_a_storage_that_is_slow_as_a_whole_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "LONGEST_S", 0.3)
    with slow() as (address, _):
        (tmp_path / "eocanvas.yaml").write_text(MANIFEST.format(address=address), encoding="utf-8")
        project = open_project(tmp_path / "eocanvas.yaml")
        vault = open_vault(project, secret_sources(project, {"PASSWORD": "canary"}, allow_commands=False))
        campaigns = given_rows(project, datetime(2024, 7, 1, tzinfo=UTC))
        (checked,) = asyncio.run(preflight.preflight(campaigns, vault, write=False))
    (found,) = checked.diagnostics
    assert (found.code, found.address, checked.asked) == ("storage-unreachable", "key.drive", False)
    assert "had not answered everything" in found.message
