"""The state of the downloads that a job needs: ready, waiting, gone or unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta

from eocanvas_apply.errors import Refused, ServiceError
from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.planning.state.observed import Download, DownloadState
from eocanvas_apply.service.hda_client import Hda

_AT_ONCE = 4
_GONE = 410


async def look(hda: Hda, orders: Iterable[Order], patience: timedelta) -> Mapping[str, Download]:
    """Ask for each download, a few at a time, and for all of them no longer than `patience`.

    Those without an answer by then are unknown: an HDA that does not answer must not keep jobs waiting that need
    nothing of it.
    """
    gate = asyncio.Semaphore(_AT_ONCE)
    states = {order.download_id: DownloadState.UNKNOWN for order in orders if order.download_id}

    async def one(download_id: str) -> None:
        async with gate:
            states[download_id] = await _state(hda, download_id)

    with suppress(TimeoutError):
        async with asyncio.timeout(patience.total_seconds()):
            await asyncio.gather(*map(one, list(states)))
    return {download_id: Download(state, hda.download_url(download_id)) for download_id, state in states.items()}


async def _state(hda: Hda, download_id: str) -> DownloadState:
    try:
        return DownloadState.READY if await hda.ready(download_id) else DownloadState.WAITING
    except Refused as refused:
        # An order that failed is refused in many ways, and none of them gives a file.
        return DownloadState.UNKNOWN if refused.concerns_account else DownloadState.GONE
    except ServiceError as fault:
        return DownloadState.GONE if fault.status == _GONE else DownloadState.UNKNOWN
