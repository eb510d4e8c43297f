"""From a manifest and the rows of its campaigns to what is desired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph, ParamValue, param_text
from eocanvas_apply.documents.numbers import without_texts
from eocanvas_apply.ledger.event_values import fingerprint
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.graphs_and_chains import Document, GraphsAndChains
from eocanvas_apply.manifest.instances import Instance, Origins
from eocanvas_apply.manifest.job_order import in_order
from eocanvas_apply.manifest.model.jobs import (
    Job,
    KeyInput,
    ProductInput,
    RawJob,
    ResultInput,
    SnapJob,
    TailorJob,
    ToKey,
    UrlInput,
)
from eocanvas_apply.manifest.model.keys import ExistingKey, Key
from eocanvas_apply.manifest.model.manifest import Manifest, Timing
from eocanvas_apply.manifest.products import product_of
from eocanvas_apply.planning.desired.desired import (
    PRIVATE_KEY,
    Desired,
    DesiredInput,
    DesiredJob,
    DesiredKey,
    Holding,
    Limit,
    ResultOf,
    StopAfter,
    key_address,
)
from eocanvas_apply.planning.desired.fingerprint import ALGORITHM
from eocanvas_apply.planning.failures import Retries
from eocanvas_apply.planning.log_rules import Checks, ChecksOfJobs, remark_codes


def desired(
    manifest: Manifest,
    digest: str,
    documents: GraphsAndChains,
    instances: Mapping[str, Sequence[Instance]],
    timing: Timing,
    unasked: frozenset[str] = frozenset(),
    environment: str | None = None,
) -> Desired:
    """Return what a manifest asks for; `instances` holds the rows of each campaign by the job's name."""
    jobs: dict[str, DesiredJob] = {}
    for name in in_order({name: job.source_names for name, job in manifest.jobs.items()}):
        made = _all_of(name, manifest.jobs[name], documents, instances.get(name, ()), jobs)
        if checks := _remark_checks(manifest, manifest.jobs[name]):
            made = [replace(job, remark_checks=checks) for job in made]
        jobs |= {job.address: job for job in made}
    return Desired(
        project=manifest.project,
        manifest_digest=digest,
        keys=desired_keys(manifest),
        jobs=jobs,
        timing=timing,
        campaigns=frozenset(name for name, job in manifest.jobs.items() if job.steps),
        limits=tuple(Limit(window.jobs, window.per) for window in manifest.quota),
        max_running=manifest.max_running,
        unasked=unasked,
        holdings={
            name: Holding(job.canary, StopAfter.parse(job.stop_after) if job.stop_after else None)
            for name, job in manifest.jobs.items()
            if job.canary or job.stop_after
        },
        following=tuple(address for address, job in jobs.items() if job.stage),
        protect=tuple(dict.fromkeys(manifest.protect)),
        moved=tuple((each.source, each.to) for each in manifest.moved),
        environment=environment,
    )


def checks_of_jobs(manifest: Manifest) -> ChecksOfJobs:
    """Return the severities that `checks:` gives to remarks of logs, by the names of the jobs where it gives some."""
    return {name: checks for name, job in manifest.jobs.items() if (checks := _remark_checks(manifest, job))}


def _remark_checks(manifest: Manifest, job: Job) -> Checks:
    # Those of the job win.
    chosen = {**manifest.checks, **job.checks}
    return {code: Severity(chosen[code]) for code in chosen.keys() & remark_codes()} if chosen else {}


def desired_keys(manifest: Manifest) -> Mapping[str, DesiredKey]:
    """Return the keys that a manifest asks for, by address."""
    chosen = manifest.checks.get(PRIVATE_KEY)
    lowered = Severity(chosen) if chosen else None
    return {key_address(name): _key(name, key, lowered) for name, key in manifest.keys.items()}


def _all_of(
    name: str, job: Job, documents: GraphsAndChains, rows: Sequence[Instance], before: Mapping[str, DesiredJob]
) -> list[DesiredJob]:
    """Return the instances of a campaign, or the one job of any other; `before` are those it may take results of."""
    if not job.steps:
        return [_job(Address.job(name), job, documents.of(job), {}, partial(_source, before, {}), job.skip_reason)]
    return [_instance(name, row, documents, before, job.skipped_ids.get(row.id)) for row in rows]


def _instance(
    name: str, row: Instance, documents: GraphsAndChains, before: Mapping[str, DesiredJob], skip: str | None
) -> DesiredJob:
    # Filled in and validated each time it is asked for.
    job = row.job
    source = partial(_source, before, row.origins)
    return _job(Address.job(name, row.id), job, documents.of(job), row.fields, source, skip)


def _source(jobs: Mapping[str, DesiredJob], origins: Origins, name: str) -> DesiredJob:
    """Return the job of which a result is meant; of a campaign, the instance that a row is made of."""
    return jobs[str(Address.job(name, origins.get(name)))]


