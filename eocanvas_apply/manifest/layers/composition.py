"""One tree of nodes from the texts of a manifest: united, with an environment laid over, and with defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eocanvas_apply.documents.yaml.nodes import Mapping, Node, Path
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.manifest.layers.defaults import with_defaults
from eocanvas_apply.manifest.layers.manifest_text import ManifestText
from eocanvas_apply.manifest.layers.overlays import with_overlay
from eocanvas_apply.manifest.layers.union import GivenTwice, united


@dataclass(frozen=True)
class Composition:
    """The texts with the nodes that hold. `inherited` and `too_large` are those of `Filled`."""

    text: ManifestText
    inherited: frozenset[Path]
    too_large: bool
    twice: tuple[GivenTwice, ...] = ()


def composed(layers: Sequence[Sequence[YamlText]], environment: str | None) -> Composition:
    """Return what holds of these texts; there is no root where one of several texts is no mapping."""
    root, twice = _root(layers)
    filled = with_defaults(with_overlay(root, environment))
    files = {text.file: text for texts in layers for text in texts}
    return Composition(ManifestText(files, filled.root), filled.inherited, filled.too_large, twice)


def _root(layers: Sequence[Sequence[YamlText]]) -> tuple[Node | None, tuple[GivenTwice, ...]]:
    roots = [text.root for texts in layers for text in texts]
    mappings = [root for root in roots if isinstance(root, Mapping)]
    if len(mappings) < len(roots):
        return (roots[0] if len(roots) == 1 else None), ()
    return united(mappings)
