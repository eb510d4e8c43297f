"""From a manifest and the rows of its campaigns to what is desired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph, ParamValue, param_text
from eocanvas_apply.documents.numbers import without_texts
from eocanvas_apply.ledger.event_values import fingerprint
from eocanvas_apply.manifest.address import Address, of_instance
from eocanvas_apply.manifest.graphs_and_chains import Document, GraphsAndChains
from eocanvas_apply.manifest.instances import Instance, differ_in_inputs_only, differ_in_places_only
from eocanvas_apply.manifest.job_order import in_order
from eocanvas_apply.manifest.model.jobs import (
    Job,
    KeyInput,
    ProductInput,
    RawJob,
    ResultInput,
    SnapJob,
    TailorJob,
    UrlInput,
)
from eocanvas_apply.manifest.model.keys import ExistingKey, Key
from eocanvas_apply.manifest.model.manifest import Manifest, Timing
from eocanvas_apply.manifest.products import product_of
from eocanvas_apply.manifest.substitution import Template
from eocanvas_apply.planning.desired.desired import (
    PRIVATE_KEY,
    Desired,
    DesiredKey,
    Holding,
    Limit,
    StopAfter,
    key_address,
)
from eocanvas_apply.planning.desired.desired_job import (
    Deferred,
    DesiredInput,
    DesiredJob,
    JobDefinition,
    JobTraits,
    ResultOf,
)
from eocanvas_apply.planning.desired.fingerprint import ALGORITHM
from eocanvas_apply.planning.failures import Retries
from eocanvas_apply.planning.log_rules import Checks, ChecksOfJobs, remark_codes

# What a desired input has of each place that rows may fill in.
_PLACES = {"path": "location", "url": "location", "id": "identity", "sub_path": "sub_path"}


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
        derivation = _Derivation(name, documents, jobs, _remark_checks(manifest, manifest.jobs[name]))
        jobs |= derivation.jobs(manifest.jobs[name], instances.get(name, ()))
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


class _Derivation(Struct, frozen=True):
    """Derives a job of a manifest, or all instances of a campaign; `before` are those that it may take results of."""

    name: str
    documents: GraphsAndChains
    before: Mapping[str, DesiredJob]
    remark_checks: Checks

    def jobs(self, job: Job, rows: Sequence[Instance]) -> dict[str, DesiredJob]:
        """Return the one job, or one for each row, by address."""
        if not job.steps:
            found = [self._job(str(Address.job(self.name)), job, None, job.skip_reason)]
        elif rows and differ_in_places_only(first := rows[0].job, rows[0].template):
            template, given = rows[0].template, self._definition(first, rows[0])
            traits = replace(self._traits(first, given.inputs), filled=template.fields)
            derive, skipped = self._derives(first, template, given), job.skipped_ids
            found = [
                DesiredJob(self._address(row), traits, Deferred(derive, row), row.id, row.fields, skipped.get(row.id))
                for row in rows
            ]
        else:
            found = [self._job(self._address(row), row.job, row, job.skipped_ids.get(row.id)) for row in rows]
        return {each.address: each for each in found}

    def _derives(self, first: Job, template: Template, given: JobDefinition) -> Callable[[Instance], JobDefinition]:
        """Return what derives the definition of a row from that of the first one, or from the row alone."""
        if differ_in_inputs_only(first, template):
            return partial(_with_inputs, given)
        # No input is a result of another job, and what knows the jobs before would make a cycle with its own.
        return replace(self, before={}).definition_of

    def _address(self, row: Instance) -> str:
        return of_instance(self.name, row.id)

    def _job(self, address: str, job: Job, row: Instance | None, skip: str | None) -> DesiredJob:
        definition = self._definition(job, row)
        return DesiredJob(
            address=address,
            traits=self._traits(job, definition.inputs),
            definition=Deferred.known(definition),
            instance=row.id if row else None,
            fields=row.fields if row else {},
            skip=skip,
            stage=max((self._source(row, other).stage + 1 for other in job.source_names), default=0),
        )

    def definition_of(self, row: Instance) -> JobDefinition:
        return self._definition(row.job, row)

    def _definition(self, job: Job, row: Instance | None) -> JobDefinition:
        document, source = self.documents.of(job), partial(self._source, row)
        given = {} if isinstance(job, RawJob) else job.inputs
        inputs = tuple(_input(name, each, row.fields if row else {}, source) for name, each in given.items())
        components = _components(job, document, inputs)
        return JobDefinition(
            document=document,
            document_file=_document_file(job),
            params={name: param_text(value) for name, value in _given_params(job).items()},
            inputs=inputs,
            raw_inputs=_raw_inputs(job),
            marked=job.mark and _can_carry_mark(document),
            components=components,
            fingerprint=fingerprint(components),
        )

    def _traits(self, job: Job, inputs: tuple[DesiredInput, ...]) -> JobTraits:
        traits = JobTraits(
            process=_process(job),
            output_key=_output_key(job),
            index_folder=None if _output_key(job) else job.download_folder or f"results/{self.name}",
            max_duration=job.max_duration,
            launch_on_doubt=job.on_doubt == "launch",
            retries=Retries.parse(job.retries),
            accept_terms=job.accept_terms,
            keep=job.on_change == "keep",
            remark_checks=self.remark_checks,
            raw=isinstance(job, RawJob),
        )
        return traits.naming(inputs)

    def _source(self, row: Instance | None, name: str) -> DesiredJob:
        """Return the job of which a result is meant; of a campaign, the instance that a row is made of."""
        return self.before[str(Address.job(name, row.origins.get(name) if row else None))]


def _with_inputs(first: JobDefinition, row: Instance) -> JobDefinition:
    """Return the definition of a row that changes only where inputs lie: all else is that of the first."""
    texts: dict[str, dict[str, str]] = {given.name: {} for given in first.inputs}
    for (_, name, place), text in zip(row.template.places, row.template.fill_places(row.fields), strict=True):
        texts[str(name)][_PLACES[str(place)]] = text
    inputs = tuple(replace(given, **texts[given.name]) for given in first.inputs)
    components = {**first.components, **_of_inputs(inputs)}
    return replace(first, inputs=inputs, components=components, fingerprint=fingerprint(components))


def _components(job: Job, document: Document | None, inputs: Sequence[DesiredInput]) -> dict[str, Any]:
    """Return what its fingerprint is made of: a job that differs in any of it is another job."""
    return {
        "algorithm": ALGORITHM,
        "process": _process(job),
        "document": document.digest if document else None,
        # A number is the same one however it is written.
        "params": {name: param_text(without_texts(value)) for name, value in _given_params(job).items()},
        **({"inputs": _raw_inputs(job), "options": {}} if isinstance(job, RawJob) else _of_inputs(inputs)),
        "output": _output_key(job) or "download",
    }


def _of_inputs(inputs: Sequence[DesiredInput]) -> dict[str, Any]:
    """Return the components that say what its inputs are."""
    return {
        "inputs": {given.name: _identity(given) for given in inputs},
        "options": {given.name: options for given in inputs if (options := _options(given))},
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


def _output_key(job: Job) -> str | None:
    return key_address(job.output_key) if job.output_key else None


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
