"""Colour for terminals, and text from outside made safe to show on one."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Style:
    """Whether to colour, and how. `PLAIN` leaves every text as it is."""

    colour: bool = False

    def paint(self, text: str, *names: str) -> str:
        """Return the text in the named colours, or as it is where colour is off or nothing is named."""
        if not (self.colour and names and text):
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"


PLAIN = Style()


def printable(text: str) -> str:
    """Return the text without control characters, so that nothing from outside can steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def one_line(text: str, limit: int = 200) -> str:
    """Return the text on one line of at most `limit` characters, cut with an ellipsis."""
    flat = " ".join(printable(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 job`, `2 jobs`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
