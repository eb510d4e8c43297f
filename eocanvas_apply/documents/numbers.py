"""Numbers that keep the text they were written as: `007` is the number 7, and stays `007` inside a longer text.

The text is kept beside the value, so that everything that computes or compares sees a plain number.
"""

from __future__ import annotations

from typing import Any


class WrittenInt(int):
    """A whole number that a text writes in another way than Python does, such as `007` or `0x1F`."""

    written: str


class WrittenFloat(float):
    """A number that a text writes in another way than Python does, such as `05.10` or `33e5`."""

    __slots__ = ("written",)
    written: str


def as_written(value: float, text: str) -> int | float:
    """Return a number that remembers the text it was read from; a plain one where its own text is the same."""
    if repr(value) == text:
        return value
    number = WrittenInt(value) if isinstance(value, int) else WrittenFloat(value)
    number.written = text
    return number


def number_text(value: float) -> str:
    """Return a number as it was written, a computed one as Python writes it."""
    return value.written if isinstance(value, WrittenInt | WrittenFloat) else repr(value)


def without_text(value: Any) -> Any:
    """Return a value; of a number that remembers its text the plain number."""
    if isinstance(value, WrittenInt):
        return int(value)
    return float(value) if isinstance(value, WrittenFloat) else value


def without_texts(data: Any) -> Any:
    """Return the data with plain numbers in place of those that remember their text."""
    if isinstance(data, dict):
        return {name: without_texts(value) for name, value in data.items()}
    if isinstance(data, list):
        return [without_texts(value) for value in data]
    return without_text(data)
