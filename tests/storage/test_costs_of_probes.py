"""How many questions a preflight asks: few for inputs side by side, none after a refusal, never more than so many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Refused
from eocanvas_apply.storage import probe as asking
from eocanvas_apply.storage.probe import a_few_at_once
from tests.emulator.storages import S3Gate
from tests.end_to_end.storages import Storages
from tests.storage.probes import bucket, filled, folder, stock


@pytest.fixture(name="requests")
def _requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the requests that the S3 server gets."""
    seen: list[str] = []
    plain = S3Gate.__call__

    def counted(self: S3Gate, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return plain(self, environ, start)

    monkeypatch.setattr(S3Gate, "__call__", counted)
    return seen


def test_after_a_refusal_no_further_question_begins_and_none_is_left() -> None:
    begun: list[int] = []

    async def question(number: int) -> int:
        begun.append(number)
        await asyncio.sleep(0.01)
        if number == 0:
            raise Refused(error("storage-refused", "no", "no"))
        return number

    async def all_of_them() -> list[int]:
        try:
            return await a_few_at_once(partial(question, number) for number in range(100))
        finally:
            assert len(asyncio.all_tasks()) == 1

    with pytest.raises(Refused):
        asyncio.run(all_of_them())
    assert begun == list(range(8))
    assert asyncio.run(a_few_at_once(partial(question, number) for number in (3, 1, 2))) == [3, 1, 2]


def test_a_thousand_inputs_below_one_prefix_cost_few_requests(real: Storages, requests: list[str]) -> None:
    paths = [f"/2024/07/S3A_{number:05}.zip" for number in range(1500)]
    name = filled(real, paths)
    requests.clear()
    assert len(stock(bucket(real, name), *paths[:1000]).sizes) == 1000
    assert len(requests) <= 10


def test_inputs_in_many_folders_below_one_prefix_cost_few_requests(real: Storages, requests: list[str]) -> None:
    paths = [f"/2024/{number:03}/scene.zip" for number in range(300)]
    name = filled(real, paths)
    requests.clear()
    assert len(stock(bucket(real, name), *paths).sizes) == 300
    assert len(requests) <= 10


def test_a_few_inputs_among_many_files_are_asked_for_one_by_one(real: Storages, requests: list[str]) -> None:
    paths = [f"/all/{number:05}.zip" for number in range(2500)]
    name = filled(real, paths)
    requests.clear()
    found = stock(bucket(real, name), "/all/00001.zip", "/all/01999.zip", "/all/02400.zip", "/all/09.zip").sizes
    assert sorted(found) == ["/all/00001.zip", "/all/01999.zip", "/all/02400.zip"]
    assert len(requests) <= 6


def test_only_so_many_single_questions_are_asked(real: Storages, monkeypatch: pytest.MonkeyPatch) -> None:
    from eocanvas_apply.storage import bucket_probe, webdav_probe

    assert asking.MOST_ASKED == 500
    monkeypatch.setattr(webdav_probe, "MOST_ASKED", 2)
    monkeypatch.setattr(bucket_probe, "MOST_ASKED", 2)
    found = stock(folder(real), "/a/1", "/a/2", "/b/1", "/c/1")
    assert found.unasked == {"/c/1"}
    name = filled(real, [f"/{letter}/{number:04}" for letter in "abcd" for number in range(1100)])
    found = stock(bucket(real, name), "/a/0001", "/b/0001", "/c/0001", "/d/0001")
    assert (len(found.sizes), len(found.unasked)) == (3, 1)
