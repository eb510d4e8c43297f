"""What a key or a job of the manifest is, a line a field in the manifest's own names; of a campaign once for all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from eocanvas_apply.planning.desired.desired import DesiredInput, DesiredJob, DesiredKey
from eocanvas_apply.render.layout import cut, one_line, span
from eocanvas_apply.vocabulary import StorageType
from eocanvas_apply.web_addresses import replaced_users

# What fits a terminal of 80 columns beside the indent.
_WIDTH = 72
_SHORTEST = 20


def key_lines(key: DesiredKey) -> list[str]:
    """Return what storage a key opens, and for how long it is asked for."""
    config = key.config
    kind = {StorageType.S3: "S3" if key.secrets else "public S3", StorageType.WEBDAV: "WebDAV"}[key.storage]
    bucket = f"{kind} bucket {config.get('bucket', '')}{_in_brackets(config.get('region'))}"
    fields = {
        "storage": bucket if key.storage is StorageType.S3 else f"{kind} as {config.get('username', '')}",
        "endpoint": _without_credentials(config["endpoint"]) if "endpoint" in config else None,
        "name": key.fixed_name,
        "shared": "true" if key.public else None,
        "expires_in": span(timedelta(seconds=key.expire_s)),
    }
    return [_line(name, value) for name, value in fields.items() if value]


def _in_brackets(text: str | None) -> str:
    return f" ({text})" if text else ""


def job_lines(jobs: Sequence[DesiredJob]) -> list[str]:
    """Return graph, params, inputs and output of a job; of several instances with the values of the first."""
    first, *others = [dict(_fields(job)) for job in jobs]
    more = f" (first of {len(jobs)})"
    differing = {name for name, value in first.items() if any(each.get(name) != value for each in others)}
    return [_line(name, value, more if name in differing else "") for name, value in first.items()]


def _line(name: str, value: str, more: str = "") -> str:
    return f"{name}: {cut(value, max(_WIDTH - len(name) - len(more) - 2, _SHORTEST))}{more}"


def _fields(job: DesiredJob) -> Iterator[tuple[str, str]]:
    yield document_name(job) if job.document else ("process", job.process)
    for name, value in job.params.items():
        yield f"params.{name}", value
    for given in job.inputs:
        yield f"inputs.{given.name}", _source(given)
        if given.product:
            yield f"inputs.{given.name}.dataset_id", given.product.dataset_id
        if options := _options(given):
            yield f"options.{given.name}", options
    for name, value in job.raw_inputs.items():
        yield f"inputs.{name}", _plain(value)
    instance = "/<instance>" if job.index_folder != job.folder else ""
    yield "output", job.output_key or f"{job.index_folder or job.folder}{instance}/"


def document_name(job: DesiredJob) -> tuple[str, str]:
    """Return `graph` or `chain`, and its file, or the fields of a chain that stands in the manifest."""
    if not job.has_chain:
        return "graph", job.document_file or ""
    return "chain", job.document_file or ", ".join(job.document_text.splitlines())


def document_title(job: DesiredJob | None) -> str:
    """Return `graph graphs/subset.xml`; without a file of its own `graph or chain`."""
    return one_line(" ".join(document_name(job))) if job and job.document and job.document_file else "graph or chain"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _options(given: DesiredInput) -> str:
    options = (given.uncompress and "uncompress", given.sub_path and f"sub_path {given.sub_path}")
    return ", ".join(option for option in options if option)


def _source(given: DesiredInput) -> str:
    if given.result:
        return f"result of {given.result.address}{f' ({given.result.match})' if given.result.match else ''}"
    if given.product:
        return f"product {given.product.id}"
    return f"{given.key} {given.location}" if given.key else _without_credentials(given.location)


def _without_credentials(url: str) -> str:
    """Return an address without its user and its query, where people put passwords and signatures."""
    plain, query, _ = replaced_users(url).partition("?")
    return plain + (query and "?…")
