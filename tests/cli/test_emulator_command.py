from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from eocanvas_apply.cli import main

ROOT = Path(__file__).parents[2]


def test_the_emulator_prints_its_address_and_serves_until_stopped(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "eocanvas_apply", "emulator", "--port", "0", "--ready", str(ready)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            assert set(addresses) == {"url", "token_url", "hda_url"}
            assert json.loads(ready.read_text(encoding="utf-8")) == addresses
            account = {"username": "jane", "password": "correct-horse"}
            assert httpx.post(addresses["token_url"], json=account).json()["access_token"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("command", ["emulator", "demo"])
def test_without_its_extra_the_emulator_names_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "eocanvas_apply.emulator.http.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main([command]) == 1
    assert "pip install 'eocanvas-apply[emulator]'" in capsys.readouterr().err
