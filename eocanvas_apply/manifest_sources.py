"""The files that a manifest stands in: a file, or all `*.eocanvas.yaml` of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ManifestError

MANIFEST = "eocanvas.yaml"
PATTERN = f"*.{MANIFEST}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a manifest: its path as diagnostics show it, and its text."""

    file: str
    content: bytes


# A later layer is laid over those before it; the files of one layer are united.
Layers = tuple[tuple[Source, ...], ...]


@dataclass(frozen=True, slots=True)
class ManifestFiles:
    """The files that a name stands for, a folder for several of them; `folder` is where the project keeps its own."""

    name: Path
    folder: Path
    files: tuple[Path, ...]

    @classmethod
    def named(cls, name: Path) -> ManifestFiles:
        """Return the files that a name stands for now."""
        return cls(name, name, _of_folder(name)) if name.is_dir() else cls.of_file(name)

    @classmethod
    def of_file(cls, name: Path) -> ManifestFiles:
        """Return one file, without looking whether it is there."""
        return cls(name, name.parent, (name,))

    def __str__(self) -> str:
        return str(self.name)

    @property
    def exist(self) -> bool:
        """Whether there is something to read."""
        return bool(self.files) and all(map(os.path.lexists, self.files))

    def missing(self, also: str = "") -> Diagnostic:
        """Return the error about a manifest that is not there; `also` adds to it."""
        from eocanvas_apply.files import missing_manifest

        if self.files:
            return missing_manifest(next(each for each in self.files if not os.path.lexists(each)), also)
        message = f"the folder {self.name} has no {PATTERN}{also}"
        file = self.name / MANIFEST
        hint = f"Name the file: -f {file}" if file.exists() else f"-f FOLDER unites the files {PATTERN} of a folder."
        return error("file-missing", message, hint)

    def read(self, allowed: tuple[Path, ...] = ()) -> Layers:
        """Read the files; raises ManifestError with what is wrong with any of them."""
        if not self.files:
            raise ManifestError(self.missing())
        return (tuple(self._sources(allowed)),)

    def _sources(self, allowed: tuple[Path, ...]) -> Iterator[Source]:
        # What reads files takes a while to import, and --help needs none of it.
        from eocanvas_apply.files import LARGEST, read_manifest

        left = LARGEST
        for file in self.files:
            content = read_manifest(file, allowed)
            left -= len(content)
            if left < 0:
                message = f"the files of {self.name} have more than {LARGEST // 1_000_000} MB together"
                raise ManifestError(error("file-too-large", message, "make several projects of them"))
            yield Source(str(file), content)


def _of_folder(folder: Path) -> tuple[Path, ...]:
    """Return the manifests of a folder in the order of their names, without what editors hide."""
    return tuple(sorted(each for each in folder.glob(PATTERN) if not each.name.startswith(".")))
