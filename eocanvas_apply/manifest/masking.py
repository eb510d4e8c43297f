"""Source lines of a manifest as they may be shown: of keys nothing that could be a secret.

Under `keys`, also of defaults and environments, the values of secret fields become `***`, those of unknown fields
that do not look like a plain one, and comments; a comment behind a field is left out whole. Anywhere else it is the
values of fields whose name says that they are a secret, and everywhere words that look like one. Masking goes by the
nodes of the text, so that values over several lines, flow mappings and aliases are covered; of a text that could not
be read to its end, lines that may belong to keys show the names of their fields and plain values.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from eocanvas_apply.diagnostics import nearest
from eocanvas_apply.documents.yaml.nodes import Mapping, Node, Scalar, Sequence
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.manifest.model.keys import KEY_TYPES, ExistingKey
from eocanvas_apply.secrets.secret_words import names_a_secret

SECRET_FIELDS = frozenset(
    name for model in KEY_TYPES.values() if not issubclass(model, ExistingKey) for name in model.secret_names
)
FIELDS = frozenset(name for model in KEY_TYPES.values() for name in model.model_fields)
_SECRET_WORDS = re.compile("key|secret|pass|token|cred|auth|pwd|sign", re.IGNORECASE)
_REFERENCE_WORDS = frozenset({"env", "file", "command", "keyring", "sops", "at"})
# The top-level fields under which keys are described.
WITH_KEYS = frozenset({"keys", "defaults", "environments"})
PUNCTUATION = frozenset("{}[],: \t")
_TOP_LEVEL = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)\s*:")
_COMMENT = re.compile(r"[}\], \t]*#[^\r\n]*")


@dataclass(frozen=True)
class Mask:
    """What of a manifest may be shown.

    `scalars` has the end of each scalar under `keys` by its start, and the name of the field whose value it is: the
    empty name for what is always shown, None for what never is. `blocks` are the stretches that hold the keys.
    """

    text: YamlText
    scalars: dict[int, tuple[int, str | None]]
    blocks: tuple[tuple[int, int], ...]

    @cached_property
    def _starts(self) -> list[int]:
        return sorted(self.scalars)

    @cached_property
    def _block_starts(self) -> list[int]:
        return [start for start, _ in self.blocks]

    @cached_property
    def top_level_lines(self) -> list[tuple[int, str | None]]:
        """The lines that are not indented, with the name of the field that begins there."""
        starts = enumerate(self.text.line_starts, 1)
        begun = ((number, at) for number, at in starts if self.text.text[at : at + 1].strip() not in ("", "#"))
        found = ((number, _TOP_LEVEL.match(self.text.text, at)) for number, at in begun)
        return [(number, name[1] if name else None) for number, name in found]

    def end_of_run(self, at: int, end: int) -> tuple[int, bool]:
        """Return where what is shown or hidden at a place ends, at `end` at the latest, and whether it is hidden."""
        number = bisect_right(self._starts, at)
        if number and (found := self.scalars[self._starts[number - 1]])[0] > at:
            return min(found[0], end), not _is_plain(found[1])
        if number < len(self._starts):
            end = min(end, self._starts[number])
        block = bisect_right(self._block_starts, at)
        if block and self.blocks[block - 1][1] > at:
            return _end_between(self.text.text, at, min(end, self.blocks[block - 1][1]))
        return (min(end, self._block_starts[block]) if block < len(self.blocks) else end), False


def mask_of(text: YamlText) -> Mask:
    """Return the mask of a manifest's text."""
    scalars: dict[int, tuple[int, str | None]] = {}
    blocks: list[tuple[int, int]] = []
    for name, block, of_one in _key_blocks(text.root):
        blocks += _stretches(name, block, text.text)
        for scalar, field in _scalars_of_key(block) if of_one else _scalars_of_keys(block):
            if scalar.span.end > scalar.span.start:
                known = scalars.get(scalar.span.start, (0, ""))[1]
                # By an alias it may stand in several places: what one of them hides is hidden.
                scalars[scalar.span.start] = (scalar.span.end, field if _is_plain(known) else known)
    for scalar, field in (*_of_web_hooks(text.root), *(_named_secrets(text.root) if names_a_secret(text.text) else ())):
        if scalar.span.end > scalar.span.start:
            scalars.setdefault(scalar.span.start, (scalar.span.end, field))
    return Mask(text, scalars, tuple(_united(blocks)))


