"""From the text of a manifest to the typed manifest, with everything that is wrong told at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error
from eocanvas_apply.documents.yaml_nodes import Data, Path
from eocanvas_apply.documents.yaml_text import YamlText
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.keys import EODATA
from eocanvas_apply.manifest.masking import Mask, snippet
from eocanvas_apply.manifest.model import Manifest
from eocanvas_apply.manifest.not_yet import REFERENCES, not_yet
from eocanvas_apply.manifest.references import dangling_keys, dangling_references
from eocanvas_apply.manifest.structure import structure_faults
from eocanvas_apply.manifest.substitution import references, unescaped

_OWN_FIELDS = "x-"


@dataclass(frozen=True)
class LoadedManifest:
    """A manifest with its text.

    `manifest` holds what could be read: keys, jobs and fields with an error are left out of it, and it is None when
    the text is no mapping. `digest` is `sha256:` and the digest of the text as it stands in the file.
    """

    manifest: Manifest | None
    text: YamlText
    mask: Mask
    diagnostics: tuple[Diagnostic, ...]
    digest: str

    def locate(self, path: Path) -> Position:
        """Return where the value of a field stands; of a missing one, where its nearest owner is named."""
        return self.text.locate(path)

    def snippet(self, position: Position) -> str | None:
        """Return the line at a position as it may be shown."""
        return snippet(self.text, self.mask, position)

    def place(self, found: Diagnostic, path: Path, *, at_name: bool = False) -> Diagnostic:
        """Return a finding with the place of a field's value, or of its name, and the line there."""
        position = self.text.locate_key(path) if at_name else self.text.locate(path)
        return _addressed(found, path).at(position, self.snippet(position))

    def require(self) -> Manifest:
        """Return the manifest; raise ManifestError with all findings when there is an error."""
        if self.manifest is None or any(each.severity is Severity.ERROR for each in self.diagnostics):
            raise ManifestError(*self.diagnostics)
        return self.manifest


def load(source: bytes | str, file: str) -> LoadedManifest:
    """Read a manifest; `file` is the name that findings show. Nothing is raised: errors are in the diagnostics."""
    raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    text = YamlText.parse(raw, file)
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    empty = LoadedManifest(None, text, Mask.of(text), (), digest)
    faults = [each.at(each.position, empty.snippet(each.position)) for each in text.faults if each.position]
    data = text.data
    if not isinstance(data, dict):
        faults += [] if any(each.severity is Severity.ERROR for each in faults) else [_no_mapping(empty)]
        return LoadedManifest(None, text, empty.mask, tuple(faults), digest)
    given: Data = {name: value for name, value in data.items() if not name.startswith(_OWN_FIELDS)}
    manifest, structural = _validated(given, empty.place)
    findings = [*faults, *structural, *_named(given, empty.place)]
    return LoadedManifest(manifest, text, empty.mask, tuple(findings), digest)


_Place = Callable[..., Diagnostic]


def _no_mapping(loaded: LoadedManifest) -> Diagnostic:
    found = error(
        "not-a-mapping", "a manifest is a mapping of its fields", "begin with `version: 1` and `project: NAME`"
    )
    return loaded.place(found, ())


def _validated(data: Data, place: _Place) -> tuple[Manifest | None, list[Diagnostic]]:
    filled = unescaped(data)
    try:
        return Manifest.model_validate(filled), []
    except ValidationError as problem:
        faults = list(structure_faults(problem, filled))
    found = [place(fault.found, fault.path, at_name=fault.at_name) for fault in faults]
    return _partial(filled, [fault.path for fault in faults]), found


def _partial(data: Data, paths: Iterable[Path]) -> Manifest | None:
    # What is sound is checked all the same, so that one run tells everything.
    assert isinstance(data, dict)  # noqa: S101 - load calls with a mapping
    kept: dict[str, Data] = {"version": 1, "project": "unnamed", **data}
    for path in paths:
        if len(path) >= 2 and path[0] in ("keys", "jobs") and isinstance(block := kept.get(str(path[0])), dict):
            kept[str(path[0])] = {name: value for name, value in block.items() if name != path[1]}
        elif path and path[0] in ("version", "project"):
            kept[str(path[0])] = 1 if path[0] == "version" else "unnamed"
        elif path:
            kept.pop(str(path[0]), None)
    try:
        return Manifest.model_validate(kept)
    except ValidationError:
        return None


def _named(data: Data, place: _Place) -> Iterator[Diagnostic]:
    for path in not_yet(data):
        hint = "take it out; the format has it for a later release"
        yield place(error("not-yet", f"`{path[-1]}` does nothing in this release", hint), path, at_name=True)
    for path, inside in references(data):
        if inside.partition(".")[0] in REFERENCES:
            message = f"${{{inside.partition('.')[0]}...}} is not filled in by this release"
            yield place(error("not-yet", message, "write the value itself; a literal ${ is written $${"), path)
    for found, path in (*dangling_references(data), *dangling_keys(data)):
        yield place(found, path)
    keys = data.get("keys") if isinstance(data, dict) else None
    if isinstance(keys, dict) and EODATA in keys:
        found = error("reserved-name", "eodata is always there and cannot be declared", "take it out, or rename it")
        yield place(found, ("keys", EODATA), at_name=True)


def _addressed(found: Diagnostic, path: Path) -> Diagnostic:
    if found.address or len(path) < 2 or path[0] not in ("keys", "jobs"):
        return found
    try:
        address = str(Address.parse(f"{'key' if path[0] == 'keys' else 'job'}.{path[1]}"))
    except ValueError:
        return found
    return Diagnostic(found.code, found.severity, found.message, found.hint, found.position, address, found.snippet)
