"""Questions about single jobs: what one answers badly, or not at all, delays no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, NotSent, Refused, ServiceError
from eocanvas_apply.observing.inquiries import Inquiries

UNREADABLE = Doubt(error("service-answer-unreadable", "GET /jobs/b/logs answered 200, but with an HTML page"), 200)


async def _hanging(job_id: str) -> str:
    if job_id == "slow":
        await asyncio.Event().wait()
    return job_id.upper()


def test_a_job_that_gives_no_answer_is_asked_for_after_all_others() -> None:
    async def looks() -> list[dict[str, str]]:
        inquiries = Inquiries(timedelta(milliseconds=50), at_once=1)
        return [dict(await inquiries.each("the log", ["slow", "a", "b"], _hanging)) for _ in range(2)]

    assert asyncio.run(looks()) == [{}, {"a": "A", "b": "B"}]


@pytest.mark.parametrize("fault", [UNREADABLE, Refused(error("service-refused", "no"), 403)])
def test_what_is_unreadable_or_refused_of_one_job_is_left_out(fault: ServiceError) -> None:
    async def ask(job_id: str) -> str:
        if job_id == "b":
            raise fault
        return job_id.upper()

    inquiries = Inquiries()
    assert asyncio.run(inquiries.each("the log", "abc", ask)) == {"a": "A", "c": "C"}
    unreadable = [f"the log of 1 job cannot be read: {fault}"] if fault is UNREADABLE else []
    assert [each.message for each in inquiries.diagnostics()] == unreadable
    asyncio.run(inquiries.each("the log", "ac", ask))
    assert not inquiries.diagnostics()


@pytest.mark.parametrize(
    "fault", [NotSent(error("service-unreachable", "gone")), Refused(error("service-refused", "no"), 401)]
)
def test_a_service_that_is_gone_or_refuses_the_account_ends_the_look(fault: ServiceError) -> None:
    async def ask(job_id: str) -> str:
        raise fault

    with pytest.raises(type(fault)):
        asyncio.run(Inquiries().each("the log", "abc", ask))
