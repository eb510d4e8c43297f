"""How the downloads stand that a job may want: ready, not yet, gone, or nobody says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from eocanvas_apply.errors import Refused, ServiceError
from eocanvas_apply.ledger.fold import Order
from eocanvas_apply.planning.observed import Download, DownloadState
from eocanvas_apply.service.hda import Hda

_AT_ONCE = 4
# Answers that tell nothing of the one download that was asked for.
_OF_THE_ACCOUNT = {401, 429}
_GONE = 410


async def look(hda: Hda, orders: Iterable[Order]) -> Mapping[str, Download]:
    """Ask for each download, a few at a time; what keeps the HDA from answering keeps no job from being told."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(download_id: str) -> Download:
        async with gate:
            return Download(await _state(hda, download_id), hda.download_url(download_id))

    ids = [order.download_id for order in orders if order.download_id]
    return dict(zip(ids, await asyncio.gather(*map(one, ids)), strict=True))


async def _state(hda: Hda, download_id: str) -> DownloadState:
    try:
        return DownloadState.READY if await hda.ready(download_id) else DownloadState.WAITING
    except Refused as refused:
        # An order that failed is refused in many ways, and none of them gives a file.
        return DownloadState.UNKNOWN if refused.status in _OF_THE_ACCOUNT else DownloadState.GONE
    except ServiceError as fault:
        return DownloadState.GONE if fault.status == _GONE else DownloadState.UNKNOWN
