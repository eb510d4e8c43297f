"""Mutations of a text: a seeded random changes bytes, words, lines, line ends and encodings, or mixes two texts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

# What has a meaning somewhere, or once went wrong somewhere.
WORDS: Sequence[bytes] = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        *(
            "",
            " ",
            "\t",
            "\n",
            "\r",
            "\r\n",
            "\0",
            "\x1b[31m",
            "\x85",
            "\u2028",
            "\ufeff",
            "\u202e",
            "\ud800",
            "ü",
            "𝄞",
        ),
        *("null", "~", "true", "no", "NaN", "Infinity", "-0", "007", "1e400", "0x1F", "1_000", "12:30:00", "-1", "1.5"),
        *("9" * 50, "9" * 5000, "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2024-07-01", "now-3d"),
        *("${", "${each.id}", "${each.", "${var.x}", "$${", "$x", "${each.a.b.c}", "$output", "${img1}", "}", "{", "$"),
        *(
            "&a",
            "*a",
            "<<: *a",
            "!!python/object:os.system",
            "---",
            "...",
            "? ",
            "- ",
            ": ",
            "|",
            ">",
            "%",
            "@",
            "`",
            "#",
        ),
        *(
            "'",
            '"',
            "\\",
            "\\u0000",
            '""',
            "[",
            "]",
            "[]",
            "{}",
            ",",
            ";",
            "=",
            "<",
            ">",
            "&amp;",
            "&#0;",
            "]]>",
            "<!--",
        ),
        *("<!DOCTYPE a [<!ENTITY b 'c'>]>", "<![CDATA[", "<?xml version='1.0' encoding='utf-16'?>", "xmlns:a='b'"),
        *("id", "type", "keys", "jobs", "for_each", "inputs", "output", "graph", "chain", "process", "s3", "eodata"),
        *(
            "Polygon",
            "GeometryCollection",
            "coordinates",
            "geometry",
            "POINT EMPTY",
            "1,5",
            "1.000,5",
            "../x",
            "/",
            "C:\\",
        ),
    )
)
_WORD = re.compile(rb"[\w.$-]+|[^\s\w]")
_Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def mutated(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Return a text changed in one to four ways."""
    for _ in range(rng.randint(1, 4)):
        text = rng.choice(_CHANGES)(text, rng, others)[:100_000]
    return text


def _cut(text: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(text))
    return start, min(len(text), start + rng.choice((1, 1, 2, 5, 20, 100)))


def _without_a_part(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    start, end = _cut(text, rng)
    return text[:start] + text[end:]


def _with_a_part_again(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    start, end = _cut(text, rng)
    return text[:end] + text[start:end] * rng.choice((1, 1, 3, 50)) + text[end:]


def _other_byte(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(text))
    return text[:at] + rng.randbytes(1) + text[at + 1 :]


def _with_a_word(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(WORDS) + text[at:]


def _other_word(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    found = list(_WORD.finditer(text))
    if not found:
        return text
    one, two = rng.choice(found), rng.choice(found)
    word = rng.choice((two[0], rng.choice(WORDS), rng.choice(WORDS)))
    return text[: one.start()] + word + text[one.end() :]


def _other_lines(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    lines = text.split(b"\n")
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(4)
    if way == 0:
        lines[one], lines[two] = lines[two], lines[one]
    elif way == 1:
        lines.insert(two, lines[one])
    elif way == 2:
        del lines[one]
    else:
        lines[one] = rng.choice((b" ", b"  ", b"\t", b"- ")) + lines[one]
    return b"\n".join(lines)


def _other_line_ends(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    return text.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"", b"\xe2\x80\xa8")))


def _other_encoding(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    if rng.random() < 0.5:
        return b"\xef\xbb\xbf" + text
    return text.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-16-be", "latin-1", "utf-32")), "replace")


def _shorter(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    return text[: rng.randint(0, len(text))]


def _mixed(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


_OFTEN: tuple[_Change, ...] = (_without_a_part, _with_a_part_again, _with_a_word, _other_word, _other_lines)
_CHANGES: tuple[_Change, ...] = (
    *(_OFTEN * 3),
    *(_other_byte, _other_line_ends, _other_encoding, _shorter, _mixed),
)
