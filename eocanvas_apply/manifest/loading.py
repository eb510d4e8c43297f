"""From the texts of a manifest to the typed manifest, with all its faults at once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec import structs
from pydantic import ValidationError

from eocanvas_apply.diagnostics import (
    MOST_OF_A_CODE,
    Diagnostic,
    Excerpt,
    Position,
    Suggestions,
    error,
    has_errors,
    limited,
)
from eocanvas_apply.documents.yaml.nodes import Data, Path, Plain, value_span
from eocanvas_apply.documents.yaml.nodes import Mapping as MappingNode
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.job_order import pipeline_faults
from eocanvas_apply.manifest.layers.composition import Composition, composed
from eocanvas_apply.manifest.layers.defaults import BLOCK as DEFAULTS
from eocanvas_apply.manifest.layers.defaults import default_faults
from eocanvas_apply.manifest.layers.manifest_text import ManifestText
from eocanvas_apply.manifest.layers.overlays import BLOCK as ENVIRONMENTS
from eocanvas_apply.manifest.layers.overlays import NotThere, environment_faults
from eocanvas_apply.manifest.layers.relative_paths import from_one_folder
from eocanvas_apply.manifest.layers.union import GivenTwice
from eocanvas_apply.manifest.masking import Mask, mask_of
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.products import products_without_dataset
from eocanvas_apply.manifest.shown_lines import snippet
from eocanvas_apply.manifest.substitution import LONGEST_FILLED, Template, is_empty, too_long, unescaped, with_variables
from eocanvas_apply.manifest.validation.job_values import value_faults
from eocanvas_apply.manifest.validation.ledger_address import ledger_faults
from eocanvas_apply.manifest.validation.meaning import (
    dangling_keys,
    dangling_references,
    is_open,
    mapping_at,
    misplaced_references,
    steps_of,
    variables_without_value,
    without_open,
    without_rows,
)
from eocanvas_apply.manifest.validation.move_lines import move_faults
from eocanvas_apply.manifest.validation.unused_keys import literal_secrets
from eocanvas_apply.manifest_sources import Layers, Source
from eocanvas_apply.secrets.secret_words import without_secret_words

if TYPE_CHECKING:
    from eocanvas_apply.manifest.validation.structure import StructureFault

_OWN_FIELDS = "x-"
# Without one such field, the next that a row has to fill in may show.
_ROUNDS = 4


@dataclass(frozen=True)
class LoadedManifest:
    """A manifest with its texts.

    `manifest` holds what could be read: keys, jobs and fields with an error are left out of it, and it is None when
    the text is no mapping. Of a campaign it holds the job with its references as they are written; `templates` are
    the same jobs as data, which become instances when a row is filled in, and `steps` what their `for_each` says.
    `variables` are those in force; `key_names` every name declared under `keys:`, and eodata. `digests` have `sha256:`
    and the digest of each text as it stands in its file, and `digest` is of all of them. The nodes of `text` are those
    of the environment, with the defaults of jobs and keys: what comes from an overlay or a default is located there.
    `inherited` are the paths of the fields that come from a default.
    """

    manifest: Manifest | None
    text: ManifestText
    masks: Mapping[str, Mask] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...]
    digest: str
    digests: Mapping[str, str]
    templates: Mapping[str, Template] = field(default_factory=dict)
    steps: Mapping[str, Sequence[Data]] = field(default_factory=dict)
    variables: Mapping[str, Plain] = field(default_factory=dict)
    key_names: frozenset[str] = frozenset()
    inherited: frozenset[Path] = frozenset()

    def locate(self, path: Path) -> Position:
        """Return where the value of a field stands; of a missing one, where its nearest owner is named."""
        return self.text.locate(path)

    def snippet(self, position: Position) -> Excerpt | None:
        """Return the line at a position as it may be shown."""
        return snippet(self.masks[position.file], position)

    def shown(self, written: str) -> str:
        """Return the path of a file that the manifest names, as diagnostics show it."""
        return posixpath.normpath((PurePath(self.text.first.file).parent / written).as_posix())

    def place(self, found: Diagnostic, path: Path, *, at_name: bool = False) -> Diagnostic:
        """Return a diagnostic with the place of a field's value, or of its name, and the line there."""
        position = self.text.locate_key(path) if at_name else self.text.locate(path)
        return _without_secrets(_addressed(found, path)).at(position, self.snippet(position))

    def require(self) -> Manifest:
        """Return the manifest; raises ManifestError with all diagnostics when there is an error."""
        if self.manifest is None or has_errors(self.diagnostics):
            raise ManifestError(*self.diagnostics)
        return self.manifest


