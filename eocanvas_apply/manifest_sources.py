"""The files that a manifest stands in: what `-f` names, once or several times."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.errors import ManifestError

# What reads files takes a while to import, and --help needs none of it.
if TYPE_CHECKING:
    from eocanvas_apply.boundary import Boundary

MANIFEST = "eocanvas.yaml"
PATTERN = f"*.{MANIFEST}"
# Among more names than this the nearest is not looked for.
_MOST_NAMES = 200


class Source(Struct, frozen=True):
    """A file of a manifest: its path as diagnostics show it, its text, and the way to its folder from the first one."""

    file: str
    content: bytes
    base: str = ""


# A later layer is laid over those before it; the files of one layer are united.
Layers = tuple[tuple[Source, ...], ...]


class ManifestFiles(Struct, frozen=True):
    """The files that names stand for, of a folder all its `*.eocanvas.yaml`: each name gives a layer.

    `folder` is the one of the first name, where the project has its ledger and its lock.
    """

    names: tuple[Path, ...]
    folder: Path
    layers: tuple[tuple[Path, ...], ...]

    @classmethod
    def named(cls, *names: Path) -> ManifestFiles:
        """Return the files that names stand for now."""
        folder = names[0] if names[0].is_dir() else names[0].parent
        return cls(names, folder, tuple(_of_folder(name) if name.is_dir() else (name,) for name in names))

    @classmethod
    def of_file(cls, name: Path) -> ManifestFiles:
        """Return one file, without looking whether it is there."""
        return cls((name,), name.parent, ((name,),))

    def __str__(self) -> str:
        return ", ".join(map(str, self.names))

    @property
    def first(self) -> Path:
        """The first file, or the one that would be it."""
        return next((file for layer in self.layers for file in layer), self.folder / MANIFEST)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all files, the project's first."""
        others = (file.parent for layer in self.layers for file in layer if not is_piped(file))
        return tuple(dict.fromkeys((self.folder, *others)))

    @property
    def exist(self) -> bool:
        """Whether there is something to read for each name."""
        return self._missing is None

    @property
    def _missing(self) -> Path | None:
        for name, layer in zip(self.names, self.layers, strict=True):
            if not layer or not all(map(os.path.lexists, layer)):
                return name
        return None

    def missing(self, also: str = "") -> Diagnostic:
        """Return the error about a file that is not there; `also` adds to it."""
        name = self._missing or self.first
        if not name.is_dir():
            return _missing_file(name, also)
        file = name / MANIFEST
        hint = f"Name the file: -f {file}" if file.exists() else f"-f FOLDER unites the files {PATTERN} of a folder."
        return error("file-missing", f"the folder {name} has no {PATTERN}{also}", hint)

    def boundary(self, allowed: tuple[Path, ...] = ()) -> Boundary:
        """Return what the manifest may name: what lies in the folders of its files, or in one of `allowed`."""
        from eocanvas_apply.boundary import Boundary

        return Boundary(self.folder, (*self.folders[1:], *allowed))

    def read(self, allowed: tuple[Path, ...] = ()) -> Layers:
        """Read the files; raises ManifestError."""
        if self._missing:
            raise ManifestError(self.missing())
        from eocanvas_apply.files import LARGEST

        layers, left = list[tuple[Source, ...]](), LARGEST
        for files in self.layers:
            sources = list[Source]()
            for file in files:
                sources.append(Source(str(file), read_manifest(file, allowed), self._way_to(file)))
                left -= len(sources[-1].content)
                if left < 0:
                    message = f"the files of {self} have more than {LARGEST // 1_000_000} MB together"
                    raise ManifestError(error("file-too-large", message, "Make several projects of them."))
            layers.append(tuple(sources))
        return tuple(layers)

    def _way_to(self, file: Path) -> str:
        same = is_piped(file) or file.parent == self.folder
        return "" if same else _way(self.folder, file.parent)

    def label(self, file: str) -> str:
        """Return what a file is called in a saved plan: its path from the project's folder; of a pipe only its place.

        A pipe has another name each time.
        """
        files = [each for layer in self.layers for each in layer]
        if is_piped(Path(file)) and len(files) > 1:
            return f"the text piped as file {files.index(Path(file)) + 1}"
        return os.path.relpath(file, self.folder)


def read_manifest(file: Path, allowed: tuple[Path, ...] = ()) -> bytes:
    """Read a file of a manifest; raises ManifestError.

    It may come from a stranger too: as a link it shows no file outside of its folder and `allowed`.
    """
    from eocanvas_apply.boundary import Boundary
    from eocanvas_apply.files import read_bytes, read_own

    if is_piped(file):
        return read_own(str(file), Path())
    return read_bytes(file.name, Boundary(file.parent, allowed))


def is_piped(file: Path) -> bool:
    """Whether a file is what the person pipes, as by /dev/stdin."""
    return file.absolute().is_relative_to("/dev") or file.absolute().is_relative_to("/proc")


def _missing_file(file: Path, also: str) -> Diagnostic:
    """Return the error about a file that is not there, with the nearest name that is there."""
    beside = islice(file.parent.glob("*.y*ml"), _MOST_NAMES)
    near = did_you_mean(str(file), map(str, beside))
    hint = f"{near} Name it with -f." if near else "`eocanvas-apply init` writes a first one; -f FILE names another."
    return error("file-missing", f"there is no manifest {file}{also}", hint)


def _of_folder(folder: Path) -> tuple[Path, ...]:
    """Return the manifests of a folder in the order of their names, without what editors hide."""
    return tuple(sorted(each for each in folder.glob(PATTERN) if not each.name.startswith(".")))


def _way(folder: Path, other: Path) -> str:
    """Return the way from one folder to another, an absolute one where a link or another disk is between them."""
    try:
        way = os.path.relpath(other, folder)
    except ValueError:
        return other.absolute().as_posix()
    return Path(way).as_posix() if (folder / way).resolve() == other.resolve() else other.absolute().as_posix()
