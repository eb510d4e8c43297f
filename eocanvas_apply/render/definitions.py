"""What a key or a job of the manifest is, a line a field in the manifest's own names; of a campaign once for all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from eocanvas_apply.planning.desired.desired import DesiredInput, DesiredJob, DesiredKey
from eocanvas_apply.render.layout import cut, span
from eocanvas_apply.vocabulary import StorageType

# What fits a terminal of 80 columns beside the indent.
_WIDTH = 72


def key_lines(key: DesiredKey) -> list[str]:
    """Return what storage a key opens, and for how long it is asked for."""
    name = {"name": key.fixed_name} if key.fixed_name else {}
    shared = {"shared": "true"} if key.public else {}
    life = span(timedelta(seconds=key.expire_s))
    return [_line(*field) for field in {"storage": _storage(key), **name, **shared, "expires_in": life}.items()]


def _storage(key: DesiredKey) -> str:
    config = key.config
    if key.storage is StorageType.WEBDAV:
        return f"WebDAV {config.get('endpoint', '')} as {config.get('username', '')}"
    kind = "S3" if key.secrets else "public S3"
    place = [f"{kind} bucket {config.get('bucket', '')}", config.get("region", ""), config.get("endpoint", "")]
    return ", ".join(filter(None, place))


def job_lines(jobs: Sequence[DesiredJob]) -> list[str]:
    """Return graph, params, inputs and output of a job; of several instances with the values of the first."""
    first, *others = [dict(_fields(job)) for job in jobs]
    more = f" (first of {len(jobs)})"
    differing = {name for name, value in first.items() if any(each.get(name) != value for each in others)}
    return [_line(name, value, more if name in differing else "") for name, value in first.items()]


def _line(name: str, value: str, more: str = "") -> str:
    return f"{name}: {cut(value, _WIDTH - len(name) - len(more) - 2)}{more}"


def _fields(job: DesiredJob) -> Iterator[tuple[str, str]]:
    yield document_name(job) if job.document else ("process", job.process)
    for name, value in job.params.items():
        yield f"params.{name}", value
    for given in job.inputs:
        yield f"inputs.{given.name}", _input(given)
        if given.product:
            yield f"inputs.{given.name}.dataset_id", given.product.dataset_id
    for name, value in job.raw_inputs.items():
        yield f"inputs.{name}", _plain(value)
    instance = "/<instance>" if job.index_folder != job.folder else ""
    yield "output", job.output_key or f"{job.index_folder or job.folder}{instance}/"


def document_name(job: DesiredJob) -> tuple[str, str]:
    """Return `graph` or `chain`, and its file, or the fields of a chain that stands in the manifest."""
    if not job.has_chain:
        return "graph", job.document_file or ""
    return "chain", job.document_file or ", ".join(job.document_text.splitlines())


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _input(given: DesiredInput) -> str:
    options = ["uncompress"] if given.uncompress else []
    options += [given.sub_path] if given.sub_path else []
    return ", ".join([_source(given), *options])


def _source(given: DesiredInput) -> str:
    if given.result:
        return f"result of {given.result.address}{f' ({given.result.match})' if given.result.match else ''}"
    if given.product:
        return f"product {given.product.id}"
    return f"{given.key} {given.location}" if given.key else given.location
