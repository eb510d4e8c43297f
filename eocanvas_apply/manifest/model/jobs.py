"""The job types of a manifest, chosen by `graph:`, `chain:` or the process they name, with inputs and output."""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError, PydanticKnownError

from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.points import Points
from eocanvas_apply.manifest.model.steps import Step, Steps
from eocanvas_apply.manifest.model.strict import (
    Duration,
    InputName,
    LooseSeverity,
    Name,
    PlainData,
    Scalar,
    StrictModel,
    Text,
    chosen,
    chosen_by_type,
)
from eocanvas_apply.vocabulary import FailureClass


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


def _by_field(types: Mapping[str, type[StrictModel]], prefix: str = "") -> Discriminator:
    """Return what picks a model by the field that only it has."""

    def choose(value: Any) -> str | None:
        for name, model in types.items():
            if name in value if isinstance(value, dict) else isinstance(value, model):
                return prefix + name
        return None

    return chosen(choose)


Input = Annotated[
    Annotated[KeyInput, Tag("<key>")]
    | Annotated[ProductInput, Tag("<product>")]
    | Annotated[UrlInput, Tag("<url>")]
    | Annotated[ResultInput, Tag("<result>")],
    _by_field(INPUT_TYPES),
]


class ToKey(StrictModel):
    """Results go to the storage that a key opens."""

    key: Name = Field(description="Name of a key of this manifest.")


class ToDownload(StrictModel):
    """Results are downloaded."""

    download: Text = Field(description="Folder for the results, relative to the manifest.")


OUTPUT_TYPES: dict[str, type[StrictModel]] = {"key": ToKey, "download": ToDownload}


Output = Annotated[
    Annotated[ToKey, Tag("<to-key>")] | Annotated[ToDownload, Tag("<to-download>")],
    _by_field(OUTPUT_TYPES, "to-"),
]


# What XML, and so a graph, cannot hold.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def _fits_a_graph(value: Any) -> Any:
    # Compiling the pattern takes 5 ms, and nearly all values are printable.
    if isinstance(value, str) and not value.isprintable() and (found := re.search(_NOT_XML, value)):
        code = f"U+{ord(found[0]):04X}"
        raise PydanticCustomError("bad-value", "a graph cannot hold the character {code}", {"code": code})
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticKnownError("finite_number")
    return value


ParamValue = Annotated[Scalar, AfterValidator(_fits_a_graph)]
SNAP = "snap-function"
TAILOR = "dataTailor"


class _Job(StrictModel):
    for_each: Steps | None = Field(default=None, description="Steps that make one instance of the job for every row.")
    output: Output | None = Field(
        default=None, description="Where results go: {key: NAME} or {download: FOLDER}; default results/<job>."
    )
    max_duration: Duration = Field(
        default=timedelta(hours=2), description="How long one run may take at most; keys outlive it. Default 2h."
    )
    retries: (
        Annotated[
            Annotated[int, Field(ge=0), Tag("<retries-number>")]
            | Annotated[dict[FailureClass, Annotated[int, Field(ge=0)]], Tag("<retries-by-class>")],
            chosen_by_type(dict, "retries-by-class", "retries-number"),
        ]
        | None
    ) = Field(
        default=None,
        description="How often a failed run is tried again: in all, or by class of failure. "
        "Default 1 for staging-in, staging-out and key, 0 otherwise.",
    )
    on_change: Literal["relaunch", "keep"] = Field(
        default="relaunch", description="What to do when the definition of a finished job changes."
    )
    on_doubt: Literal["ask", "launch"] = Field(
        default="ask", description="What to do when it is unknown whether a launch reached the service."
    )
    canary: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Launch so many instances first, and the rest when they succeeded."
    )
    stop_after: (
        Annotated[
            Annotated[int, Field(ge=1), Tag("<stop-number>")]
            | Annotated[str, Field(pattern=r"^[0-9]{1,2}%$"), Tag("<stop-share>")],
            chosen_by_type(str, "stop-share", "stop-number"),
        ]
        | None
    ) = Field(
        default=None,
        description='Launch no more after so many failures, 5, or such a share of the instances, "20%".',
    )
    skip: (
        Annotated[
            Annotated[dict[str, str], Tag("<skip-ids>")] | Annotated[Text, Tag("<skip-reason>")],
            chosen_by_type(str, "skip-reason", "skip-ids"),
        ]
        | None
    ) = Field(
        default=None,
        description="Why the job shall not run; of a campaign, {id: reason} of the instances that shall not.",
    )
    accept_terms: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(), description="Licences that you accept for the products of this job."
    )
    mark: bool = Field(default=True, description="Put a mark into the graph or chain, by which a job is recognised.")
    checks: dict[str, LooseSeverity] = Field(
        default_factory=dict, description="Severity of single checks for this job: {code: error|warning|info}."
    )
    inputs: dict[InputName, Input] = Field(
        default_factory=dict, description="The files to process, by the names that the graph or chain knows them by."
    )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of a campaign, none of any other job."""
        return (self.for_each,) if isinstance(self.for_each, Step) else self.for_each or ()

    @property
    def skip_reason(self) -> str | None:
        """Why a single job shall not run, None where it shall."""
        return self.skip if isinstance(self.skip, str) else None

    @property
    def skipped_ids(self) -> Mapping[str, str]:
        """Why instances of a campaign shall not run, by their ids."""
        return self.skip if isinstance(self.skip, dict) else {}

    @property
    def download_folder(self) -> str | None:
        """The folder that `output` names for results, None without one and when they go to a key."""
        return self.output.download if isinstance(self.output, ToDownload) else None

    @property
    def output_key(self) -> str | None:
        """The manifest's name of the key that results go to."""
        return self.output.key if isinstance(self.output, ToKey) else None

    @property
    def input_keys(self) -> tuple[str, ...]:
        """The manifest's names of the keys that inputs are read with, `eodata` among them, in order, each once."""
        return tuple(dict.fromkeys(i.key for i in self.inputs.values() if isinstance(i, KeyInput)))

    @property
    def result_inputs(self) -> dict[str, ResultInput]:
        """The inputs that are results of other jobs, by their names."""
        return {name: given for name, given in self.inputs.items() if isinstance(given, ResultInput)}

    @property
    def source_names(self) -> frozenset[str]:
        """The manifest's names of the jobs whose results it is given."""
        return frozenset(given.result for given in self.result_inputs.values())

    @property
    def key_names(self) -> frozenset[str]:
        """The manifest's names of every key that the job itself names, without `eodata`."""
        return frozenset(filter(None, {*self.input_keys, self.output_key})) - {EODATA}


