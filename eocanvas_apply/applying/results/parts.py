"""Parts: results that are not whole yet. A run resumes those of an earlier one, and removes those of no more use."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eocanvas_apply.file_locks import lock_place, locked
from eocanvas_apply.results.names import safe_name

_SUFFIX = ".part"


def part_of(path: Path, job_id: str) -> Path:
    """Return where a result is kept as long as it is not whole; another job's result of the same name has its own."""
    return path.with_name(f"{path.name}.{_short(job_id)}{_SUFFIX}")


def _short(job_id: str) -> str:
    return safe_name(job_id)[:8]


class Parts:
    """The parts that the runs of one folder receive. Each has a note among the folder's locks while it is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def taken(self, part: Path) -> Iterator[None]:
        """Keep other runs off a part; raises BlockingIOError where one receives it. It goes with the block if empty."""
        note = lock_place(self._folder, part)
        note.parent.mkdir(parents=True, exist_ok=True)
        with locked(note):
            note.write_text(str(part), encoding="utf-8", errors="surrogateescape")
            try:
                yield
            finally:
                _leave(part, note)

    def sweep(self, awaited: Collection[str]) -> None:
        """Remove the parts that killed runs have left, but those of the jobs whose results are still awaited, by id."""
        resumed = tuple(f".{_short(job_id)}{_SUFFIX}" for job_id in awaited)
        for note in self.left():
            # Where another run has it, that run removes it.
            with suppress(OSError, ValueError), locked(note):
                part = Path(note.read_text(encoding="utf-8", errors="surrogateescape"))
                if not part.name.endswith(resumed):
                    part.unlink(missing_ok=True)
                    note.unlink()

    def left(self) -> list[Path]:
        """Return the notes of all parts; what is only the lock of a killed run goes when it is taken."""
        place = lock_place(self._folder, self._folder).parent
        return sorted({path.with_suffix("") for path in place.iterdir()}) if place.is_dir() else []

    def close(self) -> None:
        """Remove the folders of the locks where they are empty, in a folder that is no project's."""
        with suppress(OSError):
            lock_place(self._folder, self._folder).parent.rmdir()
            lock_place(self._folder, self._folder).parent.parent.rmdir()


def _leave(part: Path, note: Path) -> None:
    with suppress(OSError):
        if part.exists() and not part.stat().st_size:
            part.unlink()
        if not part.exists():
            note.unlink()
