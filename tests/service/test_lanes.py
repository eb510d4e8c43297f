from __future__ import annotations

import asyncio

import httpx
import pytest

from eocanvas_apply.service.lanes import LANES, Lanes


def _lanes(patience_s: float = 5.0) -> tuple[Lanes, list[httpx.AsyncClient]]:
    made: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        made.append(httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))))
        return made[-1]

    return Lanes(make, patience_s), made


def test_the_lane_given_back_last_is_taken_first() -> None:
    async def main() -> None:
        lanes, made = _lanes()
        assert len(made) == 1, "settings that cannot work are told at once"
        one, two = await lanes.take(), await lanes.take()
        lanes.give_back(one)
        lanes.give_back(two)
        assert await lanes.take() is two
        assert len(made) == 2
        await lanes.aclose()
        assert all(client.is_closed for client in made)

    asyncio.run(main())


def test_who_waits_too_long_for_a_lane_sends_nothing() -> None:
    async def main() -> None:
        lanes, _ = _lanes(patience_s=0.0)
        taken = [await lanes.take() for _ in range(LANES)]
        with pytest.raises(httpx.PoolTimeout):
            await lanes.take()
        lanes.give_back(taken.pop())
        lanes.give_back(await lanes.take())
        await lanes.aclose()

    asyncio.run(main())
