"""The instances of a campaign: one job for every row, made when it is asked for and checked once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.inputs import ProductInput
from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.products import product_of, without_dataset
from eocanvas_apply.manifest.rows import Origins, Row, shown, unknown_field
from eocanvas_apply.manifest.substitution import MissingField, Template
from eocanvas_apply.manifest.validation.campaign_fields import skipped_without_row
from eocanvas_apply.manifest.validation.structure import structure_faults

LONGEST_ID = 128
_NOT_IN_IDS = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|[. ]+$|^ +')
_JOBS: TypeAdapter[Job] = TypeAdapter(Job)


@dataclass(frozen=True, slots=True)
class Instance:
    """One row of a campaign. `id` can be the name of a folder; `fields` are the row's, `each.<name>` to people.

    `origins` are the ids of the instances of other jobs that the row is made of, by the jobs' names.
    """

    id: str
    fields: Mapping[str, Any]
    template: Template = field(repr=False)
    origins: Origins = field(default_factory=dict)

    @property
    def job(self) -> Job:
        """The job of this row, made anew each time: a hundred thousand of them are kept as rows only."""
        return _JOBS.validate_python(self.template.fill(self.fields))


@dataclass(frozen=True)
class Instances:
    """All instances of a campaign in the order of its rows; none when a finding is an error."""

    by_row: tuple[Instance, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass
class _Cause:
    """One thing that is wrong, in as many rows as it may be."""

    found: Diagnostic
    path: Path
    first: str
    at_name: bool = False
    rows: int = 1


@dataclass
class _Making:
    loaded: LoadedManifest
    name: str
    template: Template
    causes: dict[object, _Cause] = field(default_factory=dict)
    known_keys: frozenset[str] = frozenset()

    def counted(self, key: object) -> bool:
        """Tell whether this is told already, and if so count one more row of it."""
        cause = self.causes.get(key)
        if cause:
            cause.rows += 1
        return cause is not None

    def tell(self, key: object, row: Row, found: Diagnostic, *path: str | int, at_name: bool = False) -> None:
        self.causes[key] = _Cause(found, ("jobs", self.name, *path), shown(row), at_name)


def instances(loaded: LoadedManifest, name: str, rows: Sequence[Row]) -> Instances:
    """Return an instance of the campaign `name` for every row.

    Every instance is checked as the manifest is; what is wrong in many rows is told once, with their number.
    """
    making = _Making(loaded, name, loaded.templates[name], {}, frozenset({EODATA, *_declared(loaded)}))
    made = tuple(_made(rows, making))
    _check_ids(rows, made, making)
    for row in rows:
        _check(row, making)
    found = tuple(_told(cause, making) for cause in making.causes.values())
    return Instances((), found) if found else Instances(made, tuple(_skips_without_row(making, made)))


def instance_id(text: str) -> str:
    """Return a row's id as the name of an instance: what no file system takes in a name becomes `_`."""
    if text.isascii() and not _NOT_IN_IDS.search(text):
        return text
    return _NOT_IN_IDS.sub(lambda found: "_" * len(found[0]), unicodedata.normalize("NFC", text))


def _made(rows: Sequence[Row], making: _Making) -> Iterator[Instance]:
    for row in rows:
        yield Instance(instance_id(row.id or ""), row.fields, making.template, row.origins)


def _check_ids(rows: Sequence[Row], made: Sequence[Instance], making: _Making) -> None:
    seen: dict[str, Row] = {}
    for row, instance in zip(rows, made, strict=True):
        if not instance.id:
            _count(making, "row-without-id", row)
        elif len(instance.id) > LONGEST_ID:
            _count(making, "id-too-long", row)
        elif (other := seen.setdefault(instance.id.casefold(), row)) is not row:
            _count(making, "id-twice", row, other)


def _skips_without_row(making: _Making, made: Sequence[Instance]) -> Iterator[Diagnostic]:
    job = making.loaded.manifest.jobs.get(making.name) if making.loaded.manifest else None
    skip = job.skip if job else {}
    for found, path in skipped_without_row(making.name, skip, [each.id for each in made] if skip else ()):
        yield making.loaded.place(found, path, at_name=True)


