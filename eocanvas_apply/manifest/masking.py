"""Source lines of a manifest as they may be shown: under `keys` only what is known to be no secret.

Everything there but type, name, bucket, region, endpoint and username becomes `***`, comments too. Masking goes by
the nodes of the text, so that values over several lines, flow mappings and aliases are covered; of a text that could
not be read to its end, lines that may belong to `keys` are not shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.diagnostics import Position
from eocanvas_apply.documents.yaml.nodes import Mapping, Node, Scalar, Sequence, Span
from eocanvas_apply.documents.yaml.text import YamlText

PLAIN_FIELDS = frozenset({"type", "name", "bucket", "region", "endpoint", "username"})

_REFERENCE_WORDS = frozenset({"env", "file", "command", "keyring", "sops", "at"})
_PUNCTUATION = frozenset("{}[],: \t")
_TOP_LEVEL = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)\s*:")
_COMMENT = re.compile(r"[}\], \t]*#[^\r\n]*")
_STARS = "***"


# For each character of a text: whether it is shown, hidden, or hidden as part of a scalar.
Mask = bytes
_SHOWN, _HIDDEN, _IN_SCALAR = range(3)


def mask_of(text: YamlText) -> Mask:
    """Return the mask of a manifest's text."""
    named = list(_key_blocks(text.root))
    shown = [span for _, block in named for span in _shown(block)]
    visible = frozenset(shown)
    mask = bytearray(len(text.text))
    for spans, kind in (
        ([span for name, block in named for span in _regions(name, block, text.text)], _HIDDEN),
        (shown, _SHOWN),
        ([each.span for _, block in named for each in _scalars(block) if each.span not in visible], _IN_SCALAR),
    ):
        for span in spans:
            mask[span.start : span.end] = bytes([kind]) * (span.end - span.start)
    return bytes(mask)


def snippet(text: YamlText, mask: Mask, position: Position) -> str | None:
    """Return the line at a position, its column unmoved; None when nothing of it may be shown."""
    line = text.line(position.line)
    if text.root is None:
        return line if _is_outside_keys(text, position.line) else None
    return _masked(line, text.line_starts[position.line - 1], mask, position.column - 1)


def _masked(line: str, start: int, mask: Mask, caret: int) -> str:
    shown, at = "", 0
    while at < len(line):
        end = _end_of_run(line, start, mask, at)
        if end == at:
            shown += line[at]
            at += 1
            continue
        # What stands before the caret keeps its width, so that the caret stays under its place.
        shown += _STARS.ljust(end - at) if end <= caret else _STARS
        at = end
    return shown.rstrip()


def _end_of_run(line: str, start: int, mask: Mask, at: int) -> int:
    kind, end = mask[start + at], at
    while end < len(line) and mask[start + end] == kind != _SHOWN:
        if kind == _HIDDEN and line[end] in _PUNCTUATION:
            break
        if kind == _HIDDEN and line[end] == "#":
            return len(line)
        end += 1
    return end


def _regions(name: Scalar, block: Node, text: str) -> Iterator[Span]:
    # Comments may hold anything: those before the block, inside it, and behind its end.
    yield Span(name.span.end, block.span.start)
    comment = _COMMENT.match(text, block.span.end)
    yield Span(block.span.start, comment.end() if comment else block.span.end)


def _key_blocks(root: Node | None) -> Iterator[tuple[Scalar, Node]]:
    if isinstance(root, Mapping):
        yield from (entry for entry in (*root.entries, *root.refused) if entry[0].text == "keys")


def _shown(block: Node) -> Iterator[Span]:
    if not isinstance(block, Mapping):
        return
    yield from (name.span for name, _ in block.refused)
    for name, key in block.entries:
        yield name.span
        if isinstance(key, Mapping):
            yield from _shown_of_key(key)


def _shown_of_key(key: Mapping) -> Iterator[Span]:
    yield from (field.span for field, _ in key.refused)
    for field, value in key.entries:
        yield field.span
        if isinstance(value, Scalar) and field.text in PLAIN_FIELDS and "@" not in value.text:
            yield value.span
        yield from (word.span for word in _words(value) if word.text in _REFERENCE_WORDS)


def _words(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Mapping):
        for key, value in node.entries:
            yield key
            yield from _words(value)


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    else:
        for key, value in (*node.entries, *node.refused):
            yield key
            yield from _scalars(value)


def _is_outside_keys(text: YamlText, number: int) -> bool:
    if text.stopped_under[:1] == ("keys",):
        return False
    for each in range(number, 0, -1):
        line = text.line(each)
        if line[:1].strip() and not line.startswith("#"):
            top = _TOP_LEVEL.match(line)
            return top is not None and top[1] != "keys"
    return False
