"""HTTP clients of one connection each, taken in turn.

A pool of many connections looks through all of them several times for every request; with sixteen requests under
way that costs more than the requests themselves (measured: 2 ms of 3). A client here has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

# Each download holds a client; other requests must still find a free one.
CLIENTS = 40


class ClientPool:
    """The clients of a run. The one given back last is taken first, so that few connections stay warm.

    `make` builds another client when none is free. `patience_s` is how long a request waits for one before it fails
    with `httpx.PoolTimeout`.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient], patience_s: float) -> None:
        self._make = make
        self._patience_s = patience_s
        self._gate = asyncio.Semaphore(CLIENTS)
        # Built now, so that settings which cannot work are reported before anything is sent.
        first = make()
        self._made = {first}
        self._free = [first]

    async def take(self) -> httpx.AsyncClient:
        """Return a client for one request; give it back when its answer has been read."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._gate.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout(f"all {CLIENTS} connections are in use") from None
        return self._free.pop() if self._free else self._new()

    def give_back(self, client: httpx.AsyncClient) -> None:
        """Put a client back, whatever became of its request: a broken connection is opened again."""
        self._free.append(client)
        self._gate.release()

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._made:
            await client.aclose()

    def _new(self) -> httpx.AsyncClient:
        client = self._make()
        self._made.add(client)
        return client
