"""Everything that `make bench` measures runs, and every row of it is printed; no figure is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.__main__ import GROUPS
from bench.table import Row, Scale

QUICK = Scale(runs=1, divisor=200)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_measured(group: str, tmp_path: Path) -> None:
    rows = list(GROUPS[group](tmp_path, QUICK))
    assert rows
    assert all(isinstance(row, Row) and row.measured for row in rows)
