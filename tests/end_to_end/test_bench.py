"""Everything that `make bench` measures runs, and every row of it is printed; no figure is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import waiting
from bench.__main__ import GROUPS, rows
from bench.table import Row, Scale

QUICK = Scale(runs=1, divisor=200)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_measured(group: str, tmp_path: Path) -> None:
    measured = list(rows(group, tmp_path, QUICK))
    assert measured
    assert all(isinstance(row, Row) and row.measured for row in measured)


def test_a_turn_that_waits_asks_for_keys_and_for_the_jobs_that_run(tmp_path: Path) -> None:
    # More jobs than a page of the list holds.
    assert waiting.requests_of_a_turn(tmp_path, 300) == ["GET keys", "GET jobs"]
