"""Files that a manifest names, read relative to the file that names them; and files replaced in one step."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from eocanvas_apply.boundary import Boundary, OutsideBoundaryError
from eocanvas_apply.diagnostics import Diagnostic, error, nearest
from eocanvas_apply.errors import ManifestError

LARGEST = 10_000_000
ALLOW_PATHS = "EOCANVAS_APPLY_ALLOW_PATHS"
# Devices, whatever follows the first dot.
_RESERVED_ON_WINDOWS = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"),
    )
)
# Among more names than this the nearest is not looked for.
_MOST_NAMES = 200
_BEING_WRITTEN = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part", re.DOTALL)


def located(written: str, folder: Path) -> Path:
    """Return where a path leads that was written in a file of `folder`; `~` is the user's home."""
    return folder / expanded(written)


def expanded(written: str) -> Path:
    """Return a path with the user's home in place of `~`; as it stands where the system knows no such home."""
    path = Path(written)
    try:
        return path.expanduser() if written.startswith("~") else path
    except RuntimeError:
        return path


def read_bytes(written: str, boundary: Boundary, largest: int = LARGEST) -> bytes:
    """Read a file that a manifest names, of at most `largest` bytes.

    Raises ManifestError, which names the path as it was written: `path-outside` where it leads out of the boundary.
    """
    try:
        return _read(written, boundary.folder, lambda path: boundary.open(path), largest)
    except FileNotFoundError:
        hint = _near(written, boundary) or "a path is relative to the folder of the file that names it"
        where = "this folder" if boundary.folder == Path() else str(boundary.folder)
        found = error("file-missing", f"there is no file {written!r} in {where}", hint)
        raise ManifestError(found) from None


def _near(written: str, boundary: Boundary) -> str:
    """Return `did you mean` for a missing file of which a folder or the name is written otherwise; else empty."""
    if "\\" in written and os.sep == "/":
        return f"write / between folders: {written.replace(chr(92), '/')}"
    at = Path()
    for part in Path(written).parts:
        try:
            names = [each.name for each in islice(boundary.real(boundary.folder / at).iterdir(), _MOST_NAMES)]
        except OSError:
            return ""
        # The ending is the part that is left out most often.
        alike = (name for name in names if Path(name).stem == part)
        found = part if part in names else next(alike, None) or nearest(part, names)
        if found is None:
            return "" if at.parts else _below(written, names, boundary)
        at /= found
    return f"did you mean {at.as_posix()}?"


def _below(written: str, names: list[str], boundary: Boundary) -> str:
    """Return `did you mean` for a file that lies in one of the folders beside; else empty."""
    for name in sorted(names):
        try:
            if boundary.real(boundary.folder / name / written).is_file():
                return f"did you mean {name}/{written}?"
        except (OSError, ValueError):
            continue
    return ""


def read_own(path: str, folder: Path) -> bytes:
    """Read a file that the person names, not the manifest: it may lie anywhere, and be a pipe. Raises ManifestError."""
    try:
        return _read(path, folder, lambda path: path.open("rb"), LARGEST)
    except FileNotFoundError:
        relative = "" if expanded(path).is_absolute() else f" in {folder.absolute()}"
        raise ManifestError(error("file-missing", f"there is no file {path!r}{relative}")) from None


def _read(written: str, folder: Path, opened: Callable[[Path], BinaryIO], largest: int) -> bytes:
    """Read a file; raises FileNotFoundError, and ManifestError for all else that is wrong with it."""
    try:
        with opened(located(written, folder)) as file:
            content = file.read(largest + 1)
            # A pipe has no size; what was read of it is at least that.
            size = max(os.fstat(file.fileno()).st_size, len(content))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RuntimeError) as fault:
        raise ManifestError(_fault(written, fault)) from None
    if len(content) > largest:
        # Rounded up, so that a file of one byte too many does not have what is allowed.
        message = f"{written!r} has {-(-size // 100_000) / 10:g} MB; at most {largest // 1_000_000} MB are read"
        raise ManifestError(error("file-too-large", message, "Is it the file you meant?"))
    return content


