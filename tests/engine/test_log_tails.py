"""What the log of a running job says at last."""

from __future__ import annotations

import pytest

from eocanvas_apply.engine.log_tails import tail_of


@pytest.mark.parametrize(
    ("lines", "tail"),
    [
        ([], ""),
        (["  ", ""], ""),
        (["Reading", "", "  INFO: Writing a.nc  "], "INFO: Writing a.nc"),
        (["Reading", "ERROR 1: libpq.so.5: cannot open shared object file"], "Reading"),
        (["....10%....20%....30%", ""], "30%"),
        (["....10%....20%", "SNAP execution completed"], "SNAP execution completed"),
        (["cloud cover 12.5% of the scene"], "cloud cover 12.5% of the scene"),
    ],
)
def test_a_share_of_the_work_counts_more_than_the_line_it_stands_in(lines: list[str], tail: str) -> None:
    assert tail_of(lines) == tail
