"""Addresses of the web, split without exceptions, and which of them are this machine's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

# Compiled at the first use: every command imports this file.
# A quote ends a word where nothing more of the word follows; a blank does not where an @ follows soon.
_WORD = r"(?:[^\s'\"`]|['\"`](?![\s,;:)}\]]|$)|[ ](?=[^\s'\"`/]{1,100}@))+"
# `jane:` behind the slashes of an address, and not `localhost:8080/`, whose number is a port.
_PORT = r"(?:[^\s/?#@:]*\.[^\s/?#@:]*|localhost|\[[^\]\s]*\]):\d{1,5}(?:[/?#]|$)"
_NAME_AND_PASSWORD = rf"//(?!{_PORT})(?=[^\s/?#@:\[]*:)"
# A token alone in front of the host.
_ALONE = r"://([^\s/?#'\"@]+)(?=@)"

# The path of an address, and its query and fragment.
_BEHIND_PATH = r"(\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'<>?#]*)[?#][^\s\"'<>]*"


def users_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield where `user:password` or a token stands in front of the @ of an address.

    People do not encode what is in a password: it may hold / ? # @ and quotes. So it ends at the last @ of its word.
    """
    for word in re.finditer(_WORD, text) if "//" in text and "@" in text else ():
        end = text.rfind("@", *word.span())
        found = re.compile(_NAME_AND_PASSWORD).search(text, *word.span()) if end >= 0 else None
        begin = found.end() if found and found.end() < end else word.end()
        yield from (token.span(1) for token in re.compile(_ALONE).finditer(text, word.start(), begin))
        if begin < end:
            yield begin, end


def holds_password(address: str) -> bool:
    """Return whether a password stands in an address, behind the user's name."""
    return any(":" in address[begin:end] for begin, end in users_in(address))


def replaced_users(text: str, by: str = "") -> str:
    """Return a text whose addresses hold no user, password and token; `by` stands in place of these and of the @."""
    shown, at = "", 0
    for begin, end in users_in(text):
        shown, at = f"{shown}{text[at:begin]}{by}", end + 1
    return shown + text[at:]


def bare_addresses(text: str) -> str:
    """Return a text whose addresses hold no user, password and token, and nothing from their query on.

    What follows a `?` may be a signature, as of an address that opens a file for an hour.
    """
    return re.sub(_BEHIND_PATH, r"\1", replaced_users(text)) if "://" in text else text


def split_address(text: str) -> SplitResult | None:
    """Return the parts of an address, None where it cannot be read or its port is no port."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def same_service(one: str, other: str) -> bool:
    """Return whether two base addresses are one service: on this machine the port may differ.

    An emulator that comes up again on another port is the same service.
    """
    return one == other or _without_own_port(one) == _without_own_port(other)


def _without_own_port(url: str) -> str:
    parts = split_address(url)
    if parts is None or not is_loopback(host := parts.hostname or ""):
        return url
    return parts._replace(netloc=f"[{host}]" if ":" in host else host).geturl()


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this very machine: localhost, 127.0.0.0/8, ::1."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
