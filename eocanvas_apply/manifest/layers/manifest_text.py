"""The texts of a manifest, and where in them its values stand."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from eocanvas_apply.diagnostics import Position
from eocanvas_apply.documents.yaml.nodes import Data, Node, Path, Span, name_span, to_data, value_span
from eocanvas_apply.documents.yaml.text import YamlText


class ManifestText(Struct, frozen=True):
    """The texts of its files by their names, and the nodes that hold of all of them: each says where it stands."""

    files: Mapping[str, YamlText]
    root: Node | None

    @property
    def first(self) -> YamlText:
        """The text of its first file."""
        return next(iter(self.files.values()))

    @property
    def data(self) -> Data:
        """All that holds as plain data, None when there is nothing."""
        return None if self.root is None else to_data(self.root)

    def locate(self, path: Path) -> Position:
        """Return where the value at a path stands; of what is missing, where its nearest owner is named."""
        return self.position(value_span(self.root, path))

    def locate_key(self, path: Path) -> Position:
        """Return where the last name of a path stands, or its nearest owner's."""
        return self.position(name_span(self.root, path))

    def position(self, span: Span | None) -> Position:
        """Return where a node stands; nothing in particular is at the begin of the first file."""
        return self.files[span.file].position(span.start) if span else self.first.position(0)
