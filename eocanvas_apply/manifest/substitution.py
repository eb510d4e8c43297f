"""The one substitution of a manifest: `${each.FIELD}` and `${var.NAME}` in texts; `$${` is a literal `${`.

It reaches the string values of jobs, and of variables also the plain fields of keys, never the project, the ledger or
the reference to a secret. The body of a notification takes variables, and `${run.NAME}` when the run has ended. A bare
`$name` belongs to SNAP graphs. A value that is only a reference keeps its type; inside a longer text a number stays as
it was written. An empty field or variable fills in nothing: it is an error where it is used.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from eocanvas_apply.documents.numbers import number_text
from eocanvas_apply.documents.yaml.nodes import Data, Path, Plain

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}?")
_VARIABLE = re.compile(r"\$\$\{|\$\{\s*var\.([^{}]*)\}")
_FIELD = re.compile(r"\$\$\{|\$\{\s*each\.([^{}]*)\}")
_OF_RUN = re.compile(r"\$\$\{|\$\{\s*run\.([^{}]*)\}")
# A text that a row fills in, and all that variables fill in, may have so many characters.
LONGEST_FILLED = 10_000_000
_SECRETS = frozenset({"access_key", "secret_key", "password"})
_ABSENT = object()


class MissingField(LookupError):
    """A row has no such field, nothing in it (`empty`), or more than the texts that it stands in can take (`long`)."""

    def __init__(self, field: str, *, empty: bool = False, long: bool = False) -> None:
        super().__init__(field)
        self.field = field
        self.empty = empty
        self.long = long


def references(data: Data) -> Iterator[tuple[Path, str]]:
    """Yield what stands between the braces of every reference in a manifest's data, such as `each.id`, with its path.

    Of equal ones in one text only the first counts.
    """
    for path, text in texts(data):
        if _is_filled_in(path):
            inside = (found[1].strip() for found in _REFERENCE.finditer(text) if found[1] is not None)
            yield from ((path, each) for each in dict.fromkeys(inside))


def is_unfilled(text: str) -> bool:
    """Whether `${each.FIELD}` or `${var.NAME}` stands in a text."""
    return "${" in text and any(found[1] for rule in (_VARIABLE, _FIELD) for found in rule.finditer(text))


def unescaped(data: Data) -> Data:
    """Return the data with `$${` as `${` wherever references are read, but for what waits for the end of a run."""
    return _changed(data, (), lambda text: text.replace("$${", "${"), lambda path: not of_run(path))


def with_variables(data: Data, variables: Mapping[str, Plain]) -> Data:
    """Return the data with `${var.NAME}` filled in; unknown names, rows' references and `$${` stay as they are."""

    def filled(text: str) -> Data:
        whole = _VARIABLE.fullmatch(text)
        if whole and whole[1] and (name := whole[1].rstrip()) in variables:
            value = variables[name]
            return _escaped(value) if isinstance(value, str) else value
        return _VARIABLE.sub(lambda found: _inserted(found, variables), text)

    return _changed(data, (), filled)


def with_run(body: Data, fields: Mapping[str, Data]) -> Data:
    """Return the body of a notification with `${run.NAME}` filled in; inside a text null is nothing.

    It stays data: whatever a value holds, it cannot end the text that it stands in.
    """

    def inserted(found: re.Match[str]) -> str:
        value = fields[found[1].rstrip()] if found[1] is not None else "${"
        return "" if value is None else text_of(value)

    def filled(text: str) -> Data:
        whole = _OF_RUN.fullmatch(text)
        return fields[whole[1].rstrip()] if whole and whole[1] is not None else _OF_RUN.sub(inserted, text)

    return _changed(body, ("notify", 0, "body"), filled)


def of_run(path: Path) -> bool:
    """Whether a path of a manifest leads into the body of a notification."""
    return path[:1] == ("notify",) and path[2:3] == ("body",)


def too_long(data: Data, variables: Mapping[str, Plain]) -> Path | None:
    """Return where the variables would make a manifest's data too long to fill them in; None when they do not."""
    lengths = {name: len(text_of(value)) for name, value in variables.items()}
    length = 0
    for path, text in texts(data):
        if "${" in text and _is_filled_in(path):
            names = (found[1].rstrip() for found in _VARIABLE.finditer(text) if found[1] is not None)
            length += sum(lengths.get(name, 0) for name in names)
            if length > LONGEST_FILLED:
                return path
    return None


