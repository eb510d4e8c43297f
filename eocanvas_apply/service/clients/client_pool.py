"""The HTTP clients of a run: how many, through which proxies, and what each sends with every request."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import httpx

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.service.bodies import ENCODINGS
from eocanvas_apply.service.clients.single_connection import SingleConnection
from eocanvas_apply.service.proxies import environment_proxies, mounts
from eocanvas_apply.service.urls import Endpoints

# A creating POST must not go out on a connection that the other side may have closed meanwhile.
KEEPALIVE_S = 5.0
# Of a client that goes through a proxy.
LIMITS = httpx.Limits(max_connections=1, keepalive_expiry=KEEPALIVE_S)
# More than all that is done at once: 32 launches, 16 downloads, as many lists of results, and the looks at the service.
CLIENTS = 80


class ClientPool:
    """HTTP clients of one connection each. The one given back last is taken first, so that few connections stay warm.

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
        if self._free:
            return self._free.pop()
        client = self._make()
        self._made.add(client)
        return client

    def give_back(self, client: httpx.AsyncClient) -> None:
        """Put a client back, whatever became of its request: a broken connection is opened again."""
        self._free.append(client)
        self._gate.release()

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._made:
            await client.aclose()


def client_pool(endpoints: Endpoints, request_timeout: float, transport: httpx.AsyncBaseTransport | None) -> ClientPool:
    """Return the clients of a run; `transport` replaces the network in tests.

    Raises UsageError for settings of the network that cannot work.
    """
    try:
        if transport:
            # It has certificates and proxies of its own.
            return ClientPool(partial(_client, request_timeout, transport=transport), patience_s=request_timeout / 2)
        addresses = (endpoints.base_url, endpoints.hda_url, *endpoints.token_urls)
        context, proxies = _certificates(addresses), environment_proxies()

        def make() -> httpx.AsyncClient:
            direct = SingleConnection(context, KEEPALIVE_S)
            return _client(request_timeout, transport=direct, mounts=mounts(proxies, addresses, context, LIMITS))

        return ClientPool(make, patience_s=request_timeout / 2)
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as fault:
        hint = "Look at HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR."
        message = f"the network settings of the environment cannot be used: {fault}"
        raise UsageError(error("bad-network-settings", message, hint)) from None


def _certificates(addresses: Iterable[str]) -> Callable[[], ssl.SSLContext]:
    """Return what gives the certificates to trust, which are read once for all clients.

    It takes 40 ms: a thread does it while the rest is made ready, and for a local service over http nobody. Raises
    OSError and ValueError for those that the environment names.
    """
    named = {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys()
    if not named and all(address.startswith("http:") for address in addresses):
        return cache(httpx.create_ssl_context)
    thread = ThreadPoolExecutor(1)
    reading = thread.submit(httpx.create_ssl_context)
    thread.shutdown(wait=False)
    if named:
        reading.result()
    return reading.result


def _client(timeout_s: float, **network: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        **network,
        trust_env=False,
        timeout=timeout_s,
        follow_redirects=False,
        headers={
            "User-Agent": "eocanvas-apply",
            "Accept": "application/json, */*;q=0.5",
            "Accept-Encoding": ENCODINGS,
        },
    )
