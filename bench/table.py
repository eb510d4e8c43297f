"""The table that is printed: a row for each thing that people wait for, as the documentation shows it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.timing import Pair

HEADER = "| what | reference in the same run | aim | measured |\n|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """What was measured against which reference, what was aimed at, and what came out."""

    what: str
    reference: str
    aim: str
    measured: str

    def line(self) -> str:
        """Return it as a line of a Markdown table."""
        return f"| {self.what} | {self.reference} | {self.aim} | {self.measured} |"


@dataclass(frozen=True)
class Scale:
    """How much is measured: the `runs` of each command, and what the sizes of the issue are divided by."""

    runs: int = 5
    divisor: int = 1

    def of(self, size: int) -> int:
        """Return a size at this scale, at least 1."""
        return max(1, size // self.divisor)


def times(pair: Pair) -> str:
    """Say how ours and the reference compare in wall seconds."""
    return f"{pair.ratio:.2f}x ({span(pair.ours.seconds)} against {span(pair.reference.seconds)})"


def span(seconds: float) -> str:
    """Say a time in the unit that suits it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