def _end_between(text: str, at: int, end: int) -> tuple[int, bool]:
    """Return the end of a run between two scalars: of punctuation, or of a comment, an anchor or a tag."""
    begin = at
    while at < end and text[at] in PUNCTUATION:
        at += 1
    if at > begin:
        return at, False
    if text[at] == "#":
        return end, True
    while at < end and text[at] not in PUNCTUATION:
        at += 1
    return at, True


def _stretches(name: Scalar, block: Node, text: str) -> Iterator[tuple[int, int]]:
    # Comments may hold anything: those before the block, inside it, and behind its end.
    yield name.span.end, block.span.start
    comment = _COMMENT.match(text, block.span.end)
    yield block.span.start, comment.end() if comment else block.span.end


def _united(stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin = end = 0
    for start, stop in sorted(stretches):
        if start > end:
            if end > begin:
                yield begin, end
            begin, end = start, stop
        end = max(end, stop)
    if end > begin:
        yield begin, end


def _key_blocks(root: Node | None) -> Iterator[tuple[Scalar, Node, bool]]:
    """Yield each block of keys with its name, and whether it has the fields of one key, as `defaults` has."""
    environments = [each for _, each in _entries(root, "environments")]
    overlays = [overlay for each in environments for _, overlay in _entries(each)]
    # Those of the environments stand there where the name of one is missing.
    for node in (root, *environments, *overlays):
        yield from ((name, block, False) for name, block in _entries(node, "keys"))
        yield from (
            (name, block, True) for _, given in _entries(node, "defaults") for name, block in _entries(given, "keys")
        )


def _entries(node: Node | None, wanted: str | None = None) -> Iterator[tuple[Scalar, Node]]:
    if isinstance(node, Mapping):
        yield from (each for each in (*node.entries, *node.refused) if wanted in (None, each[0].text))


def _scalars_of_keys(block: Node) -> Iterator[tuple[Scalar, str | None]]:
    if not isinstance(block, Mapping):
        yield from _hidden(block)
        return
    for name, key in (*block.entries, *block.refused):
        yield name, ""
        yield from _scalars_of_key(key)


def _scalars_of_key(key: Node) -> Iterator[tuple[Scalar, str | None]]:
    if not isinstance(key, Mapping):
        yield from _hidden(key)
        return
    for field, value in key.refused:
        yield field, ""
        yield from _hidden(value)
    for field, value in key.entries:
        yield field, ""
        # An address may hold a password before its @.
        if isinstance(value, Scalar) and "@" not in value.text:
            yield value, field.text
        else:
            yield from _hidden(value)


def _of_web_hooks(root: Node | None) -> Iterator[tuple[Scalar, str | None]]:
    """Yield the addresses and headers of web hooks, also those of environments."""
    environments = [overlay for _, each in _entries(root, "environments") for _, overlay in _entries(each)]
    hooks = [each for node in (root, *environments) for _, each in _entries(node, "notify")]
    for hook in (item for each in hooks if isinstance(each, Sequence) for item in each.items):
        for _, address in _entries(hook, "url"):
            yield from _hidden(address)
        for _, headers in _entries(hook, "headers"):
            for _, value in _entries(headers):
                yield from _hidden(value)


def _named_secrets(root: Node | None) -> Iterator[tuple[Scalar, str | None]]:
    """Yield the scalars of every value whose name says that it is a secret."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or isinstance(node, Scalar) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            waiting += node.items
            continue
        for name, value in (*node.entries, *node.refused):
            if names_a_secret(name.text):
                yield from _hidden(value)
            else:
                waiting.append(value)


def _hidden(node: Node) -> Iterator[tuple[Scalar, str | None]]:
    """Yield the scalars of a value that may hold a secret; the words of a reference to one are shown."""
    if isinstance(node, Scalar):
        yield node, None
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _hidden(item)
    else:
        for key, value in (*node.entries, *node.refused):
            yield key, "" if key.text in _REFERENCE_WORDS else None
            yield from _hidden(value)


def _is_plain(field: str | None) -> bool:
    """Whether the value of a field is shown: of a plain field, or of one that looks like a plain field misspelt."""
    if not field or field in FIELDS:
        return field is not None and field not in SECRET_FIELDS
    return not _SECRET_WORDS.search(field[:100]) and (nearest(field, FIELDS) or "password") not in SECRET_FIELDS
