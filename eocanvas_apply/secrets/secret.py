"""A secret as a value that cannot be printed by accident."""

from __future__ import annotations

import unicodedata


class Secret:
    """A secret text. Its repr, str and format show `***`; only `reveal` gives the text. It cannot be pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Call it only where the text is sealed, hashed or sent."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        import hmac

        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def without_mark(text: str) -> str:
    """Return the text of a secret without the byte order mark that Windows writes before text."""
    return text.removeprefix("\ufeff")


def is_text(text: str) -> bool:
    """Return whether a text of the environment is UTF-8; bytes that are not stand in it as half characters."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def stray_characters(text: str) -> str | None:
    """Return what a secret holds that belongs to the place it was copied from, in words; None for a usual secret."""
    for place, character in (("begins", text[:1]), ("ends", text[-1:])):
        if character.isspace():
            return f"{place} with a {_named(character)}"
    control = next((c for c in text if unicodedata.category(c) == "Cc"), None)
    return f"holds a {_named(control)}" if control else None


def _named(character: str) -> str:
    if character in "\r\n":
        return "line end"
    return "blank" if character.isspace() else "control character"
