"""A job's log for people: without what is nobody else's business, and without pages of base64."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from eocanvas_apply.render.layout import PLAIN, Style, printable, stamp

Line = tuple[datetime | None, str]

_NAMES = r"\w*(?:password|passwd|secret|token|credential|signature|access_?key|api_?key)\w*"
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s&,;}]+)"
# In this order: a header's scheme must go with its value before the value is taken for a word of its own.
_SECRETS = (
    re.compile(r"(?i)(\bauthorization[\"']?\s*[=:]\s*[\"']?(?:bearer|basic)\s+)[\w.~+/=-]+"),
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{16,}"),
    re.compile(rf"(?i)({_NAMES}[\"']?\s*[=:]\s*){_VALUE}"),
    re.compile(rf"(?i)(--(?:password|passwd|secret|token)\s+){_VALUE}"),
    re.compile(rf"((?:^|\s)(?:-u|--user)[\s=]+){_VALUE}"),
    re.compile(r"(?<=://)()[^/@\s\"']+(?=@)"),
    # Three parts that begin like JSON: a web token, wherever it stands.
    re.compile(r"()\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    # An app password of a WEkEO Drive: five groups of five.
    re.compile(r"()\b[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){4}\b"),
)
_ONE_OFF = re.compile(r"(?im)\b\w*(?:password|passwd)\w*=(?:\"([^\"\s]{6,})\"|'([^'\s]{6,})'|([^\s\"']{6,})$)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
_KEPT = 24


def private_words(lines: Iterable[Line], account: str) -> list[str]:
    """Return what must not be read anywhere in a log: the account's name, and passwords that the log itself sets."""
    found = {word for _, message in lines for groups in _ONE_OFF.findall(message) for word in groups if word}
    return [*sorted(found, key=len, reverse=True), *_spellings(account)]


def _spellings(account: str) -> Iterator[str]:
    """Yield the forms of a user name, the longest first: at a WEkEO Drive it has a beginning of its own."""
    for name in dict.fromkeys((account, quote(account, safe=""))):
        if name:
            yield f"wso2_oidc-{name}"
            yield name


def scrubbed(message: str, private: Iterable[str]) -> str:
    """Return a message of a log without secrets and private words, long runs of base64 shortened.

    The service's wrapper writes the user's name, a password made for the job and the whole graph into it.
    """
    text = message
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    for word in private:
        text = re.sub(rf"(?i)(?<![^\W_]){re.escape(word)}(?![^\W_])", "***", text)
    return _BASE64.sub(lambda found: f"{found[0][:_KEPT]}…({len(found[0])} characters)", text)


def as_json(lines: Sequence[Line], private: Sequence[str]) -> list[dict[str, str | None]]:
    """Return the lines as JSON, scrubbed."""
    return [{"timestamp": stamp(time), "message": scrubbed(message, private)} for time, message in lines]


def text(lines: Sequence[Line], private: Sequence[str], style: Style = PLAIN) -> str:
    """Return one line a message with its time, scrubbed."""
    return "".join(
        f"{style.paint(stamp(time) or '-', 'dim')} {printable(scrubbed(message, private))}\n" for time, message in lines
    )