def other_readers(written: str, folder: Path) -> str:
    """Return which other people may read a file, in words; empty for nobody, and where that is not known."""
    try:
        found = located(written, folder).stat()
    except OSError:
        return ""
    # Windows has no such modes; their bits are always set there.
    if os.name != "posix" or not stat.S_ISREG(found.st_mode):
        return ""
    if found.st_mode & stat.S_IROTH:
        return "every user of this machine"
    # What another user owns, such as a file that a container is given, only that one can change.
    shared = found.st_mode & stat.S_IRGRP and found.st_uid == os.getuid()
    return _others_of(found.st_gid) if shared else ""


def _others_of(group_id: int) -> str:
    """Return a group in words; empty for the group of its own that Linux gives each user."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(group_id), pwd.getpwuid(os.getuid())
    except KeyError:
        return f"the group {group_id}"
    alone = group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}
    return "" if alone else f"the group {group.gr_name!r}"


def read_text(written: str, boundary: Boundary, largest: int = LARGEST) -> str:
    """Read a file of UTF-8, a byte order mark left out; errors as of `read_bytes`, and `file-not-text`."""
    try:
        return read_bytes(written, boundary, largest).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        message = f"{written!r} is not UTF-8 text: byte {fault.start} cannot be read"
        raise ManifestError(error("file-not-text", message, "Save it as UTF-8.")) from None


def is_portable(name: str) -> bool:
    """Return whether Windows takes a file or folder of this name, which holds no character that Windows forbids."""
    return name.partition(".")[0].rstrip(" ").casefold() not in _RESERVED_ON_WINDOWS and name[-1:] not in (".", " ")


def is_file(path: Path) -> bool:
    """Return whether a file is there; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def digest_of(path: Path, boundary: Boundary | None = None) -> str:
    """Return the SHA-256 of a file in hex, with a boundary only of one within it; raises OSError."""
    with boundary.open(path) if boundary else path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_outside(written: str, fault: OutsideBoundaryError) -> Diagnostic:
    """Return the error about a path that leads out of the boundary."""
    way = " by a link" if fault.by_link else ""
    hint = f"Move it into that folder, or allow its folder: --allow-path FOLDER, or {ALLOW_PATHS} in the environment."
    return error("path-outside", f"{written!r} leads out of the manifest's folder{way}", hint)


def _fault(written: str, fault: Exception) -> Diagnostic:
    if isinstance(fault, OutsideBoundaryError):
        return path_outside(written, fault)
    if isinstance(fault, IsADirectoryError):
        return error("file-is-folder", f"{written!r} is a folder, not a file")
    why = fault.strerror or type(fault).__name__ if isinstance(fault, OSError) else str(fault)
    return error("file-unreadable", f"{written!r} cannot be read: {why}")


def replace_text(path: Path, text: str, *, synced: bool = True) -> None:
    """Write a file, or replace it, in one step: a reader finds the old text or the new one. Raises OSError.

    One that can be written again at any time need not be `synced`: that takes milliseconds.
    """
    # Several runs may write it in the same moment, each a whole one. The user's mask sets the mode of a new file.
    beside = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            if synced:
                os.fsync(file.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def replace_output(path: Path, text: str, beginning: str) -> None:
    """Write a file that the person names, as `replace_text` does; where it is a device or a pipe, write to it.

    What exists is replaced only where it is empty or has this `beginning`, by which the program knows its own: a name
    typed wrongly must not cost a manifest or a ledger. Raises OSError, FileExistsError for a file of another kind.
    """
    try:
        real = path.resolve()
    except RuntimeError:
        # A link in a circle, which later versions of Python report as OSError.
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None
    if real.exists() and not real.is_file():
        real.write_text(text, encoding="utf-8", newline="\n")
        return
    if real.exists():
        with real.open("rb") as file:
            found = file.read(len(beginning.encode()))
        if found not in (b"", beginning.encode()):
            raise FileExistsError(errno.EEXIST, "a file of another kind is there, and is not replaced", str(path))
    replace_text(real, text)


def target_of(part: Path) -> Path:
    """Return the file for which `replace_text`, or another writer, began this `<name>.part`."""
    begun = _BEING_WRITTEN.fullmatch(part.name)
    return part.with_name(begun[1]) if begun else part.with_suffix("")
