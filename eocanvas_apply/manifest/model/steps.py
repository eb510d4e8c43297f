"""`for_each`: the steps that make one instance of a job for every row."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, Tag, field_validator, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from eocanvas_apply.manifest.model.strict import Duration, Name, PlainData, StrictModel, Text, chosen, chosen_by_type
from eocanvas_apply.manifest.model.times import read_moment

KINDS = ("list", "map", "csv", "json", "geojson", "days", "hda", "s3", "job")
# A field cannot be called `list`, `map` or `json`: pydantic's own methods, and Python's, have these names.
_FIELD_OF = {"list": "values", "map": "entries", "json": "json_file"}
PREFIX = r"^[A-Za-z_][A-Za-z0-9_-]{0,39}$"
EXPECT = r"^(>= ?|<= ?)?[0-9]{1,6}$|^[0-9]{1,6}\.\.[0-9]{1,6}$"
MOST_INSTANCES = 1000
ONE_DAY = timedelta(days=1)


class CsvFile(StrictModel):
    """A table with a header line."""

    file: Text = Field(description="Path of the file, relative to the manifest.")
    delimiter: Literal[",", ";", "\t"] | None = Field(
        default=None, description="The separator of the cells; by default detected from the header."
    )


class JsonFile(StrictModel):
    """A list of objects."""

    file: Text = Field(description="Path of the file, relative to the manifest.")
    path: Text | None = Field(default=None, description="Where the list stands in the file, such as data.tiles.")


class Days(StrictModel):
    """Days of the calendar, in UTC."""

    first: Text = Field(alias="from", description="The first day: 2024-07-01, today, yesterday or now-3d.")
    last: Text = Field(alias="to", description="The last day, itself included.")
    every: Duration = Field(default=ONE_DAY, description="From one row to the next, in whole days. Default 1d.")

    @field_validator("first", "last")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        if "${" not in value and not read_moment(value):
            raise PydanticCustomError("bad-day", "not a day")
        return value

    @field_validator("every")
    @classmethod
    def _is_in_days(cls, value: timedelta) -> timedelta:
        if value % ONE_DAY:
            raise PydanticCustomError("bad-duration", "days come one or more apart, such as 1d or 7d")
        return value


class S3Prefix(StrictModel):
    """Files in the storage that a key opens."""

    key: Name = Field(description="Name of a key of this manifest, or eodata.")
    prefix: str = Field(default="", description="What the paths begin with.")
    match: Text | None = Field(default=None, description='Pattern of the file names, such as "*.zip".')


class PickBy(StrictModel):
    """One row by a column."""

    latest: Text | None = Field(default=None, description="The row with the latest time in this column.")
    earliest: Text | None = Field(default=None, description="The row with the earliest time in this column.")
    largest: Text | None = Field(default=None, description="The row with the largest number in this column.")
    smallest: Text | None = Field(default=None, description="The row with the smallest number in this column.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("pick-one", "it names one way to pick")
        return self

    @property
    def rule(self) -> tuple[str, str]:
        """How to pick, and the column."""
        (way,) = self.model_fields_set
        return way, getattr(self, way)


class Step(StrictModel):
    """Rows from one source, and how they join those of the steps before."""

    values: Annotated[tuple[PlainData, ...], Field(strict=False)] | None = Field(
        default=None, alias="list", description="Values, or mappings of fields, one a row."
    )
    entries: dict[str, PlainData] | None = Field(
        default=None, alias="map", description="Rows by their id: {ID: {FIELD: VALUE}}."
    )
    csv: (
        Annotated[
            Annotated[Text, Tag("<csv-path>")] | Annotated[CsvFile, Tag("<csv-file>")],
            chosen_by_type(str, "csv-path", "csv-file"),
        ]
        | None
    ) = Field(default=None, description="Path of a table with a header line, one row a line.")
    json_file: (
        Annotated[
            Annotated[Text, Tag("<json-path>")] | Annotated[JsonFile, Tag("<json-file>")],
            chosen_by_type(str, "json-path", "json-file"),
        ]
        | None
    ) = Field(default=None, alias="json", description="Path of a file with a list of objects, one row an object.")
    geojson: Text | None = Field(default=None, description="Path of a GeoJSON file, one row a feature.")
    days: Days | None = Field(default=None, description="Days from one to another, one row a day.")
    hda: dict[str, PlainData] | None = Field(
        default=None, description="A search in WEkEO's catalogue, as its viewer shows it, one row a product."
    )
    s3: S3Prefix | None = Field(default=None, description="A prefix in a bucket, one row a file.")
    job: Name | None = Field(default=None, description="Another job with for_each, one row for each of its instances.")
    id: Text | None = Field(default=None, description='Id of a row, such as "${each.tile}-${each.day}".')
    prefix: Annotated[str, Field(pattern=PREFIX)] | None = Field(
        default=None, alias="as", description="Prefix of this step's fields: `as: dem` makes them ${each.dem.FIELD}."
    )
    by: (
        Annotated[
            Annotated[Text, Tag("<by-column>")]
            | Annotated[tuple[Text, ...], Field(strict=False, min_length=1), Tag("<by-columns>")],
            chosen_by_type((list, tuple), "by-columns", "by-column"),
        ]
        | None
    ) = Field(default=None, description="Columns that join these rows to those of the steps before.")
    expect: (
        Annotated[
            Annotated[int, Field(ge=0), Tag("<expect-number>")]
            | Annotated[str, Field(pattern=EXPECT), Tag("<expect-bounds>")],
            chosen_by_type(str, "expect-bounds", "expect-number"),
        ]
        | None
    ) = Field(
        default=None,
        description='How many rows there must be: 23, ">=1", "<=2" or "0..2"; of a later step, for each row.',
    )
    pick: (
        Annotated[
            Annotated[Literal["first", "last", "latest", "earliest"], Tag("<pick-word>")]
            | Annotated[PickBy, Tag("<pick-column>")],
            chosen_by_type(str, "pick-word", "pick-column"),
        ]
        | None
    ) = Field(default=None, description="Take one row only; of a later step, one for each row before.")
    most: Annotated[int, Field(ge=1)] | None = Field(
        default=None, alias="max", description="How many instances there may be at most. Default 1000."
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = self._given
        if len(given) == 1:
            return self
        kinds = " ".join(given) if given else "none"
        raise PydanticCustomError("step-source", "a step has one source, this one has {kinds}", {"kinds": kinds})

    @property
    def kind(self) -> str:
        """The one of `list map csv json geojson days hda s3 job` that it has."""
        return self._given[0]

    @property
    def source(self) -> Any:
        """The value of its source."""
        return getattr(self, _FIELD_OF.get(self.kind, self.kind))

    @property
    def file(self) -> str | None:
        """The path of the file that its rows are read from, None for any other source."""
        source = self.source if self.kind in ("csv", "json", "geojson") else None
        return source.file if isinstance(source, CsvFile | JsonFile) else source

    def source_json(self) -> str:
        """Return its source as JSON: equal sources give equal rows."""
        return self.model_dump_json(include={_FIELD_OF.get(self.kind, self.kind)}, by_alias=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `by`."""
        return () if self.by is None else (self.by,) if isinstance(self.by, str) else self.by

    @property
    def expected(self) -> tuple[int, int | None] | None:
        """The least and the greatest number of rows that `expect` allows, None as the greatest for no limit."""
        if self.expect is None or isinstance(self.expect, int):
            return None if self.expect is None else (self.expect, self.expect)
        least, dots, greatest = self.expect.partition("..")
        number = int(least.lstrip("<>= "))
        if dots:
            return number, int(greatest)
        return (number, None) if ">" in least else (0, number) if "<" in least else (number, number)

    @property
    def _given(self) -> list[str]:
        names = {field.alias or own for own, field in type(self).model_fields.items() if getattr(self, own) is not None}
        return [kind for kind in KINDS if kind in names]


def _one_or_several(value: Any) -> str | None:
    if isinstance(value, (dict, Step)):
        return "one-step"
    return "steps" if isinstance(value, (list, tuple)) else None


def _not_empty(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    # Not `min_length`, which also complains when each of the steps is refused.
    if not steps:
        raise PydanticKnownError("too_short", {"field_type": "Tuple", "min_length": 1, "actual_length": 0})
    return steps


Steps = Annotated[
    Annotated[Step, Tag("<one-step>")]
    | Annotated[
        tuple[Step, ...],
        Field(strict=False, json_schema_extra={"minItems": 1}),
        AfterValidator(_not_empty),
        Tag("<steps>"),
    ],
    chosen(_one_or_several),
]
STEP_TYPES: dict[str, type[StrictModel]] = {
    "one-step": Step,
    "csv-file": CsvFile,
    "json-file": JsonFile,
    "pick-column": PickBy,
}
STEP_FIELDS: dict[str, type[StrictModel]] = {"days": Days, "s3": S3Prefix}
