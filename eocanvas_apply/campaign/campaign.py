"""One campaign on its way to rows: its steps taken one after the other, and what is to be said of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from eocanvas_apply.campaign.join import join
from eocanvas_apply.campaign.lock import FILE as LOCK_FILE
from eocanvas_apply.campaign.row_sources import Found, RowSources, limit_of, needs_all
from eocanvas_apply.diagnostics import Diagnostic, error, has_errors, info, warning
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import CredentialsError, ManifestError, Refused, ServiceError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.steps import MOST_INSTANCES, Step
from eocanvas_apply.manifest.model.times import resolved
from eocanvas_apply.manifest.rows import START, Row, shown, unknown_field
from eocanvas_apply.manifest.substitution import MissingField, Template

_DATASET = ("dataset_id", "datasetId")
_EMPTY_HINT = 'write `expect: ">=1"` to make it an error, or `expect: ">=0"` when it may be empty'


@dataclass
class Campaign:
    """The steps of one campaign, one after the other."""

    sources: RowSources
    name: str
    steps: Sequence[Step]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return has_errors(self.diagnostics)

    async def rows(self) -> Sequence[Row]:
        """Return the rows after all steps; what is wrong gathers in `diagnostics`, and the steps end there."""
        rows, most = START, MOST_INSTANCES
        for number, step in enumerate(self.steps):
            most = step.most or most
            rows = await self._joined(rows, number, step, most)
            if self.failed:
                return ()
        return rows

    async def _joined(self, rows: Sequence[Row], number: int, step: Step, most: int) -> Sequence[Row]:
        try:
            found = await self._asked(rows, number, step, most)
        except ManifestError as problem:
            self._refuse(problem, number, step)
            return ()
        self._tell_unlocked(found, number, step)
        joined = join(rows, [each.rows for each in found], step, most)
        await self._explain_empty(rows, found, number, step)
        for finding, path in joined.findings:
            if finding.code != "no-rows" or step.hda is None:
                self._tell(finding, number, *path)
        return joined.rows

    async def _asked(self, rows: Sequence[Row], number: int, step: Step, most: int) -> Sequence[Found]:
        """Return what a step's source gives for each row before; whoever cannot be asked is told with its place."""
        try:
            return await self._found(rows, number, step, most)
        except ServiceError as fault:
            raise self._elsewhere(fault, number, step) from None
        except CredentialsError as fault:
            # Of a storage. Those of the account have no place in the manifest.
            placed = [self._placed(each, number, step.kind) for each in fault.diagnostics]
            raise CredentialsError(*placed) if step.s3 else fault from None

    async def _found(self, rows: Sequence[Row], number: int, step: Step, most: int) -> Sequence[Found]:
        steps = self._filled(rows, number, step)
        distinct = {id(each): each for each in steps}
        if self.sources.waits(step):
            results = await asyncio.gather(*(self.sources.rows(each, most) for each in distinct.values()))
        else:
            results = [await self.sources.rows(each, most) for each in distinct.values()]
        by_step = dict(zip(distinct, results, strict=True))
        if any(each.relative for each in results):
            self.sources.relative.add(self.name)
        limit = limit_of(step, most)
        if step.hda is not None and needs_all(step) and any(len(each.rows) >= limit for each in results):
            message = f"this search finds {limit} products or more, too many to pick or join from"
            raise ManifestError(error("search-too-wide", message, "narrow the search"))
        return [by_step[id(each)] for each in steps]

    def _filled(self, rows: Sequence[Row], number: int, step: Step) -> Sequence[Step]:
        template = Template(self._written(number, step))
        if template.is_constant:
            return [step] * len(rows)
        known: dict[str, Step] = {}
        return [_of_row(row, template, step, known) for row in rows]

    def _written(self, number: int, step: Step) -> Any:
        written = self.sources.loaded.steps[self.name][number]
        return written.get(step.kind) if isinstance(written, dict) else None

    async def _explain_empty(self, rows: Sequence[Row], found: Sequence[Found], number: int, step: Step) -> None:
        empty = [index for index, each in enumerate(found) if not each.rows]
        if step.hda is None or not empty or (step.expected and step.expected[0] == 0):
            return
        query = _of_row(rows[empty[0]], Template(self._written(number, step)), step, {}).hda or {}
        query, _ = resolved(query, self.sources.now)
        where = "" if rows is START else f" for {len(empty)} of {len(rows)} rows, first {shown(rows[empty[0]])}"
        if found[empty[0]].locked:
            message = f"this search found nothing{where} when it was locked"
        else:
            message = f"this search finds nothing{where}{await self._why_empty(query)}"
        self._tell(warning("empty-search", message, _EMPTY_HINT), number, step.kind)

    async def _why_empty(self, query: Mapping[str, Any]) -> str:
        """Return which field empties a search, as far as the catalogue answers without it."""
        droppable = True
        for name in [each for each in query if each not in _DATASET]:
            rest = {other: value for other, value in query.items() if other != name}
            try:
                if await self.sources.ask(rest, 1):
                    return f"; without `{name}` it finds products"
            except Refused:
                droppable = False
            except ServiceError:
                # The question that counts was answered; this one is a courtesy.
                return ""
        return ", not even without any one of its fields" if droppable else ""

    def _tell_unlocked(self, found: Sequence[Found], number: int, step: Step) -> None:
        distinct = {id(each): each for each in found if each.locked is not None}
        fresh = sum(not each.locked for each in distinct.values())
        if self.sources.lock is None or not fresh:
            return
        verb = "is" if fresh == 1 else "are"
        subject = "this search is" if len(distinct) == 1 else f"{fresh} of {len(distinct)} searches here {verb}"
        message = f"{subject} not in {LOCK_FILE} and made anew by every run"
        self._tell(info("search-not-locked", message, "`eocanvas-apply lock` freezes what it finds"), number, step.kind)

    def _refuse(self, problem: ManifestError, number: int, step: Step) -> None:
        for each in problem.diagnostics:
            self._tell(each, number, step.kind)

    def _elsewhere(self, fault: ServiceError, number: int, step: Step) -> ServiceError:
        """Return what somebody who was asked could not do, with the place of the question."""
        placed = self._placed(fault.diagnostics[0], number, step.kind)
        return type(fault)(placed, fault.status, fault.retry_after)

    def _tell(self, found: Diagnostic, number: int, *below: str | int) -> None:
        if found.position is not None:
            self.diagnostics.append(replace(found, address=str(Address.job(self.name))))
            return
        self.diagnostics.append(self._placed(found, number, *below))

    def _placed(self, found: Diagnostic, number: int, *below: str | int) -> Diagnostic:
        path: Path = ("jobs", self.name, "for_each")
        job = self.sources.loaded.manifest.jobs[self.name] if self.sources.loaded.manifest else None
        if job is not None and not isinstance(job.for_each, Step):
            path = (*path, number)
        return self.sources.loaded.place(found, (*path, *below), at_name=True)


def _of_row(row: Row, template: Template, step: Step, known: dict[str, Step]) -> Step:
    """Return a step with its source filled in for a row; equal ones are one object."""
    try:
        source = template.fill(row.fields)
    except MissingField as missing:
        raise ManifestError(unknown_field(missing, row.fields)) from None
    key = json.dumps(source, sort_keys=True, ensure_ascii=False)
    if key not in known:
        try:
            options = {"pick": step.pick, "by": step.by}
            known[key] = Step.model_validate({step.kind: source, **options})
        except ValidationError:
            message = f"`{step.kind}` does not fit when it is filled in for the row {shown(row)}"
            raise ManifestError(error("bad-step", message, "see what its fields hold there")) from None
    return known[key]
