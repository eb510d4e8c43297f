"""A Data Tailor chain: read with positions, completed by a job's own fields, in canonical form, and as it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error
from eocanvas_apply.documents.geometries.regions import Regions, nswe_box
from eocanvas_apply.documents.mark import Mark, marks_in
from eocanvas_apply.documents.numbers import without_texts
from eocanvas_apply.documents.yaml.dumping import dumped
from eocanvas_apply.documents.yaml.nodes import Data, Path, resolve_plain
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.errors import ManifestError

_LARGEST = 1_000_000
_NOT_THE_WORK = frozenset({"id", "name", "description", "roi"})


@dataclass(frozen=True)
class Chain:
    """The fields of one chain. `text` is the file they come from, `replaced` names those that do not."""

    fields: Mapping[str, Data]
    text: YamlText | None = None
    replaced: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def parse(cls, source: bytes | str, file: str) -> Chain:
        """Read a chain file; raise ManifestError with every fault when it is no YAML mapping, or too large."""
        if len(source) > _LARGEST:
            message = f"the chain has {len(source):,} bytes; at most {_LARGEST:,} are read"
            raise ManifestError(error("yaml-too-large", message, "shorten it").at(Position(file, 1, 1)))
        # The official client takes merge keys, and sends what they stand for.
        text = YamlText.parse(source, file, merge=True)
        chain = cls(text.data if isinstance(text.data, dict) else {}, text)
        faults = [fault for fault in text.faults if fault.severity is Severity.ERROR]
        if not faults and not isinstance(text.data, dict):
            found = error("not-a-mapping", "a chain must be a mapping", "write `product: ...` and the other fields")
            faults = [found.at(Position(file, 1, 1))]
        if faults:
            raise ManifestError(*map(chain._placed, faults))
        return chain

    @property
    def name(self) -> str | None:
        """The name that the user gave it; a mark goes only into a chain without one."""
        name = self.fields.get("name")
        return None if name is None else str(name)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Warnings about the file."""
        return tuple(self._placed(fault) for fault in self.text.faults) if self.text else ()

    def with_fields(self, fields: Mapping[str, Data]) -> Chain:
        """Return the chain with these top-level fields in place of its own; numbers that are text become numbers.

        A cell of a table is text; the service needs a number.
        """
        return replace(self, fields={**self.fields, **_with_numbers(fields)}, replaced=self.replaced | fields.keys())

    def in_file(self, path: Path) -> bool:
        """Whether the field at a path stands in the file, not in the manifest."""
        return self.text is not None and (not path or path[0] not in self.replaced)

    def place(self, found: Diagnostic, path: Path) -> Diagnostic:
        """Return a finding with its place in the file; `in_file` says whether there is one."""
        return self._placed(found.at(self.text.locate_key(path))) if self.text else found

    def canonical(self) -> str:
        """Return a text that is equal for chains that say the same: the order of fields and nulls do not count.

        A `name` that is a mark does not count either, so that a chain found in a log equals the one in the manifest.
        """
        fields = dict(self.fields)
        if self.name is not None and marks_in(self.name):
            del fields["name"]
        return _canonical(fields)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the canonical form."""
        return "sha256:" + hashlib.sha256(self.canonical().encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def regions(self) -> Regions:
        """The box of its `roi`; how the chain itself is called makes no difference to what it does there."""
        roi = self.fields.get("roi")
        box = nswe_box(roi.get("NSWE")) if isinstance(roi, dict) else None
        rest = {name: value for name, value in self.fields.items() if name not in _NOT_THE_WORK}
        return Regions.of(_canonical(rest), [box] if box else [])

    def to_yaml(self, mark: Mark | None = None) -> str:
        """Return the text that is sent: YAML with sorted keys, without nulls; the mark is the name of a nameless one.

        Text that a reader of YAML 1.1 or 1.2 could take for a number, a date or a truth value is in quotes.
        """
        fields = without_texts(_without_nulls(self.fields))
        if mark is not None and self.name is None:
            fields["name"] = str(mark)
        return dumped(fields)

    def _placed(self, found: Diagnostic) -> Diagnostic:
        assert self.text is not None and found.position is not None  # noqa: S101, PT018 - callers hold a text
        return found.at(found.position, self.text.excerpt(found.position))


def _with_numbers(fields: Mapping[str, Data]) -> dict[str, Data]:
    given = {name: _numbers(value) if name == "resample_resolution" else value for name, value in fields.items()}
    if isinstance(roi := given.get("roi"), dict) and "NSWE" in roi:
        given["roi"] = {**roi, "NSWE": _numbers(roi["NSWE"])}
    return given


def _numbers(value: Data) -> Data:
    return [_number(item) for item in value] if isinstance(value, list) else value


def _number(value: Data) -> Data:
    number = resolve_plain(value.strip()) if isinstance(value, str) else None
    return number if isinstance(number, int | float) and not isinstance(number, bool) else value


def _without_nulls(fields: Mapping[str, Data]) -> dict[str, Data]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }


def _canonical(fields: Mapping[str, Data]) -> str:
    return json.dumps(_plain(dict(fields)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Data) -> Data:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
