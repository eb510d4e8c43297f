"""Secrets from commands, keyrings and SOPS files reach only the service, also where they cannot be read."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from keyrings.alt.file import PlaintextKeyring

from eocanvas_apply.emulator.model.keystore import S3Credentials, WebdavCredentials
from tests.end_to_end.canaries import Canary
from tests.end_to_end.test_canaries import MANIFEST, CanaryProject
from tests.end_to_end.tool import ROOT, finished
from tests.secrets.sops import as_yaml, encrypted

PRINTS = "import os, sys; text = open(os.environ['ACCESS_FILE'], 'rb').read(); sys.stdout.buffer.write(text)"
REFERENCES = {
    "{env: ACCESS}": f'{{command: ["{sys.executable}", "-c", "{PRINTS}"]}}',
    "{env: SECRET}": "{keyring: [scenes, jane]}",
    "{file: {env: PASSWORD_FILE}}": "{sops: drive.sops.yaml, at: drive.password}",
}
FAILS = "; sys.stderr.buffer.write(text); sys.stdout.flush(); sys.exit(3)"
WAITS = "; sys.stderr.buffer.write(text); sys.stdout.flush(); open('printed', 'w'); import time; time.sleep(600)"


class ReferenceProject(CanaryProject):
    """A canary project whose secrets come from a command, a keyring that is a file, and an encrypted file."""

    def prepare(self) -> None:
        vault, identity = self.folder / "vault", pyrage.x25519.Identity.generate()
        (vault / "access").write_text(self.access.value, encoding="utf-8")
        keyring = PlaintextKeyring()
        keyring.file_path = str(vault / "python_keyring" / "keyring_pass.cfg")
        keyring.set_password("scenes", "jane", self.secret.value)
        document = encrypted({"drive": {"password": self.drive.value}}, identity.to_public())
        (self.tool.project / "drive.sops.yaml").write_bytes(as_yaml(document))
        self.canaries.append(Canary("age key", str(identity), "", ""))
        self.tool.environ = {
            "HDA_PASSWORD": self.account.value,
            "ACCESS_FILE": str(vault / "access"),
            "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
            "XDG_DATA_HOME": str(vault),
            "SOPS_AGE_KEY": str(identity),
        }
        self.write()

    def write(self, more: str = "") -> None:
        """Write the manifest; `more` is what the command does when it has printed the secret."""
        text = MANIFEST
        for before, after in REFERENCES.items():
            text = text.replace(before, after.replace(PRINTS, PRINTS + more))
        self.tool.write(text)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ReferenceProject]:
    made = ReferenceProject(tmp_path)
    with made.open():
        made.prepare()
        yield made


def test_the_service_receives_them_and_no_other_place(project: ReferenceProject) -> None:
    project.run("doctor", "--allow-commands", "-v", "--log", "run.log")
    project.run("plan", "--allow-commands", "--format", "json")
    project.run("plan", "--offline", "--allow-commands", "--simulate")
    ended = project.run("apply", "--yes", "--allow-commands", "-v", "--log", "apply.log")
    assert ended.code == 0, ended
    with project.tool.emulator.model() as wire:
        held = [key.credentials for key in wire.service.keystore if key.credentials]
    s3 = S3Credentials(project.access.value, project.secret.value, "b", "https://s3.example", "r")
    assert sorted(held, key=str) == [s3, WebdavCredentials("https://dav.example", "jane", project.drive.value)]
    project.expect_no_leak()


RECORDING = """
import sys

def heard(event, given):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        with open({place!r}, "a") as file:
            file.write(repr((sys.argv, given[:2])) + "\\n")

sys.addaudithook(heard)
"""


def test_no_process_is_started_with_a_secret_among_its_arguments(project: ReferenceProject) -> None:
    record, site = project.tool.folder / "processes.txt", project.tool.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(RECORDING.format(place=str(record)), encoding="utf-8")
    project.tool.environ["PYTHONPATH"] = f"{site}:{ROOT}"
    for words in (["apply", "--yes"], ["doctor"], ["status"], ["destroy", "--yes"]):
        assert project.run(*words, "--allow-commands").code == 0
    assert record.read_text(encoding="utf-8").count("ACCESS_FILE") >= 3
    project.expect_no_leak()


def test_the_settings_file_of_the_person_allows_commands_as_well(project: ReferenceProject) -> None:
    assert {d["code"] for d in project.run("plan", "--format", "json").document["diagnostics"]} == {"secret-absent"}
    settings = project.tool.home / ".config" / "eocanvas-apply" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'allow_commands = ["{project.tool.project}"]\n', encoding="utf-8")
    assert project.run("plan", "--format", "json").document["diagnostics"] == []


FAILURES = {"command": "secret-command", "keyring": "secret-keyring", "sops": "secret-sops"}


@pytest.mark.parametrize(("kind", "code"), FAILURES.items())
def test_what_cannot_be_read_is_not_shown_and_nothing_is_sent(kind: str, code: str, project: ReferenceProject) -> None:
    other = pyrage.x25519.Identity.generate()
    project.canaries.append(Canary("other age key", str(other), "", ""))
    project.write(FAILS if kind == "command" else "")
    environ = {
        "keyring": {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
        "sops": {"SOPS_AGE_KEY": str(other)},
    }.get(kind, {})
    project.run("doctor", "--allow-commands", "-v", "--log", "run.log", **environ)
    project.run("plan", "--allow-commands", "-v", **environ)
    ended = project.run("apply", "--yes", "--allow-commands", "--format", "json", **environ)
    assert (ended.code, [d["code"] for d in ended.document["diagnostics"]]) == (1, [code]), ended
    with project.tool.emulator.model() as wire:
        assert [entry.request.path for entry in wire.received if entry.request.path.endswith("/execution")] == []
        assert [key.name for key in wire.service.keystore] == ["eodata"]
    project.expect_no_leak()


def test_an_interrupted_command_is_ended_and_reveals_nothing(project: ReferenceProject) -> None:
    project.write(WAITS)
    process = project.tool.start("apply", "--yes", "--allow-commands", "-v", "--log", "run.log")
    while not (project.tool.project / "printed").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ended = finished(process)
    project.heard(ended)
    assert ended.code == 130
    project.expect_no_leak()
