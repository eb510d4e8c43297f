"""Faults of a ledger that cannot be read, written or trusted."""

from __future__ import annotations

from pathlib import Path

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error


def not_json(path: Path, line: int, why: str) -> Diagnostic:
    """Return the fault of a line that is not JSON."""
    hint = "nothing was changed; restore the file from a copy"
    return _at(path, line, f"this line of the ledger is not JSON: {why}", hint)


def unknown_event(path: Path, line: int) -> Diagnostic:
    """Say that a line is JSON, but no event of this version."""
    hint = "nothing was changed; use the version that wrote it, or restore the file from a copy"
    return _at(path, line, "this version does not know the event in this line of the ledger", hint)


def out_of_order(path: Path, line: int, seq: int) -> Diagnostic:
    """Say that an entry stands where another belongs."""
    hint = "lines were removed, repeated or merged; nothing was changed; restore the file from a copy"
    return _at(path, line, f"entry {seq} where {line} is expected", hint)


def gone(path: Path) -> Diagnostic:
    """Say that the ledger, or its end, was there and is not any more."""
    message = f"{path}: the ledger is gone or was replaced"
    return error("ledger-gone", message, "restore it before the next run; nothing was sent that is not on record in it")


def busy(path: Path) -> Diagnostic:
    """Return the fault of a lock that another run keeps."""
    message = f"{path}: another run has held the ledger's lock for half a minute"
    return error("ledger-busy", message, "it hangs or is suspended: end it, then run again")


def conflict(path: Path) -> Diagnostic:
    """Return the fault of an append that came too late."""
    return error("ledger-conflict", f"{path}: another run appended first")


def unreadable(path: Path, failure: OSError) -> Diagnostic:
    """Say why the file cannot be read."""
    return error("ledger-unreadable", f"{path}: the ledger cannot be read: {failure.strerror or failure}")


def unwritable(path: Path, failure: OSError) -> Diagnostic:
    """Say why the file cannot be written."""
    return error(
        "ledger-unwritable",
        f"{path}: the ledger cannot be written: {failure.strerror or failure}",
        "nothing is sent that is not on record first; check the disk and the folder's permissions, and run again",
    )


def _at(path: Path, line: int, message: str, hint: str) -> Diagnostic:
    return Diagnostic("ledger-corrupt", Severity.ERROR, message, hint, Position(str(path), line, 1))
