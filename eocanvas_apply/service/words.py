"""The service's own words about a refusal, made fit to be shown: short, plain, without secrets."""

from __future__ import annotations

import html
import json
import re

LONGEST = 300

_MARKUP = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"(?i)\bbearer\s+[^\s\"',;]+|\beyJ[\w-]{8,}(?:\.[\w-]*)*")
_SPACES = re.compile(r"\s+")


class Scrubber:
    """Takes every secret that has been sent out of the words that come back."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Remember one more text that must never be shown; very short ones would only maim ordinary words."""
        if len(secret) >= 4:
            self._secrets.add(secret)

    def hidden(self, text: str) -> str:
        """Return the text with each secret replaced by `***`."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return _TOKEN.sub("***", text)

    def clean(self, text: str) -> str:
        """Return the text on one line, without secrets and control characters, at most 300 characters long."""
        text = _SPACES.sub(" ", self.hidden(text))
        text = "".join(c for c in text if c.isprintable()).strip()
        return text if len(text) <= LONGEST else text[: LONGEST - 3].rstrip() + "..."


def words_of(content: bytes) -> str:
    """Return what an error's body says.

    Known shapes: OGC problem+json `{title, detail}`, `{code, type, description}`, `{"message"}`, and HTML;
    anything else is given as it stands. The result is still to be scrubbed.
    """
    text = content[:100_000].decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return html.unescape(_MARKUP.sub(" ", text)) if text.startswith("<") else text
    return _of_document(document) or text


def _of_document(document: object) -> str:
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return ""
    known = ("title", "detail", "code", "description", "message", "error", "error_description")
    said: list[str] = []
    for value in (document.get(field) for field in known):
        if isinstance(value, str | int) and str(value) and str(value) not in said:
            said.append(str(value))
    return ": ".join(said)