def load(
    source: bytes | str, file: str, variables: Mapping[str, Plain] | None = None, environment: str | None = None
) -> LoadedManifest:
    """Read a manifest of one file; `file` is the name that diagnostics show. As `load_layers`."""
    raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    return load_layers(((Source(file, raw),),), variables, environment)


def load_layers(
    layers: Layers, variables: Mapping[str, Plain] | None = None, environment: str | None = None
) -> LoadedManifest:
    """Read a manifest of one or several files; `variables` win over the defaults in `vars`.

    `environment` names the overlay that holds. Nothing is raised: errors are in the diagnostics.
    """
    texts = [[YamlText.parse(each.content, each.file) for each in sources] for sources in layers]
    effective = composed(texts, environment)
    empty = _without_fields(layers, effective)
    text, data = effective.text, effective.text.data
    faults = [_shown(each, empty) for each in limited(_faults_of_texts(text))]
    if not isinstance(data, dict):
        return dataclasses.replace(empty, diagnostics=tuple(faults))
    given: Data = {name: value for name, value in data.items() if not name.startswith(_OWN_FIELDS)}
    values = _variables(given, variables or {})
    oversized = too_long(given, values)
    # An empty one has an error of its own where it is used; filled in, it would make others.
    usable = {name: value for name, value in values.items() if not is_empty(value)}
    filled = from_one_folder(given if oversized else with_variables(given, usable), _ways(layers, text))
    manifest, structural = _validated(filled, empty)
    of_values = (*value_faults(unescaped(filled)), *ledger_faults(filled, environment), *move_faults(filled))
    valued = placed(((found, path, False) for found, path in of_values), empty)
    faults = _without_refused(faults, structural)
    faults += limited((*_given_twice(effective.twice, empty), *_not_there(effective.not_there, empty)))
    shared = (*environment_faults(data, environment), *default_faults(data, too_large=effective.too_large))
    literals = literal_secrets(data, environment, effective.inherited)
    of_blocks = placed(((found, path, True) for found, path in (*shared, *literals)), empty)
    findings = limited((*faults, *of_blocks, *structural, *_named(given, values, empty, oversized), *valued))
    campaigns = dict(_campaigns(filled))
    templates = {name: Template(_without_steps(job)) for name, job in campaigns.items()}
    steps = {name: [step for _, step in steps_of(job)] for name, job in campaigns.items()}
    names = frozenset({EODATA, *mapping_at(data, "keys")})
    return dataclasses.replace(
        empty,
        manifest=manifest,
        diagnostics=tuple(findings),
        templates=templates,
        steps=steps,
        variables=values,
        key_names=names,
    )


def _ways(layers: Layers, text: ManifestText) -> Callable[[Path], str]:
    """Return what gives the way from the first file's folder to the one of the file that a field stands in."""
    ways = {source.file: source.base for sources in layers for source in sources}

    def way(path: Path) -> str:
        span = value_span(text.root, path)
        return ways[span.file] if span else ""

    return way if any(ways.values()) else lambda _: ""


