"""Secrets reach only the service: no screen, no log and no file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.cli.interruption import DOCUMENTS
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import running
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.emulator.model.keystore import S3Credentials, WebdavCredentials
from tests.emulator.model_client import private_key
from tests.end_to_end.canaries import Canary, leaks
from tests.end_to_end.tool import GRAPH, Ended, Tool

MANIFEST = """
version: 1
project: canaries
keys:
  scenes:
    type: s3
    bucket: b
    region: r
    endpoint: https://s3.example
    access_key: {env: ACCESS}
    secret_key: {env: SECRET}
  drive:
    type: webdav
    endpoint: https://dav.example
    username: jane
    password: {file: {env: PASSWORD_FILE}}
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {key: scenes, path: /a.nc}}
    output: {key: drive}
  fetched:
    graph: graph.xml
    inputs: {img1: {key: scenes, path: /b.nc}}
"""


class CanaryProject:
    """A project whose secrets are canaries, and everything that it has printed."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.account, self.access, self.secret, self.drive, self.pepper = (
            Canary.drawn(what) for what in ("account", "access key", "secret key", "drive password", "pepper")
        )
        # The sealed text is short, and so are these two.
        self.access = replace(self.access, before="", after="")
        self.canaries = [self.account, self.access, self.secret, self.drive, self.pepper]
        self.said: list[str] = []
        self.folder = folder
        self.options = Options(
            users=(User("jane", self.account.value),), job_time=0.2, private_key=private_key(), **options
        )

    @contextmanager
    def open(self) -> Iterator[CanaryProject]:
        """Run the service, and have the project ready for it."""
        vault = self.folder / "vault"
        vault.mkdir()
        (vault / "password").write_text(self.drive.value, encoding="utf-8")
        (vault / "password").chmod(0o600)
        with running(self.options) as emulator:
            secret = {"ACCESS": self.access.value, "SECRET": self.secret.value}
            secret["EOCANVAS_APPLY_PEPPER"] = self.pepper.value
            account = {"HDA_PASSWORD": self.account.value, "PASSWORD_FILE": str(vault / "password")}
            self.tool = Tool(self.folder / "place", emulator, {**secret, **account})
            self.tool.write(MANIFEST)
            yield self

    def run(self, *words: str, **environ: str) -> Ended:
        """Run a command and keep its output."""
        ended = self.tool.run(*words, **environ)
        self.heard(ended)
        return ended

    def heard(self, *runs: Ended) -> None:
        """Keep the output of commands, none of which may have ended by a fault of its own."""
        for ended in runs:
            self.said += [ended.out, ended.err]
            assert "Traceback" not in ended.err, ended
            assert "internal error" not in ended.err + ended.out, ended

    def run_both(self, *words: str, **environ: str) -> None:
        """Run a command twice: as verbose text, and as JSON."""
        self.run(*words, "-v", "--log", "run.log", **environ)
        self.run(*words, "--format", "json", **environ)

    def fault(self, fault: Fault) -> None:
        with self.tool.emulator.model() as wire:
            wire.faults.append(fault)

    @property
    def all_secrets(self) -> str:
        return " ".join(canary.value for canary in self.canaries)

    @property
    def tokens(self) -> list[Canary]:
        """What the service gave at log-in, as far as it was used."""
        with self.tool.emulator.model() as wire:
            headers = {entry.request.headers.get("authorization", "") for entry in wire.received}
        return [Canary("token", header.removeprefix("Bearer ")) for header in headers if header]

    def expect_no_leak(self) -> None:
        """Check that no secret and no token is anywhere it does not belong."""
        assert leaks([*self.canaries, *self.tokens], [self.tool.folder], self.said) == []
        assert leaks(self.canaries, [], self.sent()) == []

    def sent(self) -> list[str]:
        """Return what the service received, except requests that must carry the password."""
        with self.tool.emulator.model() as wire:
            requests = [entry.request for entry in wire.received]
        parts = [f"{r.method} {r.path}?{r.query} {r.headers}" for r in requests]
        return parts + [r.body.decode() for r in requests if not r.path.endswith("/gettoken")]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CanaryProject]:
    with CanaryProject(tmp_path).open() as project:
        yield project


