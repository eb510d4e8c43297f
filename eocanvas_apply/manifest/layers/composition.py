"""One tree of nodes from the texts of a manifest: united, laid over each other, with an environment and defaults."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from eocanvas_apply.documents.yaml.nodes import Mapping, Node, Path
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.manifest.layers.defaults import with_defaults
from eocanvas_apply.manifest.layers.manifest_text import ManifestText
from eocanvas_apply.manifest.layers.overlays import NotThere, laid_over, with_overlay
from eocanvas_apply.manifest.layers.union import GivenTwice, united


class Composition(Struct, frozen=True):
    """The texts with the nodes that hold. `inherited` and `too_large` are those of `Filled`."""

    text: ManifestText
    inherited: frozenset[Path]
    too_large: bool
    twice: tuple[GivenTwice, ...] = ()
    not_there: tuple[NotThere, ...] = ()


def composed(layers: Sequence[Sequence[YamlText]], environment: str | None) -> Composition:
    """Return what holds of these texts: those of a layer are united, a later layer is laid over those before it.

    There is no root where one of several texts is no mapping.
    """
    not_there: list[NotThere] = []
    root, twice = _root(layers, not_there)
    filled = with_defaults(with_overlay(root, environment, not_there))
    files = {text.file: text for texts in layers for text in texts}
    return Composition(ManifestText(files, filled.root), filled.inherited, filled.too_large, twice, tuple(not_there))


def _root(
    layers: Sequence[Sequence[YamlText]], not_there: list[NotThere]
) -> tuple[Node | None, tuple[GivenTwice, ...]]:
    roots = [text.root for texts in layers for text in texts]
    if not all(isinstance(root, Mapping) for root in roots):
        return (roots[0] if len(roots) == 1 else None), ()
    unions = [united([text.root for text in texts if isinstance(text.root, Mapping)]) for texts in layers]
    whole, *overlays = (root for root, _ in unions)
    for overlay in overlays:
        whole = laid_over(whole, overlay, not_there)
    return whole, tuple(each for _, twice in unions for each in twice)
