"""`index.csv` of a results folder: which file came from which job."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from eocanvas_apply.ledger.events import ResultStored
from eocanvas_apply.manifest.address import Address

_COLUMNS = ("instance", "job_id", "file", "size", "sha256")


def write_index(folder: Path, stored: Iterable[ResultStored]) -> None:
    """Write the index anew, whole or not at all.

    `instance` is empty for a job that is no campaign; `size` is in bytes.
    """
    rows = [(_instance(r.address), r.job_id, Path(r.file).name, r.size, r.sha256) for r in stored]
    # Two runs may write it in the same moment, each a whole one.
    temporary = folder / f".index.csv.{os.getpid()}-{threading.get_ident()}.part"
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(sorted(rows))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / "index.csv")


def _instance(address: str) -> str:
    return Address.parse(address).instance or ""