def is_empty(value: object) -> bool:
    """Whether a field or variable has nothing to fill in: null, or a text without a visible character.

    The source makes no difference: a blank cell, `""` in JSON or YAML, and `--var NAME=` are all empty.
    """
    return value is None or (isinstance(value, str) and not value.strip())


def refers_to_row(value: Data) -> bool:
    """Whether `${each.FIELD}` stands anywhere in a value."""
    return any(name for _, name in _used(value))


def text_of(value: object) -> str:
    """Return a field's value as it stands inside a text: numbers as written, `true`, `false`, lists as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def field_of(fields: Mapping[str, Any], name: str) -> Any:
    """Return a row's field; `a.b` also reaches into a mapping. Raises MissingField."""
    if (value := fields.get(name, _ABSENT)) is _ABSENT:
        value = _nested(fields, name)
    if value is _ABSENT:
        raise MissingField(name)
    return value


class Template:
    """A value with references to a row's fields, made once and filled in for every row."""

    def __init__(self, data: Data) -> None:
        changes, filled = _filler(data)
        self._fill: _Fill = filled if changes else lambda _: filled
        # The fields that it refers to, each with the path of the text that does.
        self.fields = tuple(_used(data))
        # The paths of the texts that a row fills in.
        self.places = tuple(dict.fromkeys(path for path, _ in self.fields))
        written = dict(texts(data))
        self._fill_places = [_text_filler(written[path])[1] for path in self.places]
        # How often each stands inside a longer text.
        longer = (text for _, text in texts(data) if not _FIELD.fullmatch(text))
        self._times = Counter(name for text in longer for literal, name in _parts(text) if not literal)
        self._given = _getter(list(self._times)) if self._times else None
        # With no more text than this a row is never too long.
        self._short = LONGEST_FILLED // max(self._times.total(), 1)

    def fill(self, fields: Mapping[str, Any]) -> Any:
        """Return the value for one row; what no row changes is shared. Raises MissingField, also for an empty field."""
        if (name := self._too_long(fields)) is not None:
            raise MissingField(name, long=True)
        return self._fill(fields)

    def fill_places(self, fields: Mapping[str, Any]) -> list[Any]:
        """Return only what a row fills in, for each of the `places`. Raises MissingField as `fill` does."""
        if (name := self._too_long(fields)) is not None:
            raise MissingField(name, long=True)
        return [fill(fields) for fill in self._fill_places]

    def missing(self, fields: Mapping[str, Any]) -> Iterator[tuple[Path, MissingField]]:
        """Yield each reference that a row cannot fill in, with the path of the text that has it."""
        for path, name in self.fields:
            try:
                _given(fields, name)
            except MissingField as missing:
                yield path, missing
        if (long := self._too_long(fields)) is not None:
            yield next(path for path, name in self.fields if name == long), MissingField(long, long=True)

    def _too_long(self, fields: Mapping[str, Any]) -> str | None:
        """Return the field that makes the texts of a row too long to fill them in; None when they are not."""
        try:
            # So are most rows: as short as this, and nothing but texts.
            if self._given is None or len("".join(self._given(fields))) <= self._short:
                return None
        except (KeyError, TypeError):
            pass
        lengths = {name: times * _length(fields.get(name)) for name, times in self._times.items()}
        return max(lengths, key=lengths.__getitem__) if sum(lengths.values()) > LONGEST_FILLED else None


_Fill = Callable[[Mapping[str, Any]], Any]
# Whether a row changes a value; and what fills it in, or else the value itself.
_Filler = tuple[bool, Any]


def _filler(data: Data) -> _Filler:
    if isinstance(data, str):
        return _text_filler(data)
    if isinstance(data, dict):
        return _mapping_filler(data)
    if isinstance(data, list):
        return _list_filler(data)
    return False, data


def _list_filler(data: list[Data]) -> _Filler:
    items = [_filler(item) for item in data]
    if any(changes for changes, _ in items):
        return True, lambda fields: [filled(fields) if changes else filled for changes, filled in items]
    return False, [filled for _, filled in items]


