"""What a key or a job of the manifest is, a line a field in the manifest's own names; of a campaign once for all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.desired_job import DesiredInput, DesiredJob
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render.layout import cut, one_line, span
from eocanvas_apply.vocabulary import StorageType
from eocanvas_apply.web_addresses import replaced_users

# As much of a value is left at least.
_SHORTEST = 20


def definition(plan: Plan, address: str) -> Mapping[str, str]:
    """Return the fields of a key or a job of a plan as text by name; empty where they are not known."""
    if plan.desired is None:
        return plan.definitions.get(address, {})
    if key := plan.desired.keys.get(address):
        return _key_fields(key)
    return job_definition(plan.desired.jobs.get(address))


def job_definition(job: DesiredJob | None) -> dict[str, str]:
    """Return the fields of a job as text by name, none without a job."""
    return dict(_job_fields(job)) if job else {}


def saved_definitions(plan: Plan) -> dict[str, Mapping[str, str]]:
    """Return the definitions that the text of a plan shows: of what is new, and of graphs and chains that differ."""
    shown = (a for a in plan.actions if a.reason is Reason.NEW or any(each.path == DOCUMENT for each in a.changes))
    return {action.address: definition(plan, action.address) for action in shown}


def definition_lines(plan: Plan, addresses: Sequence[str], width: int) -> list[str]:
    """Return a line of this width for each field of a definition; of several instances with the values of the first.

    No lines where it is not known.
    """
    first = definition(plan, addresses[0])
    more = f" (first of {len(addresses)})"
    differing = _differing(plan, first, addresses)
    return [_line(name, value, more if name in differing else "", width) for name, value in first.items()]


def _differing(plan: Plan, first: Mapping[str, str], addresses: Sequence[str]) -> set[str]:
    """Return the names of the fields that are not the same for all; no more definitions are made than that takes."""
    same = set(first) & _changeable(plan, first, addresses)
    found: set[str] = set()
    for address in addresses[1:]:
        if not same:
            break
        other = definition(plan, address)
        found |= {name for name in same if other.get(name) != first[name]}
        same -= found
    return found


def _changeable(plan: Plan, first: Mapping[str, str], addresses: Sequence[str]) -> set[str]:
    """Return the names of the fields that can differ between the instances of a campaign, as far as its rows do."""
    jobs = [plan.desired.jobs[each] for each in addresses if each in plan.desired.jobs] if plan.desired else []
    if not jobs or jobs[0].traits.filled is None:
        return set(first)
    rows = [job.fields for job in jobs]
    differ = {field for _, field in jobs[0].traits.filled if any(r.get(field) != rows[0].get(field) for r in rows)}
    return {name for path, field in jobs[0].traits.filled if field in differ for name in _names_at(path)}


def _names_at(path: tuple[str | int, ...]) -> Iterator[str]:
    """Yield the names of the fields that can show what stands at a place of a job."""
    yield ".".join(map(str, path[:2])) if path[0] in ("inputs", "params") else str(path[0])
    if path[-1] == "sub_path":
        yield f"options.{path[1]}"


def _key_fields(key: DesiredKey) -> dict[str, str]:
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
    return {name: value for name, value in fields.items() if value}


def _in_brackets(text: str | None) -> str:
    return f" ({text})" if text else ""


def _line(name: str, value: str, more: str, width: int) -> str:
    return f"{name}: {cut(value, max(width - len(name) - len(more) - 2, _SHORTEST))}{more}"


def _job_fields(job: DesiredJob) -> Iterator[tuple[str, str]]:
    yield _document_name(job) if job.document else ("process", job.process)
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


def _document_name(job: DesiredJob) -> tuple[str, str]:
    """Return `graph` or `chain`, and its file, or the fields of a chain that stands in the manifest."""
    if not job.has_chain:
        return "graph", job.document_file or ""
    return "chain", job.document_file or ", ".join(job.document_text.splitlines())


def document_title(defined: Mapping[str, str]) -> str:
    """Return `graph graphs/subset.xml` of a definition; without a file of its own `graph or chain`."""
    files = ((name, defined[name]) for name in ("graph", "chain") if name in defined)
    name, file = next(files, ("", ""))
    # A chain that stands in the manifest has its fields there.
    return one_line(f"{name} {file}") if file and ": " not in file else "graph or chain"


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
