from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator, running, serve
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.emulator.model_client import private_key, snap_body

LOG_IN = {"username": DEFAULT_USER.name, "password": DEFAULT_USER.password}


@contextmanager
def client_of(emulator: RunningEmulator, **options: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.url, timeout=20, trust_env=False, **options) as client:
        token = client.post(emulator.token_url, json=LOG_IN).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(private_key=private_key(), seed=1)) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[httpx.Client]:
    with client_of(emulator) as client:
        yield client


def test_the_wire_is_served_over_http(emulator: RunningEmulator, client: httpx.Client) -> None:
    answer = client.get("/processes?limit=2")
    assert [process["id"] for process in answer.json()["processes"]] == ["snap-function", "dataTailor"]
    assert answer.json()["links"][-1]["href"] == f"{emulator.url}/processes?limit=2&offset=2"
    assert len(answer.headers.get_list("date")) == 1


def test_a_job_runs_and_its_result_is_fetched(emulator: RunningEmulator, client: httpx.Client) -> None:
    job_id = client.post("/processes/snap-function/execution", json=snap_body()).json()["jobID"]
    emulator.advance(10)
    assert client.get(f"/jobs/{job_id}").json()["status"] == "successful"
    (result,) = client.get(f"/jobs/{job_id}/results").json()
    whole = client.get(result["href"]).content
    assert client.get(result["href"], headers={"range": "bytes=100-"}).content == whole[100:]
    head = client.head(result["href"])
    assert (head.headers["content-length"], head.content) == (str(len(whole)), b"")


def test_a_key_is_deleted_without_a_body(emulator: RunningEmulator, client: httpx.Client) -> None:
    with emulator.model() as frontend:
        assert frontend.service.plaintext_of("eodata") is None
    answer = client.delete("/keys/absent")
    assert answer.status_code == 404


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_a_dropped_connection_is_a_dropped_socket(emulator: RunningEmulator, client: httpx.Client, kind: Any) -> None:
    with emulator.model() as frontend:
        frontend.faults.append(Fault(kind, path="*/jobs"))
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
        client.get("/jobs")
    assert client.get("/jobs").status_code == 200


def test_a_truncated_answer_ends_in_the_middle(emulator: RunningEmulator, client: httpx.Client) -> None:
    with emulator.model() as frontend:
        frontend.faults.append(Fault("truncate", path="*/jobs", at=5))
    with pytest.raises(httpx.RemoteProtocolError, match="received 5 bytes"):
        client.get("/jobs")


def test_a_delayed_answer_does_not_delay_others(emulator: RunningEmulator, client: httpx.Client) -> None:
    with emulator.model() as frontend:
        frontend.faults.append(Fault("delay", path="*/jobs", seconds=60))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/jobs", timeout=0.05)
    assert client.get("/jobs").status_code == 200


def test_the_control_is_reached_over_http(emulator: RunningEmulator, client: httpx.Client) -> None:
    orders = {"faults": [{"kind": "status", "status": 503, "path": "*/keys"}], "advance": "1ms"}
    state = httpx.post(f"{emulator.origin}/_emulator", json=orders, trust_env=False)
    assert state.json()["faults"][0]["status"] == 503
    assert client.get("/keys").status_code == 503
    received = httpx.get(f"{emulator.origin}/_emulator/requests", trust_env=False).json()
    assert received[-1]["path"] == "/serverless/keys"
    assert received[-1]["fault"] == "status"


