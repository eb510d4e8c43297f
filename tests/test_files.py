from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eocanvas_apply import files
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import replace_output


def test_paths_are_relative_to_the_folder_of_the_naming_file(tmp_path: Path) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "a.xml").write_bytes(b"<graph/>")
    assert files.read_bytes("graphs/a.xml", Boundary(tmp_path)) == b"<graph/>"
    assert files.read_bytes("../graphs/a.xml", Boundary(tmp_path / "graphs")) == b"<graph/>"


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.located("~/a.xml", Path("elsewhere")) == tmp_path / "a.xml"


def test_text_loses_its_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfgr\xc3\xbcn")
    assert files.read_text("a.txt", Boundary(tmp_path)) == "grün"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("graph/subset.xml", "did you mean graphs/subset.xml?"),
        ("graphs/Subset.xml", "did you mean graphs/subset.xml?"),
        ("graphs/subset", "did you mean graphs/subset.xml?"),
        ("subset.xml", "did you mean graphs/subset.xml?"),
        ("graphs/other.csv", "a path is relative to the folder of the file that names it"),
    ],
)
def test_a_missing_file_has_the_nearest_name_within_the_boundary(tmp_path: Path, written: str, hint: str) -> None:
    (folder := tmp_path / "project" / "graphs").mkdir(parents=True)
    (folder / "subset.xml").write_bytes(b"<graph/>")
    with pytest.raises(ManifestError) as caught:
        files.read_bytes(written, Boundary(tmp_path / "project"))
    assert [each.hint for each in caught.value.diagnostics] == [hint]


@pytest.mark.skipif(os.sep != "/", reason="Windows takes both")
def test_a_backslash_between_folders_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"write / between folders: graphs/a\.xml"):
        files.read_bytes("graphs\\a.xml", Boundary(tmp_path))


def test_the_working_folder_is_called_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ManifestError, match=r"there is no file 'gone.xml' in this folder"):
        files.read_bytes("gone.xml", Boundary(Path()))


@pytest.mark.parametrize(
    ("written", "code"),
    [("gone.xml", "file-missing"), ("folder", "file-is-folder"), ("a.xml/b", "file-unreadable"),
     ("a\0b", "file-unreadable"), ("big", "file-too-large")],
)  # fmt: skip
def test_an_unreadable_file_is_named_as_written(tmp_path: Path, written: str, code: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.xml").write_bytes(b"")
    with (tmp_path / "big").open("wb") as big:
        big.truncate(files.LARGEST + 1)
    with pytest.raises(ManifestError) as caught:
        files.read_bytes(written, Boundary(tmp_path))
    assert caught.value.diagnostics[0].code == code
    assert repr(written) in str(caught.value)


def test_a_file_that_is_too_large_is_refused_with_its_size(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as big:
        big.truncate(12_345_678)
    with pytest.raises(ManifestError, match=r"'big' has 12\.4 MB; at most 10 MB are read"):
        files.read_bytes("big", Boundary(tmp_path))


def test_ten_megabytes_are_not_too_many(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as big:
        big.truncate(files.LARGEST)
    assert len(files.read_bytes("big", Boundary(tmp_path))) == files.LARGEST


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Boundary, "open", refuse)
    with pytest.raises(ManifestError, match="'x' cannot be read: Permission denied"):
        files.read_bytes("x", Boundary(tmp_path))


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"ab\xff")
    with pytest.raises(ManifestError, match="not UTF-8 text: byte 2") as caught:
        files.read_text("a.txt", Boundary(tmp_path))
    assert caught.value.diagnostics[0].code == "file-not-text"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(("mode", "readers"), [(0o600, ""), (0o644, "every user of this machine")])
def test_a_file_that_all_users_can_read_is_detected(tmp_path: Path, mode: int, readers: str) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "a").chmod(mode)
    assert files.other_readers("a", tmp_path) == readers


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_is_written_as_the_mask_allows_and_keeps_its_mode(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        files.replace_text(tmp_path / "plan", "new")
        assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o600
        (tmp_path / "plan").chmod(0o640)
        files.replace_text(tmp_path / "plan", "newer\n")
    finally:
        os.umask(before)
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o640
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("plan", b"newer\n")]


def test_a_file_that_is_being_written_names_what_it_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Path] = []

    def stopped(part: Path, target: Path) -> Path:
        begun.append(part)
        raise PermissionError(target)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(PermissionError):
        files.replace_text(tmp_path / "index.csv", "")
    assert [files.target_of(part) for part in begun] == [tmp_path / "index.csv"]
    assert files.target_of(tmp_path / "default.snapshot.part") == tmp_path / "default.snapshot"
    assert not [*tmp_path.iterdir()]


class TestOutput:
    """A file that the person names: a typing error costs nothing."""

    @pytest.mark.parametrize("before", ["", "own: 1\n"])
    def test_its_own_kind_is_replaced(self, tmp_path: Path, before: str) -> None:
        file = tmp_path / "out"
        file.write_text(before)
        replace_output(file, "own: 2\n", "own: ")
        assert file.read_text() == "own: 2\n"

    @pytest.mark.parametrize("before", ["version: 1\n", "ow", '{"v":1,"seq":1}\n'])
    def test_another_kind_stays(self, tmp_path: Path, before: str) -> None:
        file = tmp_path / "eocanvas.yaml"
        file.write_text(before)
        with pytest.raises(FileExistsError, match="another kind"):
            replace_output(file, "own: 2\n", "own: ")
        assert file.read_text() == before

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        link, file = tmp_path / "link", tmp_path / "folder" / "file"
        file.parent.mkdir()
        link.symlink_to(file)
        replace_output(link, "own: 1\n", "own: ")
        assert link.is_symlink()
        assert file.read_text() == "own: 1\n"

    def test_a_device_and_a_pipe_are_written_to(self, tmp_path: Path) -> None:
        replace_output(Path("/dev/null"), "own: 1\n", "own: ")
        assert Path("/dev/null").is_char_device()
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with ThreadPoolExecutor() as pool:
            read = pool.submit(pipe.read_text)
            replace_output(pipe, "own: 1\n", "own: ")
            assert read.result(timeout=20) == "own: 1\n"
