"""Finds the result on record that a file is: by its path, and by its content where it was moved or copied."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.files import digest_of, is_file
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import JobIntended, ResultStored
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.report.provenance.file_origin import (
    Act,
    FileIs,
    FileOrigin,
    at_address,
    file_origin,
    identified,
    stored_files,
)
from eocanvas_apply.secrets.published_text import published_text

_LONGEST = 300


def find_file(text: str, folder: Path, recorded: Recorded) -> FileOrigin:
    """Return what the ledger says of a file, or of an address in the storage of a key. Blocks.

    `folder` is the one that results are recorded from. Raises UsageError for a file that is none of them.
    """
    if "://" in text:
        there = at_address(recorded, text)
        if there is None:
            raise _unknown(text, "no job on record has written it to the storage of a key")
        return file_origin(text, FileIs.AT_KEY, there, (), recorded)
    path, stored = Path(text), [*stored_files(recorded)]
    place = _place(path)
    at_path = [each for each in stored if each.stored and _place(folder / each.stored.file) == place]
    exists = is_file(path)
    try:
        size, digest = (path.stat().st_size, digest_of(path)) if exists else (None, None)
    except OSError as fault:
        message = f"{published_text(text[:_LONGEST])!r} cannot be read: {fault.strerror or fault}"
        raise UsageError(error("file-unreadable", message)) from None
    alike = [each for each in stored if each.stored and (each.stored.size, each.stored.sha256) == (size, digest)]
    found = identified(at_path, alike, exists=exists)
    if found is None:
        words = "no result on record has its path or its content" if exists else "there is no such file, and no record"
        raise _unknown(text, words)
    return file_origin(text, *found, recorded)


def _unknown(text: str, words: str) -> UsageError:
    hint = "`eocanvas-apply results` lists the results of this ledger; -f or --ledger names another one"
    return UsageError(error("not-a-result", f"{published_text(text[:_LONGEST])}: {words}", hint))


def _place(path: Path) -> str:
    return os.path.normcase(os.path.normpath(path.absolute()))


def acts(entries: Iterable[Entry], origin: FileOrigin) -> tuple[Act | None, Act | None]:
    """Return who launched the job of a file and when, and who downloaded the file, by the entries of the ledger."""
    launched = downloaded = None
    job = origin.origin
    for entry in entries:
        match entry.event:
            case JobIntended(intent=intent) if intent == job.intent:
                launched = Act(entry.time, entry.writer)
            case ResultStored(job_id=job_id, file=file) if (job_id, file) == (job.job_id, origin.recorded):
                downloaded = Act(entry.time, entry.writer)
    return launched, downloaded
