"""Hiding secrets in text for people: answers of the service, the program's log, tracebacks, job logs.

There is one `Scrubber` a process. It hides the secrets it has learnt, and what looks like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote

from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.web_addresses import replaced_users

_HIDDEN = r"\1***"
# Shorter secrets would hide parts of ordinary words.
_SHORTEST = 4
# The word is looked through once and then taken whole: what may begin or end anywhere in it is tried for each place.
_WORDS = "password|passwd|secret|token|credential|signature|access_?key|api_?key"
_NAME = rf"\b(?!(?:get|refresh)token\b)(?=\w*(?:{_WORDS}))\w+"
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&,;}]+)"""
# Compiled at the first use: every command imports this file, and few hide anything.
TOKENS = (
    r"(?i)(\bauthorization[\"']?\s*[=:]\s*[\"']?(?:bearer|basic)\s+)[\w.~+/=-]+",
    r"(?i)(\bbearer\s+)[^\s\"',;]+",
    r"(?i)(\bbasic\s+)[\w.~+/=-]{16,}",
    # A web token begins like JSON in base64.
    r"()\beyJ[\w-]{8,}(?:\.[\w-]*)*",
)
_TOKEN_WORDS = ("authorization", "bearer", "basic", "eyj")
_NAMED_VALUES = (
    rf"(?i)({_NAME}[\"']?\s*[=:]\s*){_VALUE}",
    rf"(?i)(--(?:password|passwd|secret|token)\s+){_VALUE}",
    rf"((?:^|\s)(?:-u|--user)[\s=]+){_VALUE}",
    # An app password of a WEkEO Drive: five groups of five.
    r"()\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){4}\b",
)
_ASSIGNED = r"(?im)\b(?=\w*(?:password|passwd))\w+=(?:\"([^\"\s]{6,})\"|'([^'\s]{6,})'|([^\s\"']{6,})$)"
_BASE64 = r"(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{24})[A-Za-z0-9+/]{%d,}={0,2}"
# No token is so long: before anything is looked for, such a text is shortened.
_LONG, _GRAPH_LONG = _BASE64 % 176, _BASE64 % 20_000


class Scrubber:
    """Replaces secrets in text with `***`."""

    def __init__(self) -> None:
        self._known: list[str] = []

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Hide these from now on; secrets of fewer than four characters are not hidden."""
        texts = {secret.reveal() for secret in secrets}
        self._known = sorted({*self._known, *(t for t in texts if len(t) >= _SHORTEST)}, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """Return the text without known secrets and tokens; for sentences, which stay readable."""
        bare = self.hide_known(text)
        lower = bare.lower()
        # Most texts hold none of them, and to look for patterns in a long one takes milliseconds.
        return _without(TOKENS, bare) if any(word in lower for word in _TOKEN_WORDS) else bare

    def hide_known(self, text: str) -> str:
        """Return the text without the secrets that were learnt."""
        for secret in self._known:
            text = text.replace(secret, "***")
        return text

    def scrub(self, text: str) -> str:
        """Return the text without known secrets, tokens, and values whose name or shape is that of a secret."""
        return _without(_NAMED_VALUES, replaced_users(self.hide(text), "***@"))


class JobLogScrubber:
    """Scrubs the log of one job, into which the service writes user names, passwords and the whole graph."""

    def __init__(self, scrubber: Scrubber, account: str) -> None:
        self._scrubber = scrubber
        self._passwords: set[str] = set()
        names = dict.fromkeys(filter(None, (account, quote(account, safe=""))))
        # The longest first: a WEkEO Drive puts a prefix before the name.
        self._user_names = [spelling for name in names for spelling in (f"wso2_oidc-{name}", name)]

    def scrub(self, lines: Sequence[tuple[datetime | None, str]]) -> list[tuple[datetime | None, str]]:
        """Return lines of time and message without secrets and the account's name, long base64 shortened.

        A password that one line sets is hidden in all of them, and in those of later calls.
        """
        lines = [(time, _shortened(self._scrubber.hide_known(message), _GRAPH_LONG)) for time, message in lines]
        found = (word for _, message in lines for groups in re.findall(_ASSIGNED, message) for word in groups)
        self._passwords.update(word for word in found if word)
        words = [*sorted(self._passwords, key=len, reverse=True), *self._user_names]
        whole_words = [rf"(?i)()(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in words]
        scrubbed = ((time, _without(whole_words, self._scrubber.scrub(message))) for time, message in lines)
        return [(time, _shortened(message, _LONG)) for time, message in scrubbed]


def _without(patterns: Iterable[str], text: str) -> str:
    for pattern in patterns:
        text = re.sub(pattern, _HIDDEN, text)
    return text


def _shortened(text: str, pattern: str) -> str:
    return re.sub(pattern, lambda found: f"{found[1]}…({len(found[0])} characters)", text)


SCRUBBER = Scrubber()