class SnapJob(_Job):
    """A SNAP graph."""

    document: ClassVar[Literal["graph"]] = "graph"

    process: Literal["snap-function"] = Field(default="snap-function", description="The process; may be left out.")
    graph: Text = Field(description="Path of the SNAP graph (XML), relative to the manifest.")
    params: dict[InputName, ParamValue] = Field(
        default_factory=dict, description="Values for the graph's $name and ${name} placeholders."
    )
    points: Points | None = Field(
        default=None,
        description="Points for the PixEx node with empty <coordinates/>: a list of {lat, lon, name, time}, or a file.",
    )


class TailorJob(_Job):
    """A Data Tailor chain."""

    document: ClassVar[Literal["chain"]] = "chain"

    process: Literal["dataTailor"] = Field(default="dataTailor", description="The process; may be left out.")
    chain: Annotated[
        Annotated[Text, Tag("<chain-path>")] | Annotated[dict[str, PlainData], Tag("<chain-fields>")],
        chosen_by_type(str, "chain-path", "chain-fields"),
    ] = Field(description="A path, the chain itself, or `file:` with fields that replace those of the file.")

    @property
    def chain_file(self) -> str | None:
        """The path of the chain's file as written, None when the chain stands in the manifest."""
        named = self.chain if isinstance(self.chain, str) else self.chain.get("file")
        return named if isinstance(named, str) else None

    @property
    def chain_fields(self) -> Mapping[str, Any]:
        """The chain's fields in the manifest: all of them, or those that replace the file's."""
        if isinstance(self.chain, str):
            return {}
        return {name: value for name, value in self.chain.items() if name != "file"}


class RawJob(_Job):
    """Any other process; its inputs are sent as they stand."""

    document: ClassVar[None] = None

    process: Text = Field(description="Id of the process, such as shearwater-demo.")
    inputs: dict[str, PlainData] = Field(default_factory=dict, description="Inputs, sent as they stand.")


def kind_of_job(value: Any) -> str | None:
    """Return which of JOB_TYPES a job is by its fields, None where they do not say."""
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    process = fields.get("process")
    if "graph" in fields or process == SNAP:
        return "snap"
    if "chain" in fields or process == TAILOR:
        return "tailor"
    return "raw" if "process" in fields else None


JOB_TYPES: dict[str, type[StrictModel]] = {"snap": SnapJob, "tailor": TailorJob, "raw": RawJob}
Job = Annotated[
    Annotated[SnapJob, Tag("<snap>")] | Annotated[TailorJob, Tag("<tailor>")] | Annotated[RawJob, Tag("<raw>")],
    chosen(kind_of_job),
]
