"""An instance of a campaign: the job of one row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from pydantic import ConfigDict, TypeAdapter

from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.model.jobs import Job, ProductInput, RawJob, ResultInput
from eocanvas_apply.manifest.substitution import Template

LONGEST_ID = 128
Origins = Mapping[str, str | None]
# Built at its first use: a manifest may have no campaign.
JOBS: TypeAdapter[Job] = TypeAdapter(Job, config=ConfigDict(defer_build=True))
# What is only sent, of a job and of its inputs.
_SENT = frozenset({"params", "graph", "chain", "points"})
_PLACES = frozenset({"path", "url", "id", "sub_path"})
_NOT_IN_IDS = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|[. ]+$|^ +')


class Instance(Struct, frozen=True, gc=False):
    """One row of a campaign. `id` can be the name of a folder; `fields` are the row's, shown as `each.<name>`.

    `origins` are the ids of the instances of other jobs that the row is made of, by the jobs' names.
    """

    id: str
    fields: Mapping[str, Any]
    template: Template
    origins: Origins = field(default_factory=dict)

    @property
    def job(self) -> Job:
        """The job of this row, built each time: a hundred thousand of them are kept as rows only."""
        return JOBS.validate_python(self.template.fill(self.fields))


def differ_in_places_only(job: Job, template: Template) -> bool:
    """Tell whether the instances of a campaign, of which `job` is one, name the same keys and run in the same way.

    Their rows then change only where inputs lie, params, and the graph or chain; no input is a product or a result.
    """
    named = any(isinstance(each, ProductInput | ResultInput) for each in job.inputs.values())
    return not named and all(_is_place(path) for path, _ in template.fields)


def differ_in_inputs_only(job: Job, template: Template) -> bool:
    """Tell whether their rows change nothing but where inputs lie: params, and the graph or chain, are the same."""
    of_inputs = not isinstance(job, RawJob) and all(path[0] == "inputs" for path in template.places)
    return of_inputs and differ_in_places_only(job, template)


def _is_place(path: Path) -> bool:
    return path[0] in _SENT or (len(path) == 3 and path[0] == "inputs" and path[2] in _PLACES)


def instance_id(text: str) -> str:
    """Return a row's id as the name of an instance: what file systems do not allow in a name becomes `_`."""
    if text.isascii() and not _NOT_IN_IDS.search(text):
        return text
    return _NOT_IN_IDS.sub(lambda found: "_" * len(found[0]), unicodedata.normalize("NFC", text))
