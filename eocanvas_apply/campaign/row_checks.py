"""From the rows of a campaign to its instances, each checked as the manifest is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from eocanvas_apply.campaign.cells import doubt_about, doubtful_cells
from eocanvas_apply.campaign.row_faults import RowFaults
from eocanvas_apply.campaign.row_screen import RowScreen
from eocanvas_apply.campaign.rows import Row, row_name
from eocanvas_apply.diagnostics import Diagnostic, Severity, error, fault_of, one_of, warning
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.files import is_portable
from eocanvas_apply.manifest.instances import JOBS, LONGEST_ID, Instance, instance_id
from eocanvas_apply.manifest.loading import LoadedManifest, placed
from eocanvas_apply.manifest.model.jobs import Job, ProductInput
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.products import product_of, without_dataset
from eocanvas_apply.manifest.substitution import MissingField, Template
from eocanvas_apply.manifest.validation.job_values import LONGEST_NAME, Rule, geometry, rules_of, text_faults
from eocanvas_apply.manifest.validation.meaning import skipped_without_row, unknown_key, value_at
from eocanvas_apply.manifest.validation.structure import StructureFault, structure_faults

# In place of a field that a row lacks, while the others are checked.
_ANY_TEXT = "x"
_WRITE_ID = 'add `id: "${each.FIELD}"` to the last step'


class Instances(Struct, frozen=True):
    """All instances of a campaign in the order of its rows; none when a diagnostic stays an error."""

    by_row: tuple[Instance, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def instances(
    loaded: LoadedManifest,
    name: str,
    rows: Sequence[Row],
    of_tables: Collection[str] = frozenset(),
    judged: Collection[str] = frozenset(),
) -> Instances:
    """Return an instance of the campaign `name` for every row.

    `of_tables` are the fields that are cells of tables, `judged` those with geometries that their reader has judged.
    Every instance is checked as the manifest is; a fault of many rows is reported once, with their number.
    """
    checker = _Checker(loaded, name, loaded.templates[name], of_tables, judged)
    by_row = tuple(Instance(instance_id(row.id or ""), row.fields, checker.template, row.origins) for row in rows)
    checker.check_ids(rows, by_row)
    checker.check_all(rows)
    found = checker.diagnostics()
    if is_stopped(loaded, name, found):
        return Instances((), found)
    return Instances(by_row, (*found, *_skips_without_row(loaded, name, by_row)))


def is_stopped(loaded: LoadedManifest, name: str, found: Sequence[Diagnostic]) -> bool:
    """Return whether any of these is an error for a campaign; `checks:` of the job or the manifest may lower it."""
    manifest = loaded.manifest
    job = manifest.jobs.get(name) if manifest else None
    chosen = {**(manifest.checks if manifest else {}), **(job.checks if job else {})}
    return any(each.severity is Severity.ERROR is chosen.get(each.code, Severity.ERROR) for each in found)


def without_id(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose own ids cannot name an instance: none, too long, or the same as one before."""
    seen: set[str] = set()
    unusable: list[Row] = []
    for row in rows:
        name = instance_id(row.id or "")
        if not name or name.casefold() in seen or _is_too_long(name):
            unusable.append(row)
        seen.add(name.casefold())
    return unusable


def _skips_without_row(loaded: LoadedManifest, name: str, by_row: Sequence[Instance]) -> Iterator[Diagnostic]:
    job = loaded.manifest.jobs.get(name) if loaded.manifest else None
    if job and job.skipped_ids:
        found = skipped_without_row(name, job.skipped_ids, [each.id for each in by_row])
        yield from placed(((each, path, True) for each, path in found), loaded)