def test_several_clients_are_answered_at_once(emulator: RunningEmulator, client: httpx.Client) -> None:
    statuses: list[int] = []

    def ask() -> None:
        with client_of(emulator) as mine:
            statuses.extend(mine.get("/jobs").status_code for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80


def test_a_client_that_disconnects_does_not_disturb_others(emulator: RunningEmulator, client: httpx.Client) -> None:
    host, _, port = emulator.origin.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(b"POST /serverless/keys HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    with emulator.model() as frontend:
        before = len(frontend.received)
    assert client.get("/jobs").status_code == 200
    with emulator.model() as frontend:
        assert [entry.request.path for entry in frontend.received][before:] == ["/serverless/jobs"]


def test_the_options_reach_the_model() -> None:
    options = Options(
        private_key=private_key(),
        latency=0.001,
        speed=1000,
        behaviour=Behaviour(token_at="hda-broker", job_stamps="dots"),
        faults=(Fault("html", path="*/keys"),),
        job_faults=(JobFault("graph"),),
    )
    with running(options) as emulator, client_of(emulator) as client:
        assert emulator.token_url == f"{emulator.origin}/hda-broker/gettoken"
        assert emulator.hda_url == f"{emulator.origin}/hda-broker"
        assert client.get("/keys").headers["content-type"].startswith("text/html")
        job_id = client.post("/processes/snap-function/execution", json=snap_body()).json()["jobID"]
        emulator.advance(10)
        assert client.get(f"/jobs/{job_id}").json()["status"] == "failed"


def test_tls_uses_its_own_certificate_authority(tmp_path: Path) -> None:
    options = Options(tls_dir=tmp_path / "tls", private_key=private_key())
    for _ in range(2):
        with running(options) as emulator:
            assert emulator.addresses()["ca_file"] == str(tmp_path / "tls" / "ca.pem")
            context = ssl.create_default_context(cafile=emulator.addresses()["ca_file"])
            with client_of(emulator, verify=context) as client:
                assert emulator.url.startswith("https://127.0.0.1:")
                assert client.get("/jobs").json()["links"][0]["href"].startswith(emulator.url)
    assert stat.S_IMODE((tmp_path / "tls" / "server.pem").stat().st_mode) == 0o600


def test_tls_can_use_given_files(tmp_path: Path) -> None:
    with running(Options(tls_dir=tmp_path)):
        pass
    pem = tmp_path / "server.pem"
    with running(Options(tls=(pem, pem), private_key=private_key())) as emulator:
        assert "ca_file" not in emulator.addresses()
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with client_of(emulator, verify=context) as client:
            assert client.get("/keys").status_code == 200


def test_a_port_in_use_is_reported(emulator: RunningEmulator) -> None:
    port = int(emulator.origin.rpartition(":")[2])
    with pytest.raises(OSError, match="in use") as caught, running(Options(port=port)):
        pytest.fail("it runs")
    assert caught.value.filename == f"127.0.0.1:{port}"


def test_an_unusable_certificate_is_reported(tmp_path: Path) -> None:
    absent, rubbish = tmp_path / "absent.pem", tmp_path / "rubbish.pem"
    with pytest.raises(FileNotFoundError, match=r"absent\.pem"):
        RunningEmulator(Options(tls=(absent, absent)))
    rubbish.write_text("rubbish", encoding="utf-8")
    with pytest.raises(OSError, match=r"not a certificate.*rubbish\.pem"):
        RunningEmulator(Options(tls=(rubbish, rubbish)))


def test_nothing_is_left_after_the_end() -> None:
    before = set(threading.enumerate())
    with running(Options(private_key=private_key(), storage="real")) as emulator, client_of(emulator) as client:
        client.get("/keys")
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(emulator.url, trust_env=False)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_emulator_prints_its_addresses_and_ends_on_a_signal(tmp_path: Path, number: int) -> None:
    ready = tmp_path / "ready.json"
    program = (
        "import pathlib, sys; from eocanvas_apply.emulator.http import emulator_options as options;"
        "from eocanvas_apply.emulator.http import server;"
        "sys.exit(server.serve(options.Options(ready=pathlib.Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, str(ready)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        until(ready.exists)
        assert ready.read_text() == line
        addresses = json.loads(line)
        assert set(addresses) == {"url", "token_url", "hda_url"}
        assert httpx.post(addresses["token_url"], json=LOG_IN, trust_env=False).status_code == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert [file.name for file in tmp_path.iterdir()] == ["ready.json"]


def test_serving_restores_the_signal_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    assert serve(Options(private_key=private_key())) == 0
    timer.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert set(json.loads(capsys.readouterr().out)) == {"url", "token_url", "hda_url"}
