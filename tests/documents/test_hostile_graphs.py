from __future__ import annotations

import subprocess
import sys

from tests.documents.hostile_graphs import GRAPHS

SIZE = 100_000


def test_hostile_graphs_are_judged_in_bounded_time() -> None:
    # All of them take some four seconds. What is quadratic in any of them took minutes.
    command = [sys.executable, "-m", "tests.documents.hostile_graphs", str(SIZE)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    rows = [line.split("\t") for line in printed.splitlines()]
    codes = {name: set(filter(None, found.split(","))) for name, found, *_ in rows}
    assert codes == {name: expected for name, (_, expected) in GRAPHS.items()}