def _without_fields(layers: Layers, effective: Composition) -> LoadedManifest:
    """Return the manifest of which nothing is known but its texts."""
    digests = [[_sha256(each.content) for each in sources] for sources in layers]
    by_file = {source.file: _sha256(source.content) for sources in layers for source in sources}
    (*several,) = by_file.values()
    digest = several[0] if len(several) == 1 else _sha256(json.dumps(digests).encode())
    masks = {file: mask_of(each) for file, each in effective.text.files.items()}
    return LoadedManifest(None, effective.text, masks, (), digest, by_file, inherited=effective.inherited)


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _given_twice(twice: Iterable[GivenTwice], loaded: LoadedManifest) -> Iterator[Diagnostic]:
    """Yield an error at both places of each field that two files of a folder give."""
    for each in twice:
        here, other = loaded.text.position(each.name.span), loaded.text.position(each.other.span)
        field = ".".join(map(str, each.path))
        message = f"`{field[:200]}` is also given in {other.file}:{other.line}"
        found = _addressed(error("given-twice", message, "keep one of the two"), each.path)
        yield _shown(found.at(here), loaded)


def _not_there(left_out: Iterable[NotThere], loaded: LoadedManifest) -> Iterator[Diagnostic]:
    """Yield an error for each key or job that an overlay leaves out although there is none of its name."""
    suggestions = Suggestions()
    for each in left_out:
        kind, name = "key" if each.path[0] == "keys" else "job", str(each.path[1])
        hint = suggestions.near(name, each.known) or "remove the line: null leaves out what stands in the manifest"
        found = error(f"unknown-{kind}", f"there is no {kind} `{name[:60]}` to leave out", hint)
        yield _shown(found.at(loaded.text.position(each.name.span)), loaded)


def _shown(found: Diagnostic, loaded: LoadedManifest) -> Diagnostic:
    found = _without_secrets(found)
    return found.at(found.position, loaded.snippet(found.position)) if found.position else found


def _without_secrets(found: Diagnostic) -> Diagnostic:
    """Return a diagnostic that names nothing that could be a secret."""
    message, hint = without_secret_words(found.message), without_secret_words(found.hint)
    address = without_secret_words(found.address) if found.address else found.address
    return structs.replace(found, message=message, hint=hint, address=address)


def _faults_of_texts(manifest: ManifestText) -> Iterator[Diagnostic]:
    for text in manifest.files.values():
        yield from _without_days(text)
        if not isinstance(text.root, MappingNode) and not has_errors(text.faults):
            alone = len(manifest.files) == 1
            hint = "begin with `version: 1` and `project: NAME`" if alone else "write `jobs:` or another field into it"
            yield error("not-a-mapping", "a manifest is a mapping of its fields", hint).at(text.locate(()))


def _without_days(text: YamlText) -> Iterator[Diagnostic]:
    """Yield the faults of a text without those about plain days where only a day can be meant."""
    data = text.data if text.faults else None
    days = {
        text.locate((*owner, "for_each", *path, "days", end))
        for owner, job in _jobs_of_all(data)
        for path, _ in steps_of(job)
        for end in ("from", "to")
    }
    yield from (each for each in text.faults if each.code != "yaml-1-1" or each.position not in days)


def _jobs_of_all(data: Data) -> Iterator[tuple[Path, Data]]:
    """Yield every job with its path, also those of environments, and the fields that jobs share."""
    overlays = [(ENVIRONMENTS, name) for name in mapping_at(data, ENVIRONMENTS)]
    for path in ((), *overlays):
        yield from (((*path, "jobs", name), job) for name, job in mapping_at(data, *path, "jobs").items())
        yield (*path, DEFAULTS, "jobs"), mapping_at(data, *path, DEFAULTS, "jobs")


def _without_refused(faults: list[Diagnostic], structural: list[Diagnostic]) -> list[Diagnostic]:
    """Return the faults of a text without those about values that are refused anyway."""
    refused = {each.position for each in structural}
    return [each for each in faults if each.code != "yaml-1-1" or each.position not in refused]


