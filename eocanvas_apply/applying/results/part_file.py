"""The file of a part while it grows: what arrives is written and hashed in one go."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from io import FileIO


class PartFile:
    """A part that is open to append to; `size` is in bytes.

    `file` is open to append and to read, and without a buffer, so that a full disk is noticed at once. What an earlier
    run has left in it counts when it was read back.
    """

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = os.fstat(file.fileno()).st_size

    def read_back(self) -> None:
        """Hash what an earlier run has left; raises OSError."""
        self._file.seek(0)
        self._digest = hashlib.file_digest(self._file, "sha256")

    @property
    def sha256(self) -> str:
        """The digest of all that has arrived, in hex."""
        return self._digest.hexdigest()

    def append(self, content: bytes) -> None:
        """Write all of it at the end; raises OSError."""
        write_all(self._file, content)
        self._digest.update(content)
        self.size += len(content)

    def clear(self) -> None:
        """Begin anew."""
        self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0

    def shorten(self, number: int) -> int:
        """Give so many bytes back to a full disk, as far as it lets; return the size then. Nothing may follow."""
        size = os.fstat(self._file.fileno()).st_size
        with suppress(OSError):
            size = max(0, size - number)
            self._file.truncate(size)
        return size

    def sync(self) -> None:
        """Wait until the disk has it."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def write_all(file: FileIO, content: bytes) -> None:
    """Write all of it; a nearly full disk may accept only a piece at first."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
