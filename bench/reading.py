"""Reads what a project is made of, and nothing else: `python -m bench.reading FOLDER`, a reference for campaigns.

Opens the manifest with its graph as every command does, reads the rows of its campaigns with the project's own readers
into one value a row, and parses each line of the ledger, where there is one, with `json.loads`. Rows are not joined,
checked or made into jobs; entries are not checked, folded or kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from eocanvas_apply.campaign.row_files import RowFiles
from eocanvas_apply.engine.definition import open_project
from eocanvas_apply.vocabulary import NO_ENVIRONMENT, STATE_FOLDER


def main(words: Sequence[str]) -> int:
    """Read those of the project in a folder."""
    folder = Path(words[0])
    project = open_project(folder / "eocanvas.yaml")
    files = RowFiles(project.loaded, project.read)
    for job in project.manifest.jobs.values():
        for step in job.steps:
            files.rows(step.kind, step.source)
    ledger = folder / STATE_FOLDER / f"{NO_ENVIRONMENT}.jsonl"
    if ledger.exists():
        with ledger.open("rb") as lines:
            for line in lines:
                json.loads(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
