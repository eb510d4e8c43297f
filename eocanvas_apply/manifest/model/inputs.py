"""Where a job's inputs come from and where its output goes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from eocanvas_apply.manifest.model.strict import Name, StrictModel, Text, tag_by


class _Input(StrictModel):
    uncompress: bool | None = Field(default=None, description="Unpack the archive before the graph reads it.")
    sub_path: Text | None = Field(
        default=None, description="The file inside the archive to open: an end of a path that fits exactly one file."
    )


class KeyInput(_Input):
    """A file in the storage that a key opens."""

    key: Name = Field(description="Name of a key of this manifest, or eodata.")
    path: Text = Field(description="Path of the file in that storage.")


class ProductInput(_Input):
    """A product of WEkEO's catalogue."""

    product: Text = Field(description="Id of the product.")
    dataset_id: Text | None = Field(default=None, description="Id of the dataset it belongs to.")


class UrlInput(_Input):
    """A file that the service downloads."""

    url: Text = Field(description="Address of the file.")
    id: Text | None = Field(
        default=None, description="What it is, when its address changes: the job runs again only when this changes."
    )


class ResultInput(_Input):
    """A result of another job."""

    result: Name = Field(description="Name of the job; of a campaign it is the instance that the row is made of.")
    match: Text | None = Field(
        default=None, description='Pattern that picks one of its results by name, such as "*.nc".'
    )


INPUT_TYPES: dict[str, type[StrictModel]] = {
    "key": KeyInput,
    "product": ProductInput,
    "url": UrlInput,
    "result": ResultInput,
}


def _input_type(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in INPUT_TYPES if kind in value), None)
    return next((kind for kind, model in INPUT_TYPES.items() if isinstance(value, model)), None)


Input = Annotated[
    Annotated[KeyInput, Tag("<key>")]
    | Annotated[ProductInput, Tag("<product>")]
    | Annotated[UrlInput, Tag("<url>")]
    | Annotated[ResultInput, Tag("<result>")],
    Discriminator(tag_by(_input_type)),
]


class ToKey(StrictModel):
    """Results go to the storage that a key opens."""

    key: Name = Field(description="Name of a key of this manifest.")


class ToDownload(StrictModel):
    """Results are downloaded."""

    download: Text = Field(description="Folder for the results, relative to the manifest.")


OUTPUT_TYPES: dict[str, type[StrictModel]] = {"key": ToKey, "download": ToDownload}


def _output_type(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in OUTPUT_TYPES if kind in value), None)
    return next((kind for kind, model in OUTPUT_TYPES.items() if isinstance(value, model)), None)


Output = Annotated[
    Annotated[ToKey, Tag("<to-key>")] | Annotated[ToDownload, Tag("<to-download>")],
    Discriminator(tag_by(lambda value: (kind := _output_type(value)) and f"to-{kind}")),
]
