"""Secrets in the text of a manifest, wherever they stand: by their form, or by the `=` before or the `@` behind them.

People paste a secret into the place of a name, of a type, or into a note of their own. A word is taken for a secret
when it is long and as mixed as random letters and digits are; names of products, days and paths are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.web_addresses import users_in

_WORD = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
# From a small letter to a capital one, and between letters and digits; `Aa` is how a word begins.
_CHANGE = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[0-9]|(?<=[0-9])[A-Za-z]")
# Letters of one case, and digits among them.
_ROW = re.compile(r"(?<![A-Za-z0-9])(?:[a-z0-9]{20,}|[A-Z0-9]{20,})(?![A-Za-z0-9])")
_AMONG_LETTERS = re.compile(r"[A-Za-z][0-9]+[A-Za-z]")
NAMES = "password|passwd|secret|token|credential|access_?key|api_?key|signature"
_NAME = re.compile(NAMES, re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?i)\b(?=\w*(?:{NAMES}))\w+[ \t]*=[ \t]*([^\s`'\",;}}]+?)(?=:?(?:[\s`'\",;}}]|$))")
# `jane:password@host` of an address whose slashes were forgotten.
_WITHOUT_SLASHES = re.compile(r"(?<![^\s'\"`({\[,=])[A-Za-z][\w.+-]+:/?([^\s/\\'\"`][^\s'\"`]*)@")
# What signs an address, as Azure's storage names it.
_SIGNED = re.compile(r"(?i)[?&]sig=([^&#\s`'\"]+)")
# An app password of a WEkEO Drive: five groups of five.
_APP_PASSWORD = re.compile(r"\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){4}\b")


def names_a_secret(name: str) -> bool:
    """Return whether the value of a field with this name is a secret; of a whole text, whether it may have one."""
    return _NAME.search(name) is not None


def secret_words(text: str) -> list[tuple[int, int]]:
    """Return where the words that could be secrets begin and end, in their order."""
    named = (each.span(1) for pattern in (_ASSIGNED, _SIGNED, _WITHOUT_SLASHES) for each in pattern.finditer(text))
    return sorted({*_random_words(text), *named, *users_in(text), *_app_passwords(text)})


def without_secret_words(text: str) -> str:
    """Return a text with `***` in place of the words that could be secrets."""
    shown, at = "", 0
    for begin, end in secret_words(text):
        shown += f"{text[at:begin]}***" if begin >= at else ""
        at = max(at, end)
    return shown + text[at:]


def _random_words(text: str) -> Iterator[tuple[int, int]]:
    for word in _WORD.finditer(text):
        # A small letter in front of a capital one, a digit beside a letter: so often only by chance.
        if len(_CHANGE.findall(word[0])) * 5 >= len(word[0].rstrip("=")):
            yield word.span()
        else:
            yield from (part.span() for part in _ROW.finditer(text, *word.span()) if _AMONG_LETTERS.search(part[0]))


def _app_passwords(text: str) -> Iterator[tuple[int, int]]:
    yield from (each.span() for each in _APP_PASSWORD.finditer(text) if re.search(r"[0-9]", each[0]))
