"""Copies of results that are on record: the same files into this machine's folder, checked, and nothing recorded."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from eocanvas_apply.applying.results.parts import part_of
from eocanvas_apply.applying.results.receiving import Meter, Receiver
from eocanvas_apply.applying.results.storing import Target, Whole, move_aside, put_in_place
from eocanvas_apply.applying.session import Session, at_once
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.results.index import place
from eocanvas_apply.results.presence import Copy
from eocanvas_apply.service.wire import ResultInfo


class Copier:
    """Fetches results into a folder; what fails is a failure of its address in the session.

    `copied` gathers what came, with its size and digest. What lies in the place of a copy is moved aside, never
    overwritten.
    """

    def __init__(self, session: Session, boundary: Boundary) -> None:
        self._session = session
        self._boundary = boundary
        self._receiver = Receiver(session, boundary.folder)
        self.copied: dict[Copy, Copy] = {}

    async def copy(self, copies: Sequence[Copy]) -> None:
        """Fetch all of these, each to its end whatever becomes of the others."""
        jobs: dict[tuple[str, str], list[Copy]] = defaultdict(list)
        for each in copies:
            jobs[each.address, each.job_id].append(each)
        await at_once([partial(self._job, address, job_id, found) for (address, job_id), found in jobs.items()])
        self._receiver.parts.close()

    async def _job(self, address: str, job_id: str, copies: Sequence[Copy]) -> None:
        with self._receiver.job(address, job_id, len(copies)) as meter:
            links = await self._receiver.links(job_id)
            meter.gone.extend(each.title for each in copies if each.key not in links)
            present = [each for each in copies if each.key in links]
            await at_once([partial(self._copy, each, links[each.key], meter) for each in present])

    async def _copy(self, copy: Copy, link: ResultInfo, meter: Meter) -> None:
        path = place(self._boundary.folder, copy.file)
        self._boundary.real(path.parent)
        target = Target(copy.key, link, path, part_of(path, copy.job_id))
        if stored := await self._receiver.receive(target, meter, partial(self._put_in_place, copy)):
            self.copied[copy] = stored
            meter.close(copy.key, str(path))

    def _put_in_place(self, copy: Copy, whole: Whole) -> Copy:
        target = whole.target
        if copy.sha256 and whole.sha256 != copy.sha256:
            target.part.unlink()
            raise ServiceError(_differs(copy))
        move_aside(target.path, self._boundary, copy.job_id)
        path = put_in_place(whole, ())
        if copy.modified_ns:
            # With the recorded time of change it need not be read again.
            os.utime(path, ns=(copy.modified_ns, copy.modified_ns))
        return replace(copy, size=whole.size, sha256=whole.sha256)


def _differs(copy: Copy) -> Diagnostic:
    message = f"{copy.file}: the service sends other content than the recorded one"
    hint = (
        "nothing was changed here; copy the recorded file from where it is, or run the job again with apply --relaunch"
    )
    return error("result-differs", message, hint, address=copy.address)
