"""How a request ended: a value, or exactly one of NotSent, Refused and Doubt.

Launches depend on this: a request that is neither certainly unsent nor certainly refused may have been carried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.connection_words import connection_words
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Doubt, NotSent, Refused, ServiceError
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.service.bodies import decoded
from eocanvas_apply.service.clock import parse_http_time
from eocanvas_apply.service.proxies import proxy_of

T = TypeVar("T")
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 411, 413, 414, 415, 422, 429})

# Late TLS alerts, and the time-out of a whole request, are OSErrors.
TRANSPORT_FAULTS = (httpx.HTTPError, OSError)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_LATE = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "not sent in time",
    httpx.PoolTimeout: "no connection was free in time",
    TimeoutError: "no whole answer in time",
}
_HINTS = {
    401: "The service does not accept the token; `eocanvas-apply doctor` shows who logged in where.",
    403: "The account may not do this; terms of the service may have to be accepted on its web site.",
    429: "The quota is used up; wait, or ask the service for more.",
}
_LONGEST_WORDS = 300
# What is not closed goes to the end, as in a browser; else a page of `<` would be searched once for each of them.
_MARKUP = re.compile(
    r"<(script|style|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL
)


class Answer(Struct, frozen=True):
    """A whole answer of the service; `path` is the path of the request without its query."""

    method: str
    path: str
    status: int
    headers: httpx.Headers
    content: bytes = b""

    def with_content(self, content: bytes) -> Answer:
        """Return the same answer with its body."""
        return replace(self, content=content)

    def parsed(self, parse: Callable[[object], T]) -> T:
        """Return what `parse` makes of the JSON body; raise Doubt when it is none, and for a ValueError of `parse`."""
        try:
            return parse(decoded(self.content))
        except ValueError as fault:
            why = str(fault)
        except RecursionError:
            why = "with JSON that is too deep"
        # Raised here, and not above, the fault does not keep what was decoded.
        raise self.unreadable(why)

    def unreadable(self, why: str) -> Doubt:
        """Return the error for a 2xx whose body does not say what it should."""
        message = f"{self.method} {self.path} answered {self.status}, but {why}"
        hint = "Check that EOCANVAS_URL is the address of the service, not of a log-in page or a proxy."
        return Doubt(error("service-answer-unreadable", message, hint), self.status)


def transport_fault(method: str, url: str, fault: Exception, *, unsent: bool, reads: bool = False) -> ServiceError:
    """Return the error for a request without a whole answer; `reads` says of a POST that it changes nothing.

    `unsent` means that no byte of the request left; faults of DNS, connect, TLS and pool time-outs imply it.
    """
    parts = urlsplit(url)
    late = next((words for kind, words in _LATE.items() if isinstance(fault, kind)), "")
    why = connection_words(fault) or str(fault) or late or type(fault).__name__
    if unsent or isinstance(fault, _UNSENT):
        hint = "Check the address and the network; HTTPS_PROXY and SSL_CERT_FILE are read if they are set."
        if proxy := proxy_of(url):
            hint = f"The request goes through the proxy {proxy}: check HTTPS_PROXY and ALL_PROXY, or unset them."
        message = f"{method} {parts.path} did not reach {parts.scheme}://{parts.netloc}: {why}"
        return NotSent(error("service-unreachable", message, hint))
    message = f"{method} {parts.path}: the answer of {parts.netloc} was lost: {why}"
    hint = "It is not known yet whether the service acted."
    if reads or method == "GET":
        hint = "Nothing was changed; run the command again."
    return Doubt(error("service-answer-lost", message, hint))


def late_answer(method: str, url: str, waited_s: float) -> Diagnostic:
    """Return the fault of a request whose answer has not come yet; the request may still succeed."""
    parts = urlsplit(url)
    return error("service-answer-lost", f"{method} {parts.path}: no answer of {parts.netloc} within {waited_s:.0f} s")


def status_fault(answer: Answer, now: datetime, scrubber: Scrubber) -> ServiceError:
    """Return Refused or Doubt for an answer that is no 2xx, with the service's own words; `now` is its time."""
    words = _one_line(_words(answer.content), scrubber)
    location = answer.headers.get("location", "")
    if 300 <= answer.status < 400 and location:
        words = f"it points to {_one_line(location.partition('?')[0], scrubber)}, which is not followed"
    left, limit = (answer.headers.get(name, "") for name in ("x-quota-remaining", "x-quota-limit"))
    quota = _one_line(f"{left or 0} of {limit} left", scrubber) if limit else ""
    words = ", ".join(filter(None, (words, quota)))
    message = f"{answer.method} {answer.path} answered {answer.status}" + (f": {words}" if words else "")
    wait = retry_after(answer.headers, now)
    if answer.status in REFUSALS or 300 <= answer.status < 400:
        return Refused(error("service-refused", message, _hint(answer)), answer.status, wait)
    return Doubt(error("service-failed", message, "The service has a fault; try again later."), answer.status, wait)


def _hint(answer: Answer) -> str:
    if answer.status == 404 and not any(part in f"{answer.path}/" for part in ("/serverless/", "/api/v1/")):
        return "Check EOCANVAS_URL; the address of the service usually ends with /serverless."
    return _HINTS.get(answer.status, "")


def retry_after(headers: httpx.Headers, now: datetime) -> float | None:
    """Return the seconds the service asks to wait, or None.

    `Retry-After` holds seconds or a date; HDA's `X-Quota-Reset` holds epoch milliseconds, or epoch seconds,
    recognised by their length.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return float(text)
    until, reset = parse_http_time(text), headers.get("x-quota-reset", "").strip()
    if until is None and re.fullmatch("[0-9]{10,14}", reset):
        until = datetime.fromtimestamp(int(reset) / (1000 if len(reset) > 11 else 1), UTC)
    return max(0.0, (until - now).total_seconds()) if until else None


def _one_line(text: str, scrubber: Scrubber) -> str:
    """Return the text on one line, without secrets and control characters, at most 300 characters long."""
    text = "".join(c for c in " ".join(scrubber.hide(text).split()) if c.isprintable()).strip()
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 3].rstrip() + "..."


def _words(content: bytes) -> str:
    """Return what an error's body says.

    Known shapes: OGC problem+json `{title, detail}`, `{code, type, description}`, `{"message"}`, and HTML;
    anything else is returned as it stands, and not scrubbed.
    """
    text = content.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _without_markup(text) if text.startswith("<") else text
    if isinstance(document, str):
        return document or text
    fields = document if isinstance(document, dict) else {}
    known = ("title", "detail", "code", "description", "message", "error", "error_description")
    words = [str(value) for field in known if isinstance(value := fields.get(field), str | int)]
    return ": ".join(filter(None, dict.fromkeys(words))) or text


def _without_markup(page: str) -> str:
    import html

    return html.unescape(_MARKUP.sub(" ", page))
