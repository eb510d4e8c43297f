"""The boundary around a manifest: what it names lies in its folder, or in one that the person allows.

A manifest may come from a stranger, as in a pull request. Without a boundary it could have any file of this machine
read, by an absolute path, by `..` or by a link.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache
from io import BufferedReader
from pathlib import Path

from msgspec import Struct

# A pipe opened by a race does not block, and a link in the place of a file is not followed.
_FLAGS = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
_READ = os.O_RDONLY | sum(getattr(os, name, 0) for name in _FLAGS)
_FOLDER = sum(getattr(os, name, 0) for name in ("O_PATH", "O_NOFOLLOW", "O_CLOEXEC", "O_DIRECTORY"))
_BY_STEPS = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_KINDS = (
    (stat.S_ISLNK, "a link in a circle"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class OutsideBoundaryError(OSError):
    """A path leads out of the boundary. `by_link` says that a link on the way does."""

    def __init__(self, path: Path, *, by_link: bool) -> None:
        super().__init__(errno.EPERM, "it leads out of the manifest's folder", str(path))
        self.by_link = by_link


class Boundary(Struct, frozen=True):
    """The manifest's folder, and further folders or files that the person allows."""

    folder: Path
    allowed: tuple[Path, ...] = ()

    def real(self, path: Path) -> Path:
        """Return where a path leads, links followed; it need not exist.

        Raises OutsideBoundaryError, and OSError for a name that no file can have. Nothing outside is looked at for a
        path that leads out as it is written.
        """
        return self._owner(path)[1]

    def open(self, path: Path) -> BufferedReader:
        """Open a file to read it; raises OSError, also for a pipe or a device.

        Every folder on the way is opened by itself, so that a link that is put there meanwhile is not followed.
        """
        owner, real = self._owner(path)
        descriptor = _opened_below(owner, real.relative_to(owner).parts) if _BY_STEPS else _opened(real)
        try:
            if not _BY_STEPS:
                self._owner(real)
            _require_regular(os.fstat(descriptor), path)
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise

    def require_no_link_out(self, folder: Path) -> None:
        """Raise OutsideBoundaryError where a link anywhere below a folder, or the folder itself, leads out."""
        self.real(folder)
        for above, folders, files in os.walk(folder):
            for path in (Path(above, name) for name in (*folders, *files)):
                if path.is_symlink():
                    self.real(path)

    def _owner(self, path: Path) -> tuple[Path, Path]:
        """Return the real folder that a path belongs to, and its real place there."""
        written, reals = _owners(self.folder.absolute(), *(each.absolute() for each in self.allowed))
        plain = Path(os.path.normpath(path.absolute()))
        if not any(plain.is_relative_to(each) for each in (*written, *reals)):
            raise OutsideBoundaryError(path, by_link=False)
        try:
            real = Path(os.path.realpath(path))
        except ValueError:
            # A zero byte, or letters that the file system's encoding lacks: it never reaches the operating system.
            raise OSError(errno.EINVAL, "nothing can have this name here", repr(str(path))) from None
        for each in reals:
            if real.is_relative_to(each):
                return each, real
        raise OutsideBoundaryError(path, by_link=True)


@lru_cache(maxsize=64)
def _owners(*folders: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return these absolute folders as they are written, and where they really are."""
    written = tuple(Path(os.path.normpath(each)) for each in folders)
    return written, tuple(Path(os.path.realpath(each)) for each in folders)


def _opened_below(owner: Path, steps: tuple[str, ...]) -> int:
    if not steps:
        return _opened(owner)
    at = os.open(owner, os.O_RDONLY | _FOLDER)
    try:
        for step in steps[:-1]:
            at, above = os.open(step, os.O_RDONLY | _FOLDER, dir_fd=at), at
            os.close(above)
        _require_regular(os.stat(steps[-1], dir_fd=at, follow_symlinks=False), Path(steps[-1]))
        return os.open(steps[-1], _READ, dir_fd=at)
    finally:
        os.close(at)


def _opened(real: Path) -> int:
    _require_regular(real.lstat(), real)
    return os.open(real, _READ)


def _require_regular(found: os.stat_result, path: Path) -> None:
    """Raise OSError for what is no file; a device is not even opened, for that may do something."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        kind = next((words for is_kind, words in _KINDS if is_kind(found.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
