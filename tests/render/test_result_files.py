"""What is shown about results that are not downloaded."""

from __future__ import annotations

import pytest

from eocanvas_apply.render.results.result_files import StoredRow, text


def _result(state: str) -> StoredRow:
    return {
        "address": "job.a",
        "job_id": "1",
        "file": "a.nc",
        "size": 1,
        "sha256": "0",
        "state": state,
        "location": None,
    }


@pytest.mark.parametrize(
    ("states", "last"),
    [
        (["here"], "job.a  1 B   a.nc"),
        (["pending", "pending"], "2 results not downloaded: eocanvas-apply results --fetch"),
        (
            ["missing", "pending"],
            (
                "1 file missing: eocanvas-apply results --fetch brings what another machine stored, "
                "--refetch also what was removed here"
            ),
        ),
        (["edited"], "1 file edited: eocanvas-apply results --refetch brings what was fetched"),
    ],
)
def test_the_command_that_fetches_results_is_named(states: list[str], last: str) -> None:
    assert text([_result(state) for state in states]).splitlines()[-1] == last
