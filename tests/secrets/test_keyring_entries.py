from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked
from keyrings.alt.file import PlaintextKeyring

from eocanvas_apply.errors import ManifestError
from eocanvas_apply.secrets.keyring_entries import keyring_entry
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import KeyringReference
from eocanvas_apply.secrets.secret_sources import SecretSources

NEVER = threading.Event()


@pytest.fixture(autouse=True)
def file_keyring(tmp_path: Path) -> Iterator[None]:
    """Use a real keyring, one that is a file, for as long as the test runs."""
    before, own = keyring.get_keyring(), PlaintextKeyring()
    own.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(own)
    yield
    keyring.set_keyring(before)


class Broken(PlaintextKeyring):  # type: ignore[misc]
    """A keyring that answers with an exception, or not at all."""

    priority = 0.1

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def get_password(self, service: str, username: str) -> str:
        if isinstance(self.answer, threading.Event):
            self.answer.wait(60)
        raise self.answer


def test_an_entry_is_read() -> None:
    keyring.set_password("wekeo", "jane", "s3cr3t")
    found = SecretSources({}, Path()).resolve(KeyringReference(keyring=("wekeo", "jane")))
    assert found.secret == Secret("s3cr3t")


def test_an_entry_that_is_not_there() -> None:
    with pytest.raises(ManifestError, match="no entry of 'joe smith' for the service 'wekeo'") as refused:
        keyring_entry("wekeo", "joe smith", NEVER)
    assert refused.value.diagnostics[0].hint == "keyring set wekeo 'joe smith'"


def test_a_machine_without_a_keyring() -> None:
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    with pytest.raises(ManifestError, match="this machine has no keyring"):
        keyring_entry("wekeo", "jane", NEVER)


@pytest.mark.parametrize("answer", [KeyringLocked("s3cr3t"), RuntimeError("s3cr3t")])
def test_a_keyring_that_fails_is_named_by_the_kind_of_its_fault(answer: Exception) -> None:
    keyring.set_keyring(Broken(answer))
    with pytest.raises(ManifestError, match=type(answer).__name__) as refused:
        keyring_entry("wekeo", "jane", NEVER)
    assert "s3cr3t" not in str(refused.value.diagnostics)


def test_a_keyring_that_does_not_answer() -> None:
    answered = threading.Event()
    keyring.set_keyring(Broken(answered))
    with pytest.raises(ManifestError, match=r"does not answer within 0\.1 s"):
        keyring_entry("wekeo", "jane", NEVER, patience_s=0.1)
    answered.set()


def test_an_interruption_does_not_wait_for_a_keyring() -> None:
    answered, found = threading.Event(), []
    keyring.set_keyring(Broken(answered))
    sources, reference = SecretSources({}, Path()), KeyringReference(keyring=("wekeo", "jane"))
    at_work = threading.Thread(target=lambda: found.append(sources.resolve_all([reference])))
    at_work.start()
    sources.stop()
    at_work.join(30)
    answered.set()
    assert found[0][reference].secret is None
