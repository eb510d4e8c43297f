"""The files that rows are read from: tables, JSON and GeoJSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.campaign.readers.csv import cell_place, table_rows
from eocanvas_apply.campaign.readers.encoding import UTF_16
from eocanvas_apply.campaign.readers.geojson import feature_place, geojson_rows
from eocanvas_apply.campaign.readers.json import entry_place, json_rows
from eocanvas_apply.campaign.rows import Found
from eocanvas_apply.diagnostics import Diagnostic, Position
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.steps import CsvFile, JsonFile

_LONGEST_LINE = 500


class RowFile(Struct, frozen=True):
    """A file as a step names it: its path as written, what reads its content, and what finds a field of a row there."""

    written: str
    parse: Callable[[bytes, str], Found]
    place: Callable[[bytes, str, int, str | None], Position]


class RowFiles(Struct):
    """`digests` are the SHA-256 (hex) of the files read, by path as the manifest writes it."""

    loaded: LoadedManifest
    read: Callable[[str], bytes]
    digests: dict[str, str] = field(default_factory=dict)

    def rows(self, kind: str, source: Any) -> Found:
        """Return the rows of a file; its source lines are in the diagnostics of a ManifestError."""
        file = FILES[kind](source)
        content = self.read(file.written)
        self.digests[file.written] = hashlib.sha256(content).hexdigest()
        try:
            found = file.parse(content, self.loaded.shown(file.written))
            return replace(found, warnings=[_with_line(each, content) for each in found.warnings])
        except ManifestError as problem:
            raise ManifestError(*(_with_line(each, content) for each in problem.diagnostics)) from None

    def placed(self, found: Diagnostic, kind: str, source: Any, number: int, name: str | None) -> Diagnostic:
        """Return a diagnostic about a row, counted from 0, of a file that was read, with its place and line there."""
        file = FILES[kind](source)
        content = self.read(file.written)
        return _with_line(found.at(file.place(content, self.loaded.shown(file.written), number, name)), content)


def _csv(given: str | CsvFile) -> RowFile:
    name, delimiter = (given, None) if isinstance(given, str) else (given.file, given.delimiter)
    return RowFile(name, partial(table_rows, delimiter=delimiter), partial(cell_place, delimiter=delimiter))


def _json(given: str | JsonFile) -> RowFile:
    name, path = (given, None) if isinstance(given, str) else (given.file, given.path)
    return RowFile(name, partial(json_rows, path=path), partial(entry_place, path=path))


FILES: Mapping[str, Callable[[Any], RowFile]] = {
    "csv": _csv,
    "json": _json,
    "geojson": lambda name: RowFile(name, geojson_rows, feature_place),
}


def _with_line(found: Diagnostic, content: bytes) -> Diagnostic:
    """Return a diagnostic about a file with its source line."""
    text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if found.position is None or found.position.line > len(lines):
        return found
    line = lines[found.position.line - 1]
    return found.at(found.position, line if len(line) <= _LONGEST_LINE else None)
