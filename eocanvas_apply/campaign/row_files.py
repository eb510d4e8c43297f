"""The files that rows are read from: tables, JSON and GeoJSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath
from typing import Any

from eocanvas_apply.campaign.readers.csv import table_rows
from eocanvas_apply.campaign.readers.encoding import UTF_16
from eocanvas_apply.campaign.readers.geojson import geojson_rows
from eocanvas_apply.campaign.readers.json import json_rows
from eocanvas_apply.campaign.rows import Found
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.steps import CsvFile, JsonFile

_LONGEST_LINE = 500
_Parse = Callable[[bytes, str], Found]


@dataclass
class RowFiles:
    """`digests` are the SHA-256 (hex) of the files read, by path as the manifest writes it."""

    loaded: LoadedManifest
    read: Callable[[str], bytes]
    digests: dict[str, str] = field(default_factory=dict)

    def rows(self, kind: str, source: Any) -> Found:
        """Return the rows of a file; its source lines are in the diagnostics of a ManifestError."""
        written, parse = FILES[kind](source)
        content = self.read(written)
        self.digests[written] = hashlib.sha256(content).hexdigest()
        try:
            found = parse(content, (PurePath(self.loaded.text.file).parent / written).as_posix())
            return replace(found, warnings=[_with_line(each, content) for each in found.warnings])
        except ManifestError as problem:
            raise ManifestError(*(_with_line(each, content) for each in problem.diagnostics)) from None


def _csv(given: str | CsvFile) -> tuple[str, _Parse]:
    name, delimiter = (given, None) if isinstance(given, str) else (given.file, given.delimiter)
    return name, partial(table_rows, delimiter=delimiter)


def _json(given: str | JsonFile) -> tuple[str, _Parse]:
    name, path = (given, None) if isinstance(given, str) else (given.file, given.path)
    return name, partial(json_rows, path=path)


# By kind of file: its path as written, and what reads its content.
FILES: Mapping[str, Callable[[Any], tuple[str, _Parse]]] = {
    "csv": _csv,
    "json": _json,
    "geojson": lambda name: (name, geojson_rows),
}


def _with_line(found: Diagnostic, content: bytes) -> Diagnostic:
    """Return a diagnostic about a file with its source line."""
    text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if found.position is None or found.position.line > len(lines):
        return found
    line = lines[found.position.line - 1]
    return found.at(found.position, line if len(line) <= _LONGEST_LINE else None)
