"""The HDA client against the project's own emulator, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota
from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.hda_client import Hda
from eocanvas_apply.service.urls import Endpoints

from .scripted_service import VirtualClock

OCEAN = "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"
DAY = {"dataset_id": OCEAN, "dtstart": "2024-07-01T00:00:00Z", "dtend": "2024-07-01T23:59:59Z"}


def run(emulator: RunningEmulator, act: Callable[[Hda], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        me = Credentials(DEFAULT_USER.name, Secret(DEFAULT_USER.password))
        async with EOCanvas(Endpoints(emulator.url), me, VirtualClock()) as canvas:
            return await act(canvas.hda)

    return asyncio.run(main())


async def ordered(hda: Hda) -> str:
    for term in await hda.dataset_terms(OCEAN):
        await hda.accept_term(term)
    (product,) = await hda.search(DAY, 1)
    return await hda.order(product.dataset_id, product.id, product.location)


def test_the_life_of_an_order() -> None:
    async def live(hda: Hda, emulator: RunningEmulator) -> None:
        download_id = await ordered(hda)
        assert await hda.ready(download_id) is False
        emulator.advance(60)
        assert await hda.ready(download_id) is True
        assert hda.download_url(download_id) == f"{emulator.hda_url}/api/v1/dataaccess/download/{download_id}"
        emulator.advance(86400)
        with pytest.raises(Refused) as caught:
            await hda.ready(download_id)
        assert caught.value.status == 404

    with running(Options(behaviour=Behaviour(order_time=30), token_life=10**6)) as emulator:
        run(emulator, lambda hda: live(hda, emulator))


@pytest.mark.parametrize("paging", ["total", "next"])
@pytest.mark.parametrize("largest", [100, 7])
def test_a_long_search_is_complete_with_both_kinds_of_pages(paging: Any, largest: int) -> None:
    query = {**DAY, "dtend": "2024-07-20T23:59:59Z"}
    with running(Options(behaviour=Behaviour(search_paging=paging, search_limit=largest))) as emulator:
        found = run(emulator, lambda hda: hda.search(query))
    assert len({product.id for product in found}) == len(found) == 120


@pytest.mark.parametrize(("kind", "effect"), [("drop-before", 0), ("drop-after", 1), ("truncate", 1)])
def test_a_lost_answer_to_an_order_is_in_doubt_with_or_without_its_effect(kind: Any, effect: int) -> None:
    with running(Options(faults=(Fault(kind, "POST", "*/dataaccess/download"),))) as emulator:
        with pytest.raises(Doubt):
            run(emulator, ordered)
        with emulator.model() as wire:
            assert len(wire.service.orders.every()) == effect


@pytest.mark.parametrize(
    ("answer", "timed"), [("retry-after", True), ("retry-date", True), ("quota-reset", True), ("bare", False)]
)
def test_a_used_up_quota_is_a_refusal(answer: Any, timed: bool) -> None:
    behaviour = Behaviour(quota_answer=answer)
    with running(Options(hda_quotas=(Quota(1, 3600),), behaviour=behaviour)) as emulator:
        run(emulator, ordered)
        with pytest.raises(Refused) as caught:
            run(emulator, ordered)
    assert caught.value.status == 429
    wait = caught.value.retry_after
    assert (wait is not None and 3500 < wait < 3610) if timed else wait is None


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_token_that_was_revoked_is_replaced(status: Any) -> None:
    async def revoked(hda: Hda, emulator: RunningEmulator) -> None:
        await hda.dataset_terms(OCEAN)
        with emulator.model() as wire:
            wire.service.accounts.revoke()
        await ordered(hda)

    with running(Options(behaviour=Behaviour(hda_denies=status))) as emulator:
        run(emulator, lambda hda: revoked(hda, emulator))
        with emulator.model() as wire:
            assert len(wire.service.orders.every()) == 1


def test_a_licence_that_was_not_accepted_is_refused() -> None:
    async def hasty(hda: Hda) -> None:
        (product,) = await hda.search(DAY, 1)
        await hda.order(OCEAN, product.id, product.location)

    with running(Options()) as emulator, pytest.raises(Refused, match="Copernicus_General_License") as caught:
        run(emulator, hasty)
    assert caught.value.status == 403