def _count(making: _Making, key: str, row: Row, other: Row | None = None) -> None:
    if making.counted(key):
        return
    write_one = 'add `id: "${each.FIELD}"` to the last step'
    if key == "row-without-id":
        found = error("row-without-id", "the rows have no id", f"{write_one}; the fields are {', '.join(row.fields)}")
    elif key == "id-too-long":
        message = f"ids have at most {LONGEST_ID} characters, this has {len(row.id or '')}"
        found = error("id-too-long", message, write_one)
    else:
        message = f"two instances would be called {shown(row)}"
        if other is not None and other.id != row.id:
            message += f" and {shown(other)}, the same to some file systems"
        found = error("id-twice", message, f"{write_one}, with fields that tell them apart")
    making.tell(key, row, found, "for_each")


def _check(row: Row, making: _Making) -> None:
    try:
        data = making.template.fill(row.fields)
    except MissingField as missing:
        key = (missing.field, missing.empty)
        if not making.counted(key):
            making.tell(key, row, unknown_field(missing, row.fields), *_path_of(missing, making.template))
        return
    try:
        job = _JOBS.validate_python(data)
    except ValidationError as problem:
        _tell_structure(problem, row, data, making)
        return
    if job.key_names - making.known_keys:
        _tell_keys(row, job, making)
    _tell_products(row, job, making)
    _tell_origins(row, job, making)


def _tell_structure(problem: ValidationError, row: Row, data: Any, making: _Making) -> None:
    kinds = {(fault["loc"], fault["type"]) for fault in problem.errors(include_url=False, include_input=False)}
    if not [kind for kind in kinds if not making.counted(kind)]:
        return
    whole: Data = {"version": 1, "project": "p", "jobs": {making.name: data}}
    try:
        Manifest.model_validate(whole)
    except ValidationError as again:
        for fault, kind in zip(structure_faults(again, whole), sorted(kinds, key=str), strict=False):
            making.causes.setdefault(kind, _Cause(fault.found, fault.path, shown(row), fault.at_name))
    for kind in kinds - making.causes.keys():
        # Several complaints about one field were told as one.
        making.causes[kind] = replace(next(iter(making.causes.values())), rows=0)


def _tell_keys(row: Row, job: Job, making: _Making) -> None:
    for key in job.key_names - making.known_keys:
        if making.counted(key):
            continue
        hint = did_you_mean(key, making.known_keys) or "declare it under keys:"
        found = error("unknown-key", f"no key of this manifest is called `{key[:60]}`", hint)
        paths = [path for path, _ in making.template.fields if path[-1] == "key"]
        making.tell(key, row, found, *(paths[0] if paths else ()))


def _tell_products(row: Row, job: Job, making: _Making) -> None:
    for name, given in job.inputs.items():
        lacks = isinstance(given, ProductInput) and not product_of(given, row.fields)
        if lacks and not making.counted(("product", name)):
            making.tell(("product", name), row, without_dataset(), "inputs", name, "product")


def _tell_origins(row: Row, job: Job, making: _Making) -> None:
    for name, given in job.result_inputs.items():
        unclear = row.origins.get(given.result, "") is None
        if unclear and not making.counted(("result", name)):
            making.tell(("result", name), row, _of_several(given.result), "inputs", name, "result")


def _of_several(source: str) -> Diagnostic:
    message = f"several instances of `{source}` went into one row, and nothing says whose result is meant"
    return error("result-of-several", message, f"make the rows of one instance of `{source}` each")


def _told(cause: _Cause, making: _Making) -> Diagnostic:
    where = f"{cause.found.message} (in {cause.rows} rows, first {cause.first})"
    one = f"{cause.found.message} (in the row {cause.first})"
    found = replace(cause.found, message=one if cause.rows == 1 else where)
    return making.loaded.place(found, cause.path, at_name=cause.at_name)


def _path_of(missing: MissingField, template: Template) -> Path:
    return next((path for path, name in template.fields if name == missing.field), ())


def _declared(loaded: LoadedManifest) -> Mapping[str, Any]:
    data = loaded.text.data
    keys = data.get("keys") if isinstance(data, dict) else None
    return keys if isinstance(keys, dict) else {}