def _key(name: str, key: Key, private_as: Severity | None) -> DesiredKey:
    desired = DesiredKey(key_address(name), name, key.storage_type, fixed_name=key.name)
    if isinstance(key, ExistingKey):
        return replace(desired, existing=True, private_as=private_as)
    return replace(
        desired,
        config=key.plain_config(),
        secrets=key.secret_fields(),
        public=key.shared,
        description=key.description or "",
        expire_s=int(key.expires_in.total_seconds()),
        keep=key.keep,
    )


def _job(
    address: Address,
    job: Job,
    document: Document | None,
    fields: Mapping[str, Any],
    source: Callable[[str], DesiredJob],
    skip: str | None = None,
) -> DesiredJob:
    inputs = () if isinstance(job, RawJob) else tuple(_input(n, i, fields, source) for n, i in job.inputs.items())
    output_key = key_address(job.output.key) if isinstance(job.output, ToKey) else None
    folder = None if output_key else _folder(address.name, job)
    components = _components(job, document, inputs, output_key)
    return DesiredJob(
        address=str(address),
        process=_process(job),
        document=document,
        params={name: param_text(value) for name, value in _given_params(job).items()},
        inputs=inputs,
        raw_inputs=_raw_inputs(job),
        output_key=output_key,
        folder=f"{folder}/{address.instance}" if folder and address.instance else folder,
        index_folder=folder,
        max_duration=job.max_duration,
        launch_on_doubt=job.on_doubt == "launch",
        marked=job.mark and _can_carry_mark(document),
        components=components,
        fingerprint=fingerprint(components),
        retries=Retries.parse(job.retries),
        accept_terms=job.accept_terms,
        fields=fields,
        skip=skip,
        keep=job.on_change == "keep",
        stage=max((source(other).stage + 1 for other in job.source_names), default=0),
        document_file=_document_file(job),
    )


def _components(
    job: Job, document: Document | None, inputs: Sequence[DesiredInput], output_key: str | None
) -> dict[str, Any]:
    """Return what its fingerprint is made of: a job that differs in any of it is another job."""
    return {
        "algorithm": ALGORITHM,
        "process": _process(job),
        "document": document.digest if document else None,
        # A number is the same one however it is written.
        "params": {name: param_text(without_texts(value)) for name, value in _given_params(job).items()},
        "inputs": _raw_inputs(job) or {given.name: _identity(given) for given in inputs},
        "options": {given.name: options for given in inputs if (options := _options(given))},
        "output": output_key or "download",
    }


def _given_params(job: Job) -> Mapping[str, ParamValue]:
    return job.params if isinstance(job, SnapJob) else {}


def _raw_inputs(job: Job) -> dict[str, Any]:
    return {name: without_texts(value) for name, value in job.inputs.items()} if isinstance(job, RawJob) else {}


def _document_file(job: Job) -> str | None:
    if isinstance(job, SnapJob):
        return job.graph
    return job.chain_file if isinstance(job, TailorJob) else None


def _can_carry_mark(document: Document | None) -> bool:
    # A graph takes a comment; a chain only its name, where the user has set none; raw inputs nothing.
    return isinstance(document, Graph) or (isinstance(document, Chain) and document.fields.get("name") is None)


def _process(job: Job) -> str:
    if isinstance(job, RawJob):
        return job.process
    return "dataTailor" if isinstance(job, TailorJob) else "snap-function"


def _folder(name: str, job: Job) -> str:
    download = None if isinstance(job.output, ToKey) or job.output is None else job.output.download
    return download or f"results/{name}"


def _input(name: str, given: Any, fields: Mapping[str, Any], source: Callable[[str], DesiredJob]) -> DesiredInput:
    options = {"uncompress": given.uncompress, "sub_path": given.sub_path}
    if isinstance(given, KeyInput):
        return DesiredInput(name, given.path, key=key_address(given.key), **options)
    if isinstance(given, UrlInput):
        return DesiredInput(name, given.url, identity=given.id, **options)
    if isinstance(given, ProductInput) and (product := product_of(given, fields)):
        return DesiredInput(name, "", product=product, **options)
    if isinstance(given, ResultInput):
        job = source(given.result)
        result = ResultOf(job.address, given.match, job.fingerprint)
        return DesiredInput(name, "", key=job.output_key, result=result, **options)
    raise TypeError(f"input {name}: no rule for {type(given).__name__}")


def _identity(given: DesiredInput) -> dict[str, str]:
    if given.result:
        return given.result.identity
    if given.key:
        return {"key": given.key, "path": given.location}
    if given.product:
        return {"dataset": given.product.dataset_id, "product": given.product.id}
    return {"id": given.identity} if given.identity else {"url": given.location}


def _options(given: DesiredInput) -> dict[str, Any]:
    options = {"uncompress": given.uncompress, "sub_path": given.sub_path}
    return {name: value for name, value in options.items() if value is not None}
