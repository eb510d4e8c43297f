"""The files of a manifest that is written for an account: the manifest, graphs, chains, and the rows of campaigns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.kept_text import text_of
from eocanvas_apply.documents.yaml.dumping import dumped
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.planning.adoption.account_draft import Draft, DraftJob, DraftKey
from eocanvas_apply.planning.adoption.logged_job import LoggedInput

_ABOUT_KEYS = """\
# The service never shows what a key holds. These are used as they are, and never renewed or deleted. To manage one,
# give it its own type and configuration (docs/manifest.md), then: eocanvas-apply import key.NAME NAME-AT-THE-SERVICE
"""
_GONE = "# The service does not show {}: give them a key of now before their jobs run again.\n"
# How a row is called in its table.
_ID = "id"


def draft_files(draft: Draft) -> dict[str, str]:
    """Return the texts of the files that the manifest names, by their paths."""
    return dict(each for job in draft.jobs for each in _files_of(job))


def draft_manifest(draft: Draft) -> str:
    """Return the text of the manifest."""
    names = {EODATA: EODATA, **{key.physical: key.name for key in draft.keys}}
    text = dumped({"version": 1, "project": draft.project}, for_people=True)
    if draft.keys:
        gone = ", ".join(key.physical for key in draft.keys if not key.shown)
        keys = dumped({"keys": {key.name: _key(key) for key in draft.keys}}, for_people=True)
        text += _ABOUT_KEYS + (_GONE.format(gone) if gone else "") + keys
    if draft.jobs:
        text += dumped({"jobs": {job.name: dict(_fields(job, names)) for job in draft.jobs}}, for_people=True)
    return text


def _key(key: DraftKey) -> dict[str, str]:
    return {"type": "existing", "name": key.physical, "storage": key.storage.lower()}


def _fields(job: DraftJob, names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    if job.is_campaign:
        yield "for_each", {"csv": _rows_file(job)}
    yield ("graph" if _is_graph(job) else "chain"), _document_file(job)
    if inputs := job.example.inputs:
        yield "inputs", {name: _input(job, name, given, names) for name, given in inputs.items()}
    if job.example.output:
        yield "output", {"key": names[job.example.output]}


def _input(job: DraftJob, name: str, given: LoggedInput, names: Mapping[str, str]) -> dict[str, Any]:
    varies = name in job.varying
    # `$${` is a literal `${`.
    place = f"${{each.{_column(name)}}}" if varies else given.location.replace("${", "$${")
    where = {"key": names[given.keystore], "path": place} if given.keystore else {"url": place}
    return {**where, **given.options}


def _files_of(job: DraftJob) -> Iterator[tuple[str, str]]:
    yield _document_file(job), text_of(job.example.document)
    if job.is_campaign:
        yield _rows_file(job), _rows(job)


def _rows(job: DraftJob) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([_ID, *map(_column, job.varying)])
    for instance, each in job.jobs.items():
        writer.writerow([instance, *(each.inputs[name].location for name in job.varying)])
    return table.getvalue()


def _column(name: str) -> str:
    """Return the column of an input; one that is called `id` must not name the rows."""
    return f"{name}_file" if name.casefold() == _ID else name


def _is_graph(job: DraftJob) -> bool:
    return isinstance(job.example.document, Graph)


def _document_file(job: DraftJob) -> str:
    return f"graphs/{job.name}.xml" if _is_graph(job) else f"chains/{job.name}.yaml"


def _rows_file(job: DraftJob) -> str:
    return f"rows/{job.name}.csv"
