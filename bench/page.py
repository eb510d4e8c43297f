"""The page of the documentation that shows the table: docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.table import HEADER

PAGE = Path(__file__).parent.parent / "docs/performance.md"
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->"


def write(machine: str, lines: Sequence[str]) -> None:
    """Put the table and the machine between the marks of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = f"{machine}.\n\n{HEADER}" + "".join(f"{line}\n" for line in lines)
    PAGE.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}", encoding="utf-8")
