from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from eocanvas_apply.boundary import Boundary, OutsideBoundaryError
from eocanvas_apply.errors import ManifestError, UsageError
from eocanvas_apply.files import read_bytes, read_own
from eocanvas_apply.ledger.backends.local import open_backend
from eocanvas_apply.manifest_sources import read_manifest

POSIX = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A manifest's folder, with a file of another person's beside it."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.xml").write_text("secret", encoding="utf-8")
    (folder := tmp_path / "project").mkdir()
    (folder / "own.xml").write_text("own", encoding="utf-8")
    return folder


def code_of(written: str, boundary: Boundary) -> str:
    with pytest.raises(ManifestError) as caught:
        read_bytes(written, boundary)
    return caught.value.diagnostics[0].code


@pytest.mark.parametrize("written", ["own.xml", "./own.xml", "graphs/../own.xml", "../project/own.xml", "{}/own.xml"])
def test_what_lies_in_the_folder_is_read(project: Path, written: str) -> None:
    (project / "graphs").mkdir()
    assert read_bytes(written.format(project), Boundary(project)) == b"own"


@pytest.mark.parametrize(
    "written", ["../other/secret.xml", "{}/other/secret.xml", "~/secret.xml", "graphs/../../other/secret.xml", ".."]
)
def test_a_path_that_leads_out_is_refused(project: Path, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project.parent / "other"))
    monkeypatch.setenv("USERPROFILE", str(project.parent / "other"))
    assert code_of(written.format(project.parent), Boundary(project)) == "path-outside"


def test_whether_a_file_outside_exists_is_not_said(project: Path) -> None:
    assert code_of("../other/no-such-file", Boundary(project)) == "path-outside"


@POSIX
@pytest.mark.parametrize("target", ["../other/secret.xml", "{}/other/secret.xml", "/etc/passwd", "gone/../../other"])
def test_a_link_that_leads_out_is_refused(project: Path, target: str) -> None:
    (project / "link.xml").symlink_to(target.format(project.parent))
    assert code_of("link.xml", Boundary(project)) == "path-outside"


@POSIX
def test_a_folder_that_is_a_link_out_is_refused(project: Path) -> None:
    (project / "graphs").symlink_to(project.parent / "other")
    assert code_of("graphs/secret.xml", Boundary(project)) == "path-outside"


@POSIX
def test_a_link_within_the_folder_is_followed(project: Path) -> None:
    (project / "link.xml").symlink_to("own.xml")
    assert read_bytes("link.xml", Boundary(project)) == b"own"


@POSIX
def test_a_project_that_is_reached_by_a_link_reads_its_files(project: Path) -> None:
    (project.parent / "way").symlink_to(project)
    assert read_bytes("own.xml", Boundary(project.parent / "way")) == b"own"


@pytest.mark.parametrize("allowed", ["other", "other/secret.xml", "."])
@pytest.mark.parametrize("written", ["../other/secret.xml", "{}/other/secret.xml"])
def test_what_the_person_allows_is_read(project: Path, written: str, allowed: str) -> None:
    boundary = Boundary(project, (project.parent / allowed,))
    assert read_bytes(written.format(project.parent), boundary) == b"secret"


def test_a_folder_beside_the_allowed_one_with_a_longer_name_is_not_allowed(project: Path) -> None:
    assert code_of("../other/secret.xml", Boundary(project, (project.parent / "oth",))) == "path-outside"


@POSIX
def test_what_is_no_file_is_refused_and_never_waited_for(project: Path) -> None:
    os.mkfifo(project / "pipe")
    (project / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(project / "socket"))
    for name in ("pipe", "socket", "circle", "."):
        assert code_of(name, Boundary(project)) in ("file-unreadable", "file-is-folder")
    assert code_of("/dev/zero", Boundary(project, (Path("/dev"),))) == "file-unreadable"


@POSIX
def test_a_link_that_comes_between_the_look_and_the_opening_is_not_followed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "graphs").mkdir()
    (project / "graphs" / "secret.xml").write_text("own", encoding="utf-8")
    looked = Boundary._owner

    def look(self: Boundary, path: Path) -> tuple[Path, Path]:
        found = looked(self, path)
        (project / "graphs").rename(project / "moved")
        (project / "graphs").symlink_to(project.parent / "other")
        return found

    monkeypatch.setattr(Boundary, "_owner", look)
    with pytest.raises(OSError, match=r"graphs|directory|symbolic"):
        Boundary(project).open(project / "graphs" / "secret.xml")


def test_a_file_that_the_person_names_lies_anywhere(project: Path) -> None:
    assert read_own(str(project.parent / "other" / "secret.xml"), project) == b"secret"


def test_a_folder_that_is_not_there_yet_has_a_place(project: Path) -> None:
    assert Boundary(project).real(project / "results" / "a") == (project / "results" / "a").resolve()
    with pytest.raises(OutsideBoundaryError):
        Boundary(project).real(project / "results" / ".." / ".." / "a")


@POSIX
@pytest.mark.parametrize("name", [".eocanvas", ".eocanvas/default.jsonl", ".eocanvas/locks", ".eocanvas/a/b.lock"])
def test_a_link_out_in_the_folder_of_the_ledger_is_refused(project: Path, name: str) -> None:
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).symlink_to(project.parent / "other")
    for url in (None, str(project.parent / "ledger.jsonl")):
        with pytest.raises(UsageError, match="leads out of the manifest's folder by a link"):
            open_backend(url, Boundary(project))


@POSIX
def test_the_folder_of_the_ledger_may_be_a_link_that_the_person_allows(project: Path) -> None:
    (project / ".eocanvas").symlink_to(project.parent / "other")
    assert open_backend(None, Boundary(project, (project.parent / "other",)))


@POSIX
def test_a_pipe_in_the_place_of_the_ledger_is_refused(project: Path) -> None:
    (project / ".eocanvas").mkdir()
    os.mkfifo(project / ".eocanvas" / "default.jsonl")
    with pytest.raises(UsageError, match="is not a file"):
        open_backend(None, Boundary(project))


@POSIX
def test_a_manifest_that_is_a_link_out_is_not_read(project: Path) -> None:
    manifest = project / "eocanvas.yaml"
    manifest.symlink_to(project.parent / "other" / "secret.xml")
    with pytest.raises(ManifestError) as refused:
        read_manifest(manifest)
    assert refused.value.diagnostics[0].code == "path-outside"
    assert read_manifest(manifest, (project.parent / "other",)) == b"secret"


@POSIX
@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("eocanvas.yaml")])
def test_a_manifest_that_is_no_file_is_not_waited_for(project: Path, put: Callable[[Path], None]) -> None:
    put(project / "eocanvas.yaml")
    with pytest.raises(ManifestError, match=r"it is a (pipe|link in a circle), not a file"):
        read_manifest(project / "eocanvas.yaml")


@POSIX
def test_a_manifest_may_come_through_a_pipe_of_the_shell() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"version: 1")
    os.close(writing)
    assert read_manifest(Path(f"/dev/fd/{reading}")) == b"version: 1"
    os.close(reading)