def test_a_canary_is_recognised_in_every_encoding(tmp_path: Path) -> None:
    canary = Canary.drawn("secret")
    value = canary.value
    dresses = [
        value,
        repr(value),
        json.dumps(value),
        quote_plus(value),
        canary.core[7:18],
        value.encode().hex(),
        hashlib.sha256(value.encode()).hexdigest(),
        *(base64.b64encode(b"x" * shift + value.encode()).decode() for shift in range(3)),
    ]
    assert [len(leaks([canary], [], [dress])) for dress in dresses] == [1] * len(dresses)
    (tmp_path / "file").write_bytes(b"\0" + value.encode())
    assert leaks([canary], [tmp_path], []) == [f"secret in {tmp_path / 'file'}"]
    assert leaks([Canary.drawn("another")], [tmp_path], dresses) == []


def test_the_service_receives_the_secrets(project: CanaryProject) -> None:
    ended = project.run("apply", "--yes")
    assert ended.code == 0, ended
    with project.tool.emulator.model() as wire:
        held = [key.credentials for key in wire.service.keystore if key.credentials]
    s3 = S3Credentials(project.access.value, project.secret.value, "b", "https://s3.example", "r")
    dav = WebdavCredentials("https://dav.example", "jane", project.drive.value)
    assert sorted(held, key=str) == [s3, dav]


def test_changed_secrets_are_compared_without_being_shown(project: CanaryProject) -> None:
    project.run("apply", "--yes", "--no-wait")
    (project.tool.project / "eocanvas.yaml").write_text(MANIFEST.replace("/b.nc", "/c.nc"), encoding="utf-8")
    another = Canary.drawn("another secret key")
    project.canaries.append(another)
    plan = project.run("plan", "--format", "json", SECRET=another.value).document
    changes = [change for action in plan["actions"] for change in action.get("changes", ())]
    assert {"path": "secret_key", "sensitive": True} in changes
    project.run("apply", "--yes", "-v", SECRET=another.value)
    project.expect_no_leak()


def test_a_wrong_password_is_not_repeated(project: CanaryProject) -> None:
    wrong = Canary.drawn("wrong password")
    project.canaries.append(wrong)
    project.run_both("doctor", HDA_PASSWORD=wrong.value)
    project.run_both("validate", "--online", HDA_PASSWORD=wrong.value)
    assert project.run("apply", "--yes", "-v", HDA_PASSWORD=wrong.value).code == 1
    project.expect_no_leak()


def test_a_password_in_a_credentials_file_is_not_repeated(project: CanaryProject) -> None:
    place = project.folder / "vault" / "hdarc"
    place.write_text(f"user: jane\npassword: {project.account.value}\n", encoding="utf-8")
    place.chmod(0o644)
    project.run("doctor", "-v", HDA_USER="", HDA_PASSWORD="", HDA_RC=str(place))
    place.write_text(f"user jane\npassword= {project.account.value}\n", encoding="utf-8")
    assert project.run("plan", "-v", HDA_USER="", HDA_PASSWORD="", HDA_RC=str(place)).code == 1
    project.expect_no_leak()


LOG_IN = Fault("status", path="*/gettoken", times=None, status=401)
KEY = Fault("status", method="POST", path="*/keys", times=None, status=400)
PAGE = Fault("status", method="GET", path="*/keys", times=None, status=400, content_type="text/html")
LAUNCH = Fault("status", method="POST", path="*/execution", times=None, status=400)


@pytest.mark.parametrize("fault", [LOG_IN, KEY, PAGE, LAUNCH], ids=["log-in", "key", "page", "launch"])
def test_secrets_repeated_by_the_service_are_not_shown(project: CanaryProject, fault: Fault) -> None:
    project.fault(replace(fault, body=f"cannot take {project.all_secrets}"))
    project.run("apply", "--yes", "--no-wait", "-v", "--log", "run.log")
    project.run("apply", "--yes", "--no-wait", "--format", "json")
    project.expect_no_leak()


