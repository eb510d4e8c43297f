"""The manifest as a typed value: every field that the format has."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.manifest.model.keys import Key
from eocanvas_apply.manifest.model.notify import Notify
from eocanvas_apply.manifest.model.strict import (
    PROJECT,
    Duration,
    LooseSeverity,
    Name,
    Scalar,
    StrictModel,
    Text,
)


class Timing(StrictModel):
    """How long to wait for what."""

    poll: Duration = Field(default=timedelta(seconds=30), description="Time between two looks at running jobs.")
    settle: Duration = Field(
        default=timedelta(minutes=15), description="How long the service may take to show what it did."
    )
    send_within: Duration = Field(
        default=timedelta(seconds=30), description="A launch not sent within this time of its record is taken back."
    )
    request_timeout: Duration = Field(default=timedelta(seconds=30), description="Time limit of one request.")


class QuotaWindow(StrictModel):
    """So many jobs in such a time."""

    jobs: Annotated[int, Field(ge=1)] = Field(description="Number of jobs.")
    per: Duration = Field(description="Length of the window.")


class LedgerSettings(StrictModel):
    """Where the ledger is kept."""

    url: Text = Field(
        description="Address of a ledger that several people and runners share: s3://BUCKET/PREFIX or "
        "postgresql://HOST/DATABASE. --ledger and EOCANVAS_APPLY_LEDGER win."
    )


class Moved(StrictModel):
    """A key or job that has a new name."""

    model_config = ConfigDict(validate_by_name=True)

    source: Text = Field(alias="from", description="The old address.")
    to: Text = Field(description="The new address.")


class Defaults(StrictModel):
    """Fields of all jobs and keys that do not set them."""

    keys: dict[str, Any] = Field(default_factory=dict, description="Fields of keys, each for the types that have it.")
    jobs: dict[str, Any] = Field(default_factory=dict, description="Fields of jobs, each for the kinds that have it.")


class Manifest(StrictModel):
    """Which storage keys and processing jobs of WEkEO's EOCanvas shall exist."""

    model_config = ConfigDict(title="eocanvas-apply manifest")

    version: Literal[1] = Field(description="Version of this format.")
    project: Annotated[str, Field(pattern=PROJECT)] = Field(description="Name of the project.")
    keys: dict[Name, Key] = Field(default_factory=dict, description="Storage keys by name; eodata is always there.")
    jobs: dict[Name, Job] = Field(default_factory=dict, description="Processing jobs by name.")
    quota: Annotated[tuple[QuotaWindow, ...], Field(strict=False)] = Field(
        default=(), description="How many jobs the account may launch in which time."
    )
    max_running: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many jobs may run at the same time."
    )
    timing: Timing = Field(default_factory=Timing, description="Waiting times; the environment may set others.")
    vars: dict[str, Scalar] = Field(
        default_factory=dict, description="Variables and their defaults, used as ${var.NAME}."
    )
    defaults: Defaults = Field(
        default_factory=Defaults, description="Fields for all keys and jobs that do not set them."
    )
    environments: dict[Name, dict[str, Any]] = Field(
        default_factory=dict,
        description="What each environment has in place of the fields above; `--env NAME` chooses one.",
    )
    account: Text | None = Field(default=None, description="The only account this manifest may be applied with.")
    checks: dict[str, LooseSeverity] = Field(
        default_factory=dict, description="Severity of single checks: {code: error|warning|info}."
    )
    ledger: LedgerSettings | None = Field(
        default=None, description="Where the ledger is kept; default a file beside the manifest."
    )
    protect: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=(),
        description="Addresses that no apply or destroy deletes, replaces, forgets or runs again unasked.",
    )
    moved: Annotated[tuple[Moved, ...], Field(strict=False)] = Field(
        default=(), description="Keys and jobs that were renamed."
    )
    notify: Annotated[tuple[Notify, ...], Field(strict=False)] = Field(
        default=(), description="Web hooks that are called when an apply ends."
    )


# Fields that are no texts and may all the same be filled in by a row of a campaign.
_OF_A_ROW = frozenset({"key", "max_duration", "uncompress"})
_BY_ROWS = ("KeyInput", "ProductInput", "UrlInput", "ResultInput", "ToKey", "SnapJob", "TailorJob", "RawJob")
_REFERENCE = {"type": "string", "pattern": r"\$\{each\."}


def json_schema() -> dict[str, Any]:
    """Return the schema; fields that begin with `x-` are the user's own."""
    schema = Manifest.model_json_schema(mode="validation")
    for model in _BY_ROWS:
        fields = schema["$defs"][model]["properties"]
        fields.update({name: _open_to_rows(fields[name]) for name in _OF_A_ROW & fields.keys()})
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["patternProperties"] = {"^x-": {"description": "Your own; eocanvas-apply does not read it."}}
    return schema


def _open_to_rows(field: dict[str, Any]) -> dict[str, Any]:
    about = {name: value for name, value in field.items() if name in ("title", "description", "default")}
    values = {name: value for name, value in field.items() if name not in about}
    return {"anyOf": [*values.get("anyOf", [values]), _REFERENCE], **about}
