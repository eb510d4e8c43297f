"""Lists of the service as data: which entries of an answer are kept, and what is said of the others (answers.toml)."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.checks.codes import codes
from eocanvas_apply.errors import Doubt
from eocanvas_apply.service.eocanvas import EOCanvas

from .scripted_service import Stage, says

HDA = "https://canvas.test/hda-broker/api/v1"
CASES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("answers.toml").read_text(encoding="utf-8"))[
    "answer"
]
Read = Callable[[EOCanvas], Awaitable[Sequence[str]]]


async def _results(canvas: EOCanvas) -> Sequence[str]:
    return [result.name for result in await canvas.results("j") or ()]


async def _log(canvas: EOCanvas) -> Sequence[str]:
    return [entry.message for entry in await canvas.logs("j") or ()]


async def _keys(canvas: EOCanvas) -> Sequence[str]:
    return [key.name for key in await canvas.keys()]


async def _jobs(canvas: EOCanvas) -> Sequence[str]:
    return [job.job_id for job in (await canvas.jobs()).jobs]


async def _products(canvas: EOCanvas) -> Sequence[str]:
    return [product.id for product in await canvas.hda.search({"dataset_id": "D"})]


async def _terms(canvas: EOCanvas) -> Sequence[str]:
    return await canvas.hda.dataset_terms("D")


LISTS: dict[str, tuple[str, Read]] = {
    "keys": ("GET /keys", _keys),
    "jobs": ("GET /jobs", _jobs),
    "results": ("GET /jobs/j/results", _results),
    "log": ("GET /jobs/j/logs", _log),
    "products": (f"POST {HDA}/dataaccess/search", _products),
    "terms": (f"GET {HDA}/datasets/D", _terms),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['list']}: {case['body'][:40]}")
def test_what_an_answer_gives_and_what_is_said(case: dict[str, Any]) -> None:
    stage, (route, read) = Stage(), LISTS[case["list"]]
    stage.on(route, says(200, content=case["body"].encode()))
    kept, said, fault = asyncio.run(_read(stage, read))
    assert (list(kept), said, fault) == (
        case.get("kept", []),
        [case["said"]] if "said" in case else [],
        case.get("fault"),
    )


async def _read(stage: Stage, read: Read) -> tuple[Sequence[str], list[str], str | None]:
    async with stage.canvas() as canvas:
        try:
            kept, fault = await read(canvas), None
        except Doubt as doubt:
            kept, fault = [], doubt.diagnostics[0].message
        found = canvas.irregularities.diagnostics()
    assert all(each.code in codes() for each in found)
    return kept, [each.message for each in found], fault