def test_a_job_log_that_holds_secrets_is_shown_without(project: CanaryProject) -> None:
    project.run("apply", "--yes")
    said = [{"timestamp": "2024-12-06T15:31:45Z", "message": f"+ curl -u jane:{project.all_secrets}"}]
    project.fault(Fault("status", path="*/logs", times=None, status=200, body=said))
    project.run_both("logs", "subset")
    project.expect_no_leak()


def test_a_remark_of_a_log_that_holds_secrets_is_shown_without(project: CanaryProject) -> None:
    head = "WARNING: org.esa.snap.core.dataop.dem.ElevationFile: http error:"
    text = f"{head}http://jane:{project.drive.value}@dem.example/{project.all_secrets}"
    project.fault(Fault("status", path="*/logs", times=None, status=200, body=[{"timestamp": "", "message": text}]))
    assert "dem-tile-missing" in project.run("apply", "--yes").out
    for words in ("status", "why subset", "results"):
        project.run_both(*words.split())
    project.expect_no_leak()


def test_failed_jobs_reveal_no_secret(tmp_path: Path) -> None:
    # Each fails again when it is tried once more.
    faults = (JobFault("key", "/a.nc", 2), JobFault("staging-in", "/b.nc", 2))
    with CanaryProject(tmp_path, job_faults=faults).open() as project:
        assert project.run("apply", "--yes").code == 4
        for words in ("logs subset", "status", "why subset"):
            project.run(*words.split(), "-v")
        project.expect_no_leak()


def test_a_secret_too_long_to_be_sealed_is_not_shown(project: CanaryProject) -> None:
    long = Canary("long", project.secret.core * 12)
    ended = project.run("apply", "--yes", "--format", "json", SECRET=long.value)
    assert "sealed-too-long" in {found["code"] for found in ended.document["diagnostics"]}, ended
    project.expect_no_leak()


def test_an_unreadable_key_reveals_no_secret(tmp_path: Path) -> None:
    with CanaryProject(tmp_path, behaviour=Behaviour(sealed_check="at-use", live_name="400")).open() as project:
        project.run_both("apply", "--yes", "--no-wait")
        project.expect_no_leak()


MISWRITTEN = {
    "literal": "secret_key: CANARY",
    "number-like": "secret_key: 0x1CANARY",
    "quoted": 'secret_key: "CANARY"',
    "unclosed": 'secret_key: "CANARY',
    "list": "secret_key: [CANARY]",
    "twice": "secret_key: {env: SECRET}\n    secret_key: CANARY",
    "other-name": "secretkey: CANARY",
    "deeper": "secret_key: {value: CANARY}",
    "endpoint": "endpoint: https://jane:CANARY@s3.example",
    "endpoint-slash": "endpoint: https://jane:a/CANARY#b@s3.example",
    "endpoint-quotes": "endpoint: https://jane:a'CANARY b@s3.example",
    "endpoint-without-scheme": "endpoint: //jane:a/CANARY@s3.example",
    "endpoint-without-slashes": "endpoint: jane:a/CANARY@s3.example",
    "endpoint-of-one-slash": "endpoint: https:/jane:CANARY@s3.example",
    "tag": "secret_key: !secret CANARY",
    "block": "secret_key: |\n      CANARY\n     bad",
    "tabs": "secret_key:\tCANARY\n\t- x",
}


@pytest.mark.parametrize("line", MISWRITTEN.values(), ids=MISWRITTEN)
def test_a_secret_written_into_the_manifest_is_not_shown(
    line: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = Canary.drawn("literal")
    text = MANIFEST.replace("secret_key: {env: SECRET}", line.replace("CANARY", canary.core))
    (tmp_path / "graph.xml").write_text(GRAPH, encoding="utf-8")
    (tmp_path / "eocanvas.yaml").write_text(text, encoding="utf-8")
    for form in ("text", *DOCUMENTS):
        assert main(["validate", "-f", str(tmp_path / "eocanvas.yaml"), "--format", form]) == 1
    assert leaks([canary], [], capfd.readouterr()) == []
