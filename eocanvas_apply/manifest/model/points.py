"""`points:` of a job for SNAP's PixEx: points in the manifest, or a file of them."""

from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from eocanvas_apply.manifest.model.steps import CsvFile, JsonFile
from eocanvas_apply.manifest.model.strict import StrictModel, Text, chosen, chosen_by_type

KINDS = ("csv", "json", "geojson")
_BY_SUFFIX = {".json": "json", ".geojson": "geojson"}


class PointColumns(StrictModel):
    """The columns that the points stand in; a column that is null is not read."""

    lat: Text | None = Field(default=None, description="Column of the latitude, in degrees north.")
    lon: Text | None = Field(default=None, description="Column of the longitude, in degrees east.")
    name: Text | None = Field(default=None, description="Column of the name.")
    time: Text | None = Field(default=None, description="Column of the time, in UTC.")


class PointsFile(StrictModel):
    """A file of points."""

    csv: (
        Annotated[
            Annotated[Text, Tag("<csv-path>")] | Annotated[CsvFile, Tag("<csv-file>")],
            chosen_by_type(str, "csv-path", "csv-file"),
        ]
        | None
    ) = Field(default=None, description="Path of a table with a header line, one point a line.")
    json_file: (
        Annotated[
            Annotated[Text, Tag("<json-path>")] | Annotated[JsonFile, Tag("<json-file>")],
            chosen_by_type(str, "json-path", "json-file"),
        ]
        | None
    ) = Field(default=None, alias="json", description="Path of a file with a list of objects, one point an object.")
    geojson: Text | None = Field(default=None, description="Path of a GeoJSON file, one point a feature.")
    columns: PointColumns = Field(
        default_factory=PointColumns, description="Columns that have other names than lat, lon, name, time."
    )

    @model_validator(mode="after")
    def _has_one_file(self) -> Self:
        if len(self._given) != 1:
            raise PydanticCustomError("missing-field", "points name one file: `csv:`, `json:` or `geojson:`")
        return self

    @property
    def kind(self) -> str:
        """The one of `csv json geojson` that it has."""
        return self._given[0]

    @property
    def source(self) -> Any:
        """The file, as a step of `for_each` names it."""
        return self.json_file if self.kind == "json" else getattr(self, self.kind)

    @property
    def _given(self) -> list[str]:
        given = {"csv": self.csv, "json": self.json_file, "geojson": self.geojson}
        return [kind for kind in KINDS if given[kind] is not None]


def points_file(path: str) -> PointsFile:
    """Return the file at a path, by the end of its name: JSON, GeoJSON, else a table."""
    return PointsFile.model_validate({_BY_SUFFIX.get(PurePosixPath(path).suffix.lower(), "csv"): path})


def _kind(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return "points-list"
    if isinstance(value, str):
        return "points-path"
    return "points-file" if isinstance(value, (dict, PointsFile)) else None


_POINT = {"type": "object", "examples": [{"name": "Kiel", "lat": 54.4, "lon": 10.2, "time": "2024-07-01T10:00:00Z"}]}
# Not copied: the same list stands in each of a hundred thousand instances.
_List = Annotated[Any, WithJsonSchema({"type": "array", "items": _POINT, "minItems": 1})]
Points = Annotated[
    Annotated[_List, Tag("<points-list>")]
    | Annotated[Text, Tag("<points-path>")]
    | Annotated[PointsFile, Tag("<points-file>")],
    chosen(_kind),
]
POINTS_TYPES: dict[str, type[StrictModel]] = {"points-file": PointsFile}
POINTS_FIELDS: dict[str, type[StrictModel]] = {"columns": PointColumns}
