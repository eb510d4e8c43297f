"""From the steps of every campaign to its instances: files read, the catalogue searched, storages listed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct, field, structs
from pydantic import ValidationError

from eocanvas_apply.campaign.expanded import Expansion
from eocanvas_apply.campaign.join import field_name, join
from eocanvas_apply.campaign.lock import FILE as LOCK_FILE
from eocanvas_apply.campaign.lock import Lock
from eocanvas_apply.campaign.readers.hda import Search
from eocanvas_apply.campaign.readers.s3 import Lister
from eocanvas_apply.campaign.row_checks import instances, is_stopped, without_id
from eocanvas_apply.campaign.row_faults import RowFaults
from eocanvas_apply.campaign.rows import START, Found, Row, row_name
from eocanvas_apply.campaign.sources import Sources, SourceUnavailable, limit_of, needs_all
from eocanvas_apply.diagnostics import Diagnostic, error, info, warning
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import CredentialsError, ManifestError, Refused, ServiceError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.job_order import in_order
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.steps import MOST_INSTANCES, Step
from eocanvas_apply.manifest.model.times import resolved
from eocanvas_apply.manifest.substitution import MissingField, Template

_DATASET = ("dataset_id", "datasetId")
_EMPTY_HINT = 'write `expect: ">=1"` to make it an error, or `expect: ">=0"` when it may be empty'


async def expand(
    loaded: LoadedManifest,
    read: Callable[[str], bytes],
    *,
    now: datetime,
    search: Search | None = None,
    lister: Lister | None = None,
    lock: Lock | None = None,
) -> Expansion:
    """Return the instances of every campaign of a manifest.

    `read` takes a path as the manifest writes it and raises ManifestError. Queries of `lock` are not searched again;
    without `search` and `lister` campaigns that need them are `unknown`. Equal searches are made once. Faults of a
    manifest or a file are in the diagnostics; ServiceError and CredentialsError of a search are raised.
    """
    sources = Sources(loaded, read, now, search, lister, lock)
    try:
        return await _expanded(loaded, sources)
    finally:
        await sources.cancel()


async def _expanded(loaded: LoadedManifest, sources: Sources) -> Expansion:
    diagnostics: list[Diagnostic] = []
    unknown: set[str] = set()
    jobs = {name: job.steps for name, job in loaded.manifest.jobs.items() if job.steps} if loaded.manifest else {}
    follows = {name: {step.job for step in steps if step.job is not None} for name, steps in jobs.items()}
    for name in in_order(follows):
        campaign = _Campaign(sources, name, jobs[name])
        try:
            await campaign.expand()
        except SourceUnavailable:
            unknown.add(name)
        diagnostics += campaign.diagnostics
    # Each about a place once, however many campaigns read the file.
    distinct: dict[object, Diagnostic] = {}
    for each in diagnostics:
        distinct.setdefault((each.code, each.message, each.position or each.address), each)
    return Expansion(
        instances=sources.done,
        relative=frozenset(sources.relative),
        unknown=frozenset(unknown),
        files=sources.files.digests,
        searches=tuple(sources.searches.values()),
        diagnostics=tuple(distinct.values()),
    )


class _Campaign(Struct):
    """The steps of one campaign, one after the other."""

    sources: Sources
    name: str
    steps: Sequence[Step]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    # The fields that are cells of tables.
    cells: set[str] = field(default_factory=set)
    # The fields with geometries that are judged where they stand in a file.
    judged: set[str] = field(default_factory=set)

    async def expand(self) -> None:
        """Add the instances of all rows to the sources; none where there is an error."""
        rows, most = START, MOST_INSTANCES
        for number, step in enumerate(self.steps):
            most = step.most or most
            rows = await self._joined(rows, number, step, most)
            if is_stopped(self.sources.loaded, self.name, self.diagnostics):
                return
        found = instances(self.sources.loaded, self.name, rows, self.cells, self.judged)
        self.diagnostics += found.diagnostics
        if not is_stopped(self.sources.loaded, self.name, self.diagnostics):
            self.sources.done[self.name] = found.by_row
            self.sources.judged[self.name] = frozenset(self.judged)

    async def _joined(self, rows: Sequence[Row], number: int, step: Step, most: int) -> Sequence[Row]:
        try:
            found = await self._found(rows, number, step, most)
        except ManifestError as problem:
            for each in problem.diagnostics:
                self._add(each, number, step.kind)
            return ()
        if step.hda is not None and step.id is None and step is self.steps[-1]:
            found = self._named(found, number)
        self._note_unlocked(found, number, step)
        self._note_files(found, number, step)
        joined = join(rows, [each.rows for each in found], step, most)
        await self._explain_empty(rows, found, number, step)
        for finding, path in joined.findings:
            if finding.code != "no-rows" or step.hda is None:
                self._add(finding, number, *path)
        return joined.rows

    def _named(self, found: Sequence[Found], number: int) -> Sequence[Found]:
        """Return the products without those whose ids name no instance: one such entry must not end the plan."""
        kept = {id(each): each for each in found}
        left_out: list[Row] = []
        for key, each in kept.items():
            if unusable := without_id(each.rows):
                left_out += unusable
                lost = {id(row) for row in unusable}
                kept[key] = structs.replace(each, rows=[row for row in each.rows if id(row) not in lost])
        if left_out:
            what = "a product has an id" if len(left_out) == 1 else f"{len(left_out)} products have ids"
            message = f"{what} that cannot name an instance (too long, or used twice), first {row_name(left_out[0])}"
            hint = 'what cannot be named is left out; `id: "${each.FIELD}"` in this step gives other ids'
            self._add(warning("service-entry-unreadable", message, hint), number, "hda")
        return [kept[id(each)] for each in found]

    async def _found(self, rows: Sequence[Row], number: int, step: Step, most: int) -> Sequence[Found]:
        """Return what a step's source gives for each row before; faults of the service get the step's place."""
        try:
            filled = self._filled(rows, number, step)
            self._note_boxes(rows, filled, number, step)
            return await self._asked(filled, step, most)
        except ServiceError as fault:
            placed = self._placed(fault.diagnostics[0], number, step.kind)
            raise type(fault)(placed, fault.status, fault.retry_after) from None
        except CredentialsError as fault:
            # Those of a storage have a place in the manifest, those of the account none.
            at_step = [self._placed(each, number, step.kind) for each in fault.diagnostics]
            raise CredentialsError(*at_step) if step.s3 else fault from None

    async def _asked(self, steps: Sequence[Step], step: Step, most: int) -> Sequence[Found]:
        distinct = {id(each): each for each in steps}
        if self.sources.is_remote(step):
            import asyncio

            results = await asyncio.gather(*(self.sources.rows(each, most) for each in distinct.values()))
        else:
            results = [await self.sources.rows(each, most) for each in distinct.values()]
        if any(each.relative for each in results):
            self.sources.relative.add(self.name)
        limit = limit_of(step, most)
        if step.hda is not None and needs_all(step) and any(len(each.rows) >= limit for each in results):
            message = f"this search finds {limit} products or more; that is too many to pick or join from"
            raise ManifestError(error("search-too-wide", message, "narrow the search"))
        by_step = dict(zip(distinct, results, strict=True))
        return [by_step[id(each)] for each in steps]

    def _filled(self, rows: Sequence[Row], number: int, step: Step) -> Sequence[Step]:
        template = Template(self._written(number, step))
        if not template.fields:
            return [step] * len(rows)
        known: dict[str, Step] = {}
        steps: list[Step] = []
        faults = RowFaults()
        message = f"`{step.kind}` is not valid when a row fills it in"
        bad_step = partial(error, "bad-step", message, "check the fields of that row")
        for row in rows:
            try:
                steps.append(_step_of_row(row, template, step, known))
            except MissingField:
                faults.add_missing(template, row)
            except ValidationError:
                faults.add("bad-step", row, bad_step)
        if faults:
            raise ManifestError(*(each.diagnostic() for each in faults))
        return steps

    def _written(self, number: int, step: Step) -> Any:
        written = self.sources.loaded.steps[self.name][number]
        return written.get(step.kind) if isinstance(written, dict) else None

    async def _explain_empty(self, rows: Sequence[Row], found: Sequence[Found], number: int, step: Step) -> None:
        empty = [index for index, each in enumerate(found) if not each.rows]
        if step.hda is None or not empty or (step.expected and step.expected[0] == 0):
            return
        query = _step_of_row(rows[empty[0]], Template(self._written(number, step)), step, {}).hda or {}
        query, _ = resolved(query, self.sources.now)
        where = "" if rows is START else f" for {len(empty)} of {len(rows)} rows, first {row_name(rows[empty[0]])}"
        if found[empty[0]].locked:
            message = f"this search found nothing{where} when it was locked"
        else:
            message = f"this search finds nothing{where}{await self._why_empty(query)}"
        self._add(warning("empty-search", message, _EMPTY_HINT), number, step.kind)

    async def _why_empty(self, query: Mapping[str, Any]) -> str:
        """Return which field makes a search empty, as far as the catalogue answers without it."""
        all_answered = True
        for name in [each for each in query if each not in _DATASET]:
            rest = {other: value for other, value in query.items() if other != name}
            try:
                if await self.sources.ask(rest, 1):
                    return f"; without `{name}` it finds products"
            except Refused:
                all_answered = False
            except ServiceError:
                # Only an extra: the search itself was answered.
                return ""
        return ", not even without any one of its fields" if all_answered else ""

    def _note_boxes(self, rows: Sequence[Row], filled: Sequence[Step], number: int, step: Step) -> None:
        crossing = [row for row, each in zip(rows, filled, strict=True) if _crosses_antimeridian(each)]
        if crossing:
            where = "" if rows is START else f" for {len(crossing)} of {len(rows)} rows, first {row_name(crossing[0])}"
            message = f"the bbox of this search crosses the antimeridian{where}; not every catalogue can search it"
            found = warning(
                "search-antimeridian", message, "search west and east of it in two jobs if it finds too little"
            )
            self._add(found, number, step.kind)

    def _note_unlocked(self, found: Sequence[Found], number: int, step: Step) -> None:
        distinct = {id(each): each for each in found if each.locked is not None}
        unlocked = sum(not each.locked for each in distinct.values())
        if self.sources.lock is None or not unlocked:
            return
        verb = "is" if unlocked == 1 else "are"
        subject = "this search is" if len(distinct) == 1 else f"{unlocked} of {len(distinct)} searches here {verb}"
        message = f"{subject} not in {LOCK_FILE} and repeated in every run"
        self._add(info("search-not-locked", message, "`eocanvas-apply lock` freezes what it finds"), number, step.kind)

    def _note_files(self, found: Sequence[Found], number: int, step: Step) -> None:
        for each in {id(each): each for each in found}.values():
            for finding in each.warnings:
                self._add(finding, number, step.kind)
            self.judged |= {field_name(name, step) for name in each.judged}
            if step.csv is not None and each.rows:
                self.cells |= {field_name(name, step) for name in each.rows[0].fields}

    def _add(self, found: Diagnostic, number: int, *below: str | int) -> None:
        own = structs.replace(found, address=str(Address.job(self.name))) if found.position else None
        self.diagnostics.append(own or self._placed(found, number, *below))

    def _placed(self, found: Diagnostic, number: int, *below: str | int) -> Diagnostic:
        path: Path = ("jobs", self.name, "for_each")
        job = self.sources.loaded.manifest.jobs[self.name] if self.sources.loaded.manifest else None
        if job is not None and not isinstance(job.for_each, Step):
            path = (*path, number)
        return self.sources.loaded.place(found, (*path, *below), at_name=True)


def _crosses_antimeridian(step: Step) -> bool:
    bbox = step.hda.get("bbox") if step.hda else None
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(isinstance(each, int | float) for each in bbox):
        return False
    return bool(bbox[0] > bbox[2])


def _step_of_row(row: Row, template: Template, step: Step, known: dict[str, Step]) -> Step:
    """Return a step with its source filled in for a row; equal ones are one object."""
    source = template.fill(row.fields)
    key = json.dumps(source, sort_keys=True, ensure_ascii=False)
    if key not in known:
        known[key] = Step.model_validate({step.kind: source, "pick": step.pick, "by": step.by})
    return known[key]
