from __future__ import annotations

import pytest

from tests.cli.conftest import Project


def sealing_key(project: Project) -> str:
    """Return the digest that `doctor` shows."""
    assert project.run("doctor") == 0
    return project.out.partition("; sha256:")[2].split()[0]


@pytest.mark.parametrize("form", ["{0}", "sha256:{0}", "SHA256:{1}"])
def test_the_key_that_doctor_shows_is_taken_in_usual_forms(form: str, project: Project) -> None:
    digest = sealing_key(project)
    colons = ":".join(digest[at : at + 2] for at in range(0, 64, 2)).upper()
    assert project.run("apply", "--yes", "--require-sealing-key", form.format(digest, colons)) == 0


def test_another_key_is_a_warning_of_plan_and_refused_by_apply(project: Project) -> None:
    assert project.run("plan", "--require-sealing-key", "0" * 64) == 0
    assert "warning: the service's public key is sha256:" in project.err
    assert project.run("apply", "--yes", "--require-sealing-key", "0" * 64) == 5
    assert "[sealing-key-refused]" in project.err
    assert not (project.folder / ".eocanvas").exists()


@pytest.mark.parametrize("text", ["", "0" * 63, "sha512:" + "0" * 64, "my key"])
def test_what_is_no_digest_is_a_usage_error(text: str, project: Project) -> None:
    assert project.run("plan", "--require-sealing-key", text) == 1
    assert "64 hexadecimal digits" in project.err


@pytest.mark.parametrize("pepper", ["pepper\n", " pepper", "pep\x1bper"])
def test_a_pepper_that_differs_from_machine_to_machine_is_refused(
    pepper: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_PEPPER", pepper)
    assert project.run("plan") == 1
    assert "EOCANVAS_APPLY_PEPPER" in project.err
    assert "[bad-setting]" in project.err