def _mapping_filler(data: dict[str, Data]) -> _Filler:
    values = {name: _filler(value) for name, value in data.items()}
    # Every name from the start, so that the order stays that of the text.
    kept = {name: None if changes else filled for name, (changes, filled) in values.items()}
    pairs = [(name, filled) for name, (changes, filled) in values.items() if changes]
    if not pairs:
        return False, kept

    def fill(fields: Mapping[str, Any]) -> Any:
        filled = kept.copy()
        for name, change in pairs:
            filled[name] = change(fields)
        return filled

    return True, fill


def _text_filler(text: str) -> _Filler:
    if (whole := _FIELD.fullmatch(text)) and whole[1] is not None:
        name = whole[1].rstrip()
        return True, lambda fields: _given(fields, name)
    parts = list(_parts(text))
    names = [part for literal, part in parts if not literal]
    if not names:
        return False, "".join(part for _, part in parts)
    pattern = "".join(part.replace("%", "%%") if literal else "%s" for literal, part in parts)
    given = _getter(names)

    def fill(fields: Mapping[str, Any]) -> Any:
        try:
            # So are most rows: texts that are not blank.
            if all(map(str.strip, values := given(fields))):
                return pattern % values
        except (KeyError, TypeError):
            pass
        return pattern % tuple(_inside(fields, name) for name in names)

    return True, fill


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return what takes the values of these names, at least one, out of a mapping; it raises KeyError."""
    get = itemgetter(*names)
    return get if len(names) > 1 else lambda fields: (get(fields),)


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    at = 0
    for found in _FIELD.finditer(text):
        yield True, text[at : found.start()]
        yield (True, "${") if found[1] is None else (False, found[1].rstrip())
        at = found.end()
    yield True, text[at:]


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    return len(text_of(value)) if isinstance(value, (list, dict)) else 0


def _inside(fields: Mapping[str, Any], name: str) -> str:
    return text_of(_given(fields, name))


def _given(fields: Mapping[str, Any], name: str) -> Any:
    value = field_of(fields, name)
    if is_empty(value):
        raise MissingField(name, empty=True)
    return value


def _used(data: Data) -> Iterator[tuple[Path, str]]:
    for path, text in texts(data):
        names = (found[1].rstrip() for found in _FIELD.finditer(text) if found[1] is not None)
        yield from ((path, name) for name in dict.fromkeys(names))


def _nested(fields: Mapping[str, Any], name: str) -> Any:
    # Names may hold dots themselves, so the longest beginning that is a field decides.
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        inner = fields.get(".".join(parts[:cut]), _ABSENT)
        if isinstance(inner, Mapping):
            return inner.get(rest, _ABSENT) if (rest := ".".join(parts[cut:])) in inner else _nested(inner, rest)
    return _ABSENT


def _inserted(found: re.Match[str], variables: Mapping[str, Plain]) -> str:
    name = (found[1] or "").rstrip()
    return _escaped(text_of(variables[name])) if found[1] is not None and name in variables else found[0]


def _escaped(text: str) -> str:
    return text.replace("${", "$${")


def _changed(
    data: Data, path: Path, change: Callable[[str], Data], where: Callable[[Path], bool] = lambda _: True
) -> Data:
    if isinstance(data, dict):
        return {name: _changed(value, (*path, name), change, where) for name, value in data.items()}
    if isinstance(data, list):
        return [_changed(value, (*path, index), change, where) for index, value in enumerate(data)]
    if isinstance(data, str) and "${" in data and _is_filled_in(path) and where(path):
        return change(data)
    return data


def texts(data: Data) -> Iterator[tuple[Path, str]]:
    """Yield every text in a manifest's data with its path."""
    # By a stack of its own: a generator within a generator costs its depth for every text.
    left: list[tuple[Path, Data]] = [((), data)]
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            left += [((*path, name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            left += [((*path, number), value[number]) for number in range(len(value) - 1, -1, -1)]


def _is_filled_in(path: Path) -> bool:
    return path[:1] == ("jobs",) or of_run(path) or (len(path) == 3 and path[0] == "keys" and path[2] not in _SECRETS)
