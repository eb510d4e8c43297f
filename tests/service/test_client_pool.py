from __future__ import annotations

import asyncio

import httpx
import pytest

from eocanvas_apply.applying import sending
from eocanvas_apply.applying.session import AT_ONCE
from eocanvas_apply.service.clients.client_pool import CLIENTS, ClientPool


def _client_pool(patience_s: float = 5.0) -> tuple[ClientPool, list[httpx.AsyncClient]]:
    made: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        made.append(httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))))
        return made[-1]

    return ClientPool(make, patience_s), made


def test_the_client_given_back_last_is_taken_first() -> None:
    async def main() -> None:
        clients, made = _client_pool()
        assert len(made) == 1, "settings that cannot work are reported at once"
        one, two = await clients.take(), await clients.take()
        clients.give_back(one)
        clients.give_back(two)
        assert await clients.take() is two
        assert len(made) == 2
        await clients.aclose()
        assert all(client.is_closed for client in made)

    asyncio.run(main())


def test_a_task_that_waits_too_long_for_a_client_sends_nothing() -> None:
    async def main() -> None:
        clients, _ = _client_pool(patience_s=0.0)
        taken = [await clients.take() for _ in range(CLIENTS)]
        with pytest.raises(httpx.PoolTimeout):
            await clients.take()
        clients.give_back(taken.pop())
        clients.give_back(await clients.take())
        await clients.aclose()

    asyncio.run(main())


def test_there_are_clients_for_all_that_is_done_at_once() -> None:
    looks = 8
    assert 2 * AT_ONCE + sending._AT_MOST + looks <= CLIENTS
