"""What the HDA says of downloads, as planning sees it; a silent HDA delays nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.observing.observer import observe_downloads
from eocanvas_apply.planning.state.observed import Download, DownloadState
from eocanvas_apply.service.hda_client import Hda
from tests.service.scripted_service import Stage, says

HDA = "https://canvas.test/hda-broker/api/v1/dataaccess/download"
ORDERS = [Order(name, "job.a", "D", name, download_id=name) for name in ("o1", "o2")] + [Order("o3", "job.a", "D", "P")]
_S = DownloadState


def seen(stage: Stage) -> dict[str, Download]:
    async def main() -> dict[str, Download]:
        async with stage.canvas() as canvas:
            return dict(await observe_downloads(canvas.hda, ORDERS, timedelta(seconds=5)))

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("state", "statuses"),
    [(_S.READY, (200,)), (_S.WAITING, (202,)), (_S.GONE, (403, 404, 410)), (_S.UNKNOWN, (204, 429, 500))],
)
def test_each_download_has_its_state_and_address(state: DownloadState, statuses: tuple[int, ...]) -> None:
    for status in statuses:
        stage = Stage()
        stage.on(f"HEAD {HDA}/o1", says(200))
        stage.on(f"HEAD {HDA}/o2", says(status))
        assert seen(stage) == {"o1": Download(_S.READY, f"{HDA}/o1"), "o2": Download(state, f"{HDA}/o2")}


class _Silent(Hda):
    """Answers about one download, and never about the others."""

    def __init__(self) -> None:
        pass

    async def ready(self, download_id: str) -> bool:
        if download_id != "o1":
            await asyncio.Event().wait()
        return True

    def download_url(self, download_id: str) -> str:
        return download_id


def test_a_download_without_an_answer_in_time_is_unknown() -> None:
    found = asyncio.run(observe_downloads(_Silent(), ORDERS, timedelta(milliseconds=50)))
    assert {name: download.state for name, download in found.items()} == {"o1": _S.READY, "o2": _S.UNKNOWN}
