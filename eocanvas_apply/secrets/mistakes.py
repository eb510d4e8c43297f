"""Texts that stand where a secret is expected and are most likely none: judged by their form, never shown.

Only what hardly any secret looks like counts: of ten thousand random ones not one.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple


class Mistake(NamedTuple):
    """What a text is taken for, in words after "looks like", and what to do."""

    words: str
    hint: str


def mistake_in(text: str) -> Mistake | None:
    """Return what a text looks like that is no secret, None for a usual secret. It is legal all the same."""
    if len(text) > _LONGEST:
        return None
    return next((mistake for mistake, holds in _MISTAKES if holds(text)), None)


_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_NAME_OF_ONE = r"[A-Za-z0-9_.-]*(?:key|secret|pass|pwd|token|credential)[A-Za-z0-9_.-]*"
_WORDS = (
    r"change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this)|place[-_ ]?holder|redacted|masked|hidden|"
    r"dummy|to[-_ ]?do|tbd|"
    r"(?:my|your|the|insert|enter|put|some)[-_ ]?(?:your[-_ ]?)?(?:aws|s3|app|storage)?[-_ ]?"
    r"(?:access|secret)?[-_ ]?(?:access)?[-_ ]?(?:key|secret|password|token)(?:[-_ ]?(?:id|here))?|"
    r"(?:access|secret)[-_ ]?key|secret|password|none|null|nil|undefined|example|\S*EXAMPLEKEY|AKIA\w*EXAMPLE"
)
# No key of the service's can seal more.
_LONGEST = 1_000
_SURE = 20
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{15,}={0,2}")


def _matches(pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def _is_base64_of_text(text: str) -> bool:
    """Whether a text is base64 of printable text: by chance this is so for one secret in many thousands."""
    if not _BASE64.fullmatch(text) or len(text) % 4 or (len(text) < _SURE and not text.endswith("=")):
        return False
    try:
        plain = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
    except binascii.Error:
        return False
    return all(0x20 <= byte < 0x7F for byte in plain.rstrip(b"\r\n"))


def _holds_invisible(text: str) -> bool:
    return any(unicodedata.category(c) in ("Cf", "Zs") and c != " " for c in text)


_MISTAKES: tuple[tuple[Mistake, Callable[[str], bool]], ...] = (
    (
        Mistake(
            "a variable that was not filled in",
            "In a shell it needs double quotes or none; elsewhere, see how it is named.",
        ),
        _matches(rf"\$\{{+.*\}}+|\$\(.*\)|\${_NAME}|%{_NAME}%|!{_NAME}!|\{{\{{.*\}}\}}|\$env:{_NAME}|@[a-z.]+\(.*\)"),
    ),
    (
        Mistake("a placeholder", "Put the secret itself there."),
        _matches(rf"<.*>|\[[a-z _-]+\]|([*x.#?\u2022_-])\1{{2,}}|{_WORDS}"),
    ),
    (
        Mistake("a secret in quotes, which are a part of it", "Remove the quotes, unless the secret has them."),
        _matches(r"\"..*\"|'..*'|`..*`|[\u201c\u201e\u2018].+[\u201c\u201d\u2019]"),
    ),
    (
        Mistake("a whole line or document with the name of the secret", "Put the value alone there."),
        _matches(rf"(?:export |set )?(?:{_NAME_OF_ONE}\s*(?:=(?!=*$)|:\s).+|\{{\s*\".*\}}|bearer .+|basic .+)"),
    ),
    (
        Mistake("a whole line with the name of the secret", "Put the value alone there."),
        _matches(r"(?:export )?[A-Z][A-Z0-9]*_[A-Z0-9_]+=(?!=*$).+", re.ASCII),
    ),
    (
        Mistake("a path", "To read the secret from a file write {file: PATH}, or {file: {env: NAME}}."),
        _matches(
            r"(?:~|\.{1,2})/.+|[a-z]:[\\/].+|file:.+|"
            r"/(?:home|root|users|etc|run|var|tmp|mnt|opt|usr|data|work|workspace|secrets?|app)/.+"
        ),
    ),
    (
        Mistake("an address", "Put the secret alone there; an address belongs to `endpoint`."),
        _matches(r"[a-z][a-z0-9+]*://.+"),
    ),
    (
        Mistake("text in base64, as Kubernetes shows it", "Decode it first, unless the secret is in base64."),
        _is_base64_of_text,
    ),
    (
        Mistake("a text with an invisible character or an unusual blank", "Copy it again, or type it."),
        _holds_invisible,
    ),
)
