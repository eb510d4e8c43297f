"""Which rows of a campaign are to be looked at one by one: most are cleared many at a time, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice, repeat
from types import GenericAlias
from typing import Any

from msgspec import Struct
from pydantic import ConfigDict, TypeAdapter, ValidationError

from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.instances import differ_in_inputs_only
from eocanvas_apply.manifest.model.jobs import Job, RawJob, SnapJob, TailorJob
from eocanvas_apply.manifest.substitution import MissingField, Template
from eocanvas_apply.manifest.validation.job_values import Owner, Rule
from eocanvas_apply.manifest.validation.meaning import mapping_at, value_at

_AT_ONCE = 1000
_STRICT = ConfigDict(strict=True)


class _Column(Struct, frozen=True):
    """What rows fill in at one place of an input: the type of its values, and the rules for each.

    `owner` is the `input` of one row, of which every row has the other fields; None where rows fill in several.
    """

    input: Path
    values: TypeAdapter[list[Any]]
    rules: Sequence[Rule]
    owner: Owner | None


class RowScreen(Struct, frozen=True):
    """Finds the rows of a campaign that need a full check, where rows fill in nothing but places of inputs.

    `doubts` are the cells of each field that may not be meant as they are.
    """

    template: Template
    columns: Sequence[_Column]
    doubts: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls,
        job: Job,
        data: Data,
        template: Template,
        rules: Callable[[Path], Sequence[Rule]],
        doubts: Mapping[str, frozenset[str]],
    ) -> RowScreen | None:
        """Return one made of a valid `job` of the campaign, and of how this job is written, its `data`.

        None where rows fill in more than places of inputs: what they fill in may then change what else is valid.
        """
        if isinstance(job, RawJob) or not differ_in_inputs_only(job, template):
            return None
        inputs = [path[:2] for path in template.places]
        columns = [
            _Column(
                input=path[:2],
                values=_column_at(job, path),
                rules=rules(path),
                owner=mapping_at(value_at(data, path[:2])) if inputs.count(path[:2]) == 1 else None,
            )
            for path in template.places
        ]
        return cls(template, columns, {field: cells for field, cells in doubts.items() if cells})

    def doubtful(self, rows: Iterable[Row]) -> Iterator[tuple[Row, bool]]:
        """Yield the rows that may be at fault, in their order, each with whether it makes a valid job."""
        rest = iter(rows)
        while some := list(islice(rest, _AT_ONCE)):
            try:
                columns = list(zip(*(self.template.fill_places(row.fields) for row in some), strict=True))
                for column, values in zip(self.columns, columns, strict=True):
                    column.values.validate_python(list(values))
            except (MissingField, ValidationError):
                yield from ((row, False) for row in some)
            else:
                yield from ((some[number], True) for number in sorted(self._doubtful(some, columns)))

    def _doubtful(self, rows: Sequence[Row], columns: Sequence[Sequence[str]]) -> set[int]:
        """Return the numbers of the rows of which a rule finds fault with a text, or that have a cell in doubt."""
        numbers, found = range(len(rows)), set[int]()
        for column, texts in zip(self.columns, columns, strict=True):
            owners = repeat(column.owner) if column.owner else [self._input(row, column.input) for row in rows]
            for rule in column.rules:
                found.update(compress(numbers, map(rule, texts, owners)))
        for field, doubts in self.doubts.items():
            cells = (row.fields.get(field) for row in rows)
            found.update(compress(numbers, (isinstance(cell, str) and cell in doubts for cell in cells)))
        return found

    def _input(self, row: Row, path: Path) -> Owner:
        return mapping_at(value_at(self.template.fill(row.fields), path))


def _column_at(job: SnapJob | TailorJob, path: Path) -> TypeAdapter[list[Any]]:
    """Return the type of what many rows fill in at a place of an input, of which each field is valid by itself."""
    field = type(job.inputs[str(path[1])]).model_fields[str(path[2])]
    column: type[list[Any]] = GenericAlias(list, (field.rebuild_annotation(),))  # type: ignore[assignment]
    return TypeAdapter(column, config=_STRICT)
