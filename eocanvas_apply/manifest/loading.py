"""From the text of a manifest to the typed manifest, with all its faults at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from eocanvas_apply.diagnostics import Diagnostic, Position, error, has_errors
from eocanvas_apply.documents.yaml.nodes import Data, Path, Plain
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.job_order import pipeline_faults
from eocanvas_apply.manifest.masking import Mask, mask_of, snippet
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.products import products_without_dataset
from eocanvas_apply.manifest.substitution import Template, unescaped, with_variables
from eocanvas_apply.manifest.validation.meaning import (
    dangling_keys,
    dangling_references,
    is_open,
    mapping_at,
    misplaced_references,
    not_yet,
    steps_of,
    unknown_variables,
    without_open,
    without_rows,
)
from eocanvas_apply.manifest.validation.structure import StructureFault, structure_faults

_OWN_FIELDS = "x-"
# Without one such field, the next that a row has to fill in may show.
_ROUNDS = 4


@dataclass(frozen=True)
class LoadedManifest:
    """A manifest with its text.

    `manifest` holds what could be read: keys, jobs and fields with an error are left out of it, and it is None when
    the text is no mapping. Of a campaign it holds the job with its references as they are written; `templates` are
    the same jobs as data, which become instances when a row is filled in, and `steps` what their `for_each` says.
    `variables` are those in force; `key_names` every name declared under `keys:`, and eodata. `digest` is `sha256:`
    and the digest of the text as it stands in the file.
    """

    manifest: Manifest | None
    text: YamlText
    mask: Mask = field(repr=False)
    diagnostics: tuple[Diagnostic, ...]
    digest: str
    templates: Mapping[str, Template] = field(default_factory=dict)
    steps: Mapping[str, Sequence[Data]] = field(default_factory=dict)
    variables: Mapping[str, Plain] = field(default_factory=dict)
    key_names: frozenset[str] = frozenset()

    def locate(self, path: Path) -> Position:
        """Return where the value of a field stands; of a missing one, where its nearest owner is named."""
        return self.text.locate(path)

    def snippet(self, position: Position) -> str | None:
        """Return the line at a position as it may be shown."""
        return snippet(self.text, self.mask, position)

    def place(self, found: Diagnostic, path: Path, *, at_name: bool = False) -> Diagnostic:
        """Return a diagnostic with the place of a field's value, or of its name, and the line there."""
        position = self.text.locate_key(path) if at_name else self.text.locate(path)
        return _addressed(found, path).at(position, self.snippet(position))

    def require(self) -> Manifest:
        """Return the manifest; raises ManifestError with all diagnostics when there is an error."""
        if self.manifest is None or has_errors(self.diagnostics):
            raise ManifestError(*self.diagnostics)
        return self.manifest


def load(source: bytes | str, file: str, variables: Mapping[str, Plain] | None = None) -> LoadedManifest:
    """Read a manifest; `file` is the name that diagnostics show, `variables` win over the defaults in `vars`.

    Nothing is raised: errors are in the diagnostics.
    """
    raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    text = YamlText.parse(raw, file)
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    empty = LoadedManifest(None, text, mask_of(text), (), digest)
    faults = [each.at(each.position, empty.snippet(each.position)) for each in text.faults if each.position]
    data = text.data
    if not isinstance(data, dict):
        hint = "begin with `version: 1` and `project: NAME`"
        found = error("not-a-mapping", "a manifest is a mapping of its fields", hint)
        faults += [] if has_errors(faults) else [empty.place(found, ())]
        return LoadedManifest(None, text, empty.mask, tuple(faults), digest)
    faults = _without_days(faults, text, data)
    given: Data = {name: value for name, value in data.items() if not name.startswith(_OWN_FIELDS)}
    values = _variables(given, variables or {})
    filled = with_variables(given, values)
    manifest, structural = _validated(filled, empty.place)
    findings = [*faults, *structural, *_named(given, values, empty.place)]
    campaigns = dict(_campaigns(filled))
    templates = {name: Template(_without_steps(job)) for name, job in campaigns.items()}
    steps = {name: [step for _, step in steps_of(job)] for name, job in campaigns.items()}
    names = frozenset({EODATA, *mapping_at(data, "keys")})
    return LoadedManifest(manifest, text, empty.mask, tuple(findings), digest, templates, steps, values, names)


_Place = Callable[..., Diagnostic]


def _without_days(faults: list[Diagnostic], text: YamlText, data: Data) -> list[Diagnostic]:
    """Return the diagnostics without those about plain days where only a day can be meant."""
    days = [
        text.locate(("jobs", name, "for_each", *path, "days", end))
        for name, job in _campaigns(data)
        for path, _ in steps_of(job)
        for end in ("from", "to")
    ]
    return [each for each in faults if each.code != "yaml-1-1" or each.position not in days]


def _validated(data: Data, place: _Place) -> tuple[Manifest | None, list[Diagnostic]]:
    filled = unescaped(data)
    faults: list[StructureFault] = []
    for _ in range(_ROUNDS):
        try:
            return Manifest.model_validate(filled), []
        except ValidationError as problem:
            faults = list(structure_faults(problem, filled))
        if not (open_paths := [fault.path for fault in faults if is_open(filled, fault.path)]):
            break
        filled = without_open(filled, open_paths)
    found = [place(fault.found, fault.path, at_name=fault.at_name) for fault in faults]
    return _partial(filled, [fault.path for fault in faults]), found


def _variables(data: Data, given: Mapping[str, Plain]) -> Mapping[str, Plain]:
    declared = mapping_at(data, "vars").items()
    return {**{name: value for name, value in declared if isinstance(value, (str, int, float))}, **given}


def _campaigns(data: Data) -> Iterator[tuple[str, dict[str, Data]]]:
    for name, job in mapping_at(data, "jobs").items():
        if isinstance(job, dict) and "for_each" in job:
            yield name, job


def _without_steps(job: dict[str, Data]) -> Data:
    # Neither holds references to the row it would be copied for.
    return {name: value for name, value in job.items() if name not in ("for_each", "skip")}


def _partial(data: Data, paths: Iterable[Path]) -> Manifest | None:
    # The rest is checked all the same, so that one run shows all faults.
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


def _named(data: Data, variables: Mapping[str, Plain], place: _Place) -> Iterator[Diagnostic]:
    for path in not_yet(data):
        hint = "remove it; it is reserved for a later release"
        yield place(error("not-yet", f"`{path[-1]}` is not supported yet", hint), path, at_name=True)
    for found, path in without_rows(data):
        yield place(found, path, at_name=True)
    nameless = (*dangling_references(data), *misplaced_references(data), *unknown_variables(data, variables))
    for found, path in (*nameless, *dangling_keys(data), *pipeline_faults(data), *products_without_dataset(data)):
        yield place(found, path)
    if EODATA in mapping_at(data, "keys"):
        found = error("reserved-name", "eodata is always there and cannot be declared", "remove it, or rename it")
        yield place(found, ("keys", EODATA), at_name=True)


def _addressed(found: Diagnostic, path: Path) -> Diagnostic:
    if found.address or len(path) < 2 or path[0] not in ("keys", "jobs"):
        return found
    try:
        address = str(Address.parse(f"{'key' if path[0] == 'keys' else 'job'}.{path[1]}"))
    except ValueError:
        return found
    return replace(found, address=address)