class _Checker:
    """Checks every row of a campaign."""

    def __init__(
        self,
        loaded: LoadedManifest,
        name: str,
        template: Template,
        of_tables: Collection[str],
        judged: Collection[str],
    ) -> None:
        self.template, self._loaded, self._name = template, loaded, name
        self._cells = {field: path for path, field in reversed(template.fields) if field in of_tables}
        self._faults = RowFaults()
        job = loaded.manifest.jobs.get(name) if loaded.manifest else None
        self._downloads = job is None or job.output_key is None
        self._judged = {path for path, field in template.fields if field in judged}
        self._judged -= {path for path, field in template.fields if field not in judged}
        self._rules: dict[Path, Sequence[Rule]] = {}
        # The faults of a row by its pydantic errors: many rows have the same.
        self._structural: dict[object, tuple[StructureFault, ...]] = {}

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self._loaded.place(each.diagnostic(), each.path, at_name=each.at_name) for each in self._faults)

    def check_ids(self, rows: Sequence[Row], by_row: Sequence[Instance]) -> None:
        seen: dict[str, Row] = {}
        for row, instance in zip(rows, by_row, strict=True):
            if not instance.id:
                hint = f"{_WRITE_ID}; the fields are {', '.join(row.fields)}"
                self._add("no-id", row, partial(error, "row-without-id", "the rows have no id", hint), "for_each")
            elif _is_too_long(instance.id):
                self._add("long-id", row, partial(_long_id, instance.id), "for_each")
            elif (other := seen.setdefault(instance.id.casefold(), row)) is not row:
                self._add("same-id", row, partial(self._same_id, row, other), "for_each")
            elif self._downloads and not is_portable(instance.id):
                message = "no folder can have this id as its name on Windows"
                self._add("not-on-windows", row, partial(warning, "not-on-windows", message, _WRITE_ID), "for_each")

    def check_all(self, rows: Sequence[Row]) -> None:
        """Check one row after the other, from the first valid one on only those that a screen does not clear."""
        doubts = {field: doubtful_cells(field, (row.fields.get(field) for row in rows)) for field in self._cells}
        self._cells = {field: path for field, path in self._cells.items() if doubts[field]}
        rest, screen = iter(rows), None
        while screen is None and (row := next(rest, None)):
            screen = self._screen(*valid, doubts) if (valid := self._check(row)) else None
        for row, is_valid in screen.doubtful(rest) if screen else ():
            if is_valid:
                self._check_cells(row)
                self._check_texts(row, self.template.fill(row.fields))
            else:
                self._check(row)

    def _screen(self, job: Job, data: Data, doubts: Mapping[str, frozenset[str]]) -> RowScreen | None:
        return RowScreen.of(job, data, self.template, partial(self._rules_of, data), doubts)

    def _check(self, row: Row) -> tuple[Job, Data] | None:
        """Check one row; return its job, and how it is written, where it is one."""
        self._check_cells(row)
        try:
            data = self.template.fill(row.fields)
            job = JOBS.validate_python(data)
        except MissingField:
            self._check_missing(row)
        except ValidationError as problem:
            self._add_structure(problem, row, data)
        else:
            self._check_texts(row, data)
            self._check_names(row, job)
            return job, data
        return None

    def _same_id(self, row: Row, other: Row) -> Diagnostic:
        job = self._loaded.manifest.jobs.get(self._name) if self._loaded.manifest else None
        files = [file for step in (job.steps if job else ()) if (file := step.file)]
        message = f"two {f'rows of {one_of(files)}' if files else 'instances'} have the id {row_name(row)}"
        if other.id != row.id:
            origin = f" of {one_of(files)}" if files else ""
            message = f"the ids {row_name(row)} and {row_name(other)}{origin} are the same to some file systems"
        return error("id-twice", message, f"{_WRITE_ID}, with fields that differ between them")

    def _add(self, key: object, row: Row, build: Callable[[], Diagnostic], *path: str | int) -> None:
        self._faults.add(key, row, build, ("jobs", self._name, *path))

    def _check_missing(self, row: Row) -> None:
        """Add the fields that a row lacks, and what is wrong with the others."""
        places = self._faults.add_missing(self.template, row, "jobs", self._name)
        data = self.template.fill({**row.fields, **dict.fromkeys(places, _ANY_TEXT)})
        try:
            JOBS.validate_python(data)
        except ValidationError as problem:
            self._add_structure(problem, row, data, frozenset(chain.from_iterable(places.values())))

    def _add_structure(
        self, problem: ValidationError, row: Row, data: Data, without: frozenset[Path] = frozenset()
    ) -> None:
        kinds = frozenset(
            (each["loc"], each["type"]) for each in problem.errors(include_url=False, include_input=False)
        )
        if (found := self._structural.get((kinds, without))) is None:
            whole: Data = {"version": 1, "project": "p", "jobs": {self._name: data}}
            faults = _structure_faults(whole)
            found = self._structural[kinds, without] = tuple(each for each in faults if each.path[2:] not in without)
        for each in found:
            build = partial(replace, each.found)
            self._faults.add((each.path, each.found.code), row, build, each.path, at_name=each.at_name)

    def _check_cells(self, row: Row) -> None:
        for field, path in self._cells.items():
            if found := doubt_about(field, row.fields.get(field)):
                self._add((found.code, field), row, partial(replace, found), *path)

    def _check_texts(self, row: Row, data: Data) -> None:
        """Add what is wrong with the texts that the row has filled in."""
        for path in self.template.places:
            if isinstance(text := value_at(data, path), str):
                # A row changes neither where a text stands nor what kind of job it is of.
                if (rules := self._rules.get(path)) is None:
                    rules = self._rules[path] = self._rules_of(data, path)
                for found in text_faults(data, path, text, rules) if rules else ():
                    self._add((path, fault_of(found)), row, partial(replace, found), *path)

    def _rules_of(self, data: Data, path: Path) -> Sequence[Rule]:
        rules = rules_of(data, path)
        return [each for each in rules if each is not geometry] if path in self._judged else rules

    def _check_names(self, row: Row, job: Job) -> None:
        """Add what is wrong with the keys, products and jobs that a row names."""
        self._check_keys(row, job)
        self._check_products(row, job)
        self._check_origins(row, job)

    def _check_keys(self, row: Row, job: Job) -> None:
        for key in job.key_names - self._loaded.key_names:
            path = next((path for path, _ in self.template.fields if path[-1] == "key"), ())
            self._add(key, row, partial(unknown_key, key, self._loaded.key_names), *path)

    def _check_products(self, row: Row, job: Job) -> None:
        for name, given in job.inputs.items():
            if isinstance(given, ProductInput) and not product_of(given, row.fields):
                self._add(("product", name), row, without_dataset, "inputs", name, "product")

    def _check_origins(self, row: Row, job: Job) -> None:
        for name, given in job.result_inputs.items():
            if row.origins.get(source := given.result, "") is None:
                message = f"a row is made of several instances of `{source}`; it is not clear whose result is meant"
                found = partial(error, "result-of-several", message, f"make each row of one instance of `{source}`")
                self._add(("result", name), row, found, "inputs", name, "result")


def _structure_faults(whole: Data) -> Iterator[StructureFault]:
    try:
        Manifest.model_validate(whole)
    except ValidationError as problem:
        yield from structure_faults(problem, whole)


def _is_too_long(written: str) -> bool:
    # A character takes four bytes at most.
    if 4 * len(written) <= LONGEST_NAME:
        return False
    return len(written) > LONGEST_ID or len(written.encode("utf-8", "replace")) > LONGEST_NAME


def _long_id(written: str) -> Diagnostic:
    message = f"an id has at most {LONGEST_ID} characters, this one has {len(written)}"
    if len(written) <= LONGEST_ID:
        size = len(written.encode("utf-8", "replace"))
        message = f"an id is the name of a folder, of at most {LONGEST_NAME} bytes; this one has {size}"
    return error("id-too-long", message, _WRITE_ID)