def _validated(data: Data, loaded: LoadedManifest) -> tuple[Manifest | None, list[Diagnostic]]:
    filled = unescaped(data)
    faults: list[StructureFault] = []
    for _ in range(_ROUNDS):
        try:
            return Manifest.model_validate(filled), []
        except ValidationError as problem:
            # Most manifests have none.
            from eocanvas_apply.manifest.validation.structure import structure_faults

            faults = list(structure_faults(problem, filled))
        if not (open_paths := [fault.path for fault in faults if is_open(filled, fault.path)]):
            break
        filled = without_open(filled, open_paths)
    found = placed(((fault.found, fault.path, fault.at_name) for fault in faults), loaded)
    return _partial(filled, [fault.path for fault in faults]), limited(found)


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
    kept = dict(data)
    left_out = {path[:2] if path[0] in ("keys", "jobs") else path[:1] for path in paths if path}
    for name in ("keys", "jobs"):
        if isinstance(block := kept.get(name), dict):
            kept[name] = {own: value for own, value in block.items() if (name, own) not in left_out}
    for path in (each for each in left_out if len(each) == 1):
        kept.pop(str(path[0]), None)
    kept = {"version": 1, "project": "unnamed", **kept}
    try:
        return Manifest.model_validate(kept)
    except ValidationError:
        return None


def _named(
    data: Data, variables: Mapping[str, Plain], loaded: LoadedManifest, oversized: Path | None
) -> Iterator[Diagnostic]:
    at_names = ((found, path, True) for found, path in without_rows(data))
    nameless = (*dangling_references(data), *misplaced_references(data), *variables_without_value(data, variables))
    findings = (
        *nameless,
        *dangling_keys(data),
        *pipeline_faults(data),
        *products_without_dataset(data),
    )
    at_values = ((found, path, False) for found, path in findings)
    yield from placed((*at_names, *at_values), loaded)
    if oversized:
        message = f"with its variables filled in, the manifest has more than {LONGEST_FILLED // 1_000_000} MB"
        yield loaded.place(
            error("manifest-too-long", message, "use shorter variables, or use them less often"), oversized
        )
    if EODATA in mapping_at(data, "keys"):
        found = error("reserved-name", "eodata is always there and cannot be declared", "remove it, or rename it")
        yield loaded.place(found, ("keys", EODATA), at_name=True)


def placed(findings: Iterable[tuple[Diagnostic, Path, bool]], loaded: LoadedManifest) -> Iterator[Diagnostic]:
    """Yield findings with their paths and whether a name is meant; the first hundred of a code get their places."""
    seen: Counter[str] = Counter()
    for found, path, at_name in _of_defaults_once(findings, loaded.inherited):
        seen[found.code] += 1
        yield loaded.place(found, path, at_name=at_name) if seen[found.code] <= MOST_OF_A_CODE else found


def _of_defaults_once(
    findings: Iterable[tuple[Diagnostic, Path, bool]], inherited: frozenset[Path]
) -> Iterator[tuple[Diagnostic, Path, bool]]:
    """Yield findings; what is wrong with a default is reported for the first job or key that has it."""
    seen: set[object] = set()
    for found, path, at_name in findings:
        if path[:3] not in inherited:
            yield found, path, at_name
        elif (fault := (found.code, path[0], path[2:])) not in seen:
            seen.add(fault)
            message = found.message.replace(f"`{path[0]}.{path[1]}.", f"`{DEFAULTS}.{path[0]}.")
            yield structs.replace(found, message=message), path, at_name


def _addressed(found: Diagnostic, path: Path) -> Diagnostic:
    if found.address or len(path) < 2 or path[0] not in ("keys", "jobs"):
        return found
    try:
        address = str(Address.parse(f"{'key' if path[0] == 'keys' else 'job'}.{path[1]}"))
    except ValueError:
        return found
    return structs.replace(found, address=address)
