"""The last line of defence for logs and tracebacks: what is known to be secret, or looks it, is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from eocanvas_apply.secrets.secret import Secret

_PATTERNS = (
    re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]+"),
    re.compile(
        r"""(?ix) (["']?\b(?:password|secret_key|access_key|access_token|refresh_token|data)\b["']?\s*[:=]\s*)
        (?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;}&]+ )"""
    ),
)


class Scrubber:
    """Takes secrets out of texts. It learns the values that a command resolved."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Remember these; a text of fewer than four characters would blot out half of every log and is left."""
        self._values |= {secret.reveal() for secret in secrets if len(secret.reveal()) >= 4}

    def scrub(self, text: str) -> str:
        """Return the text without anything secret."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "***")
        for pattern in _PATTERNS:
            text = pattern.sub(r"\1***", text)
        return text


SCRUBBER = Scrubber()
