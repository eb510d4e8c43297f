"""Ledgers of every kind are rebuilt and imported into; of two runs at once one is recorded, and the other says so."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.engine.adoption import importing, ledger_rebuild
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.state.observed import Observed
from tests.cli.conftest import Project
from tests.ledger.kinds import KINDS

Record = Callable[[], Awaitable[None]]


@pytest.fixture(name="lost", params=[*KINDS.values()], ids=[*KINDS])
def _lost(request: pytest.FixtureRequest, project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project that was applied on a ledger which is not there any more; a new one has no entries."""
    assert project.run("apply", "--yes", "--ledger", str(project.folder / "lost.jsonl")) == 0, project.err
    (project.folder / "lost.jsonl").unlink()
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", request.param.address(request))
    return project


def events(project: Project) -> Counter[str]:
    """Return how often each type of event is recorded, in a ledger that agrees with itself."""
    assert project.run("ledger", "verify") == 0, project.out
    return Counter(each["type"] for each in project.json("ledger", "show")["ledger"])


def targets(project: Project) -> tuple[str, str]:
    """Return the name of the key and the id of the job at the service."""
    rows = project.json("ledger", "rebuild", "--yes", "--ledger", str(project.folder / "probe.jsonl"))["ledger"]
    found = {row["address"]: row["target"] for row in rows}
    return found["key.scenes"], found["job.subset"]


def processes_at_once(*words: str) -> list[dict[str, Any]]:
    """Run a command twice at once, and return the documents in the order of their exit codes."""
    command = [sys.executable, "-m", "eocanvas_apply", *words, "--format", "json"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    documents = [json.loads(process.communicate(timeout=60)[0]) for process in started]
    assert [process.returncode for process in started] == [document["exit"] for document in documents]
    return sorted(documents, key=lambda document: int(document["exit"]))


def record_at_once(project: Project, decided: Callable[[Engine], Awaitable[Record]]) -> LedgerConflict:
    """Let two runs decide before either of them records; return what the one hears that is too late."""

    async def recorded() -> list[BaseException | None]:
        async with eoc.aopen(project.manifest) as first, eoc.aopen(project.manifest) as second:
            ready = [await decided(await run.engine()) for run in (first, second)]
            return await asyncio.gather(*(record() for record in ready), return_exceptions=True)

    [fault] = [each for each in asyncio.run(recorded()) if each]
    assert isinstance(fault, LedgerConflict)
    [found] = fault.diagnostics
    assert (found.code, found.message) == (
        "ledger-conflict",
        "another run wrote to this ledger meanwhile; this one has recorded nothing",
    )
    assert found.hint.startswith("run the command again")
    return fault


class TestRebuild:
    def test_an_empty_ledger_is_written_and_another_one_is_refused(self, lost: Project) -> None:
        assert lost.run("ledger", "rebuild", "--yes") == 0, lost.err
        assert lost.run("plan", "--detailed-exitcode") == 0
        before = events(lost)
        assert (before["ledger-opened"], before["key-created"], before["adopted"]) == (1, 1, 2)
        answer = lost.json("ledger", "rebuild", "--yes", code=1)
        assert [each["code"] for each in answer["diagnostics"]] == ["ledger-not-empty"]
        assert events(lost) == before

    def test_of_two_that_have_decided_one_is_recorded(self, lost: Project) -> None:
        async def decided(engine: Engine) -> Record:
            found = await (await ledger_rebuild.Rebuilding.of(engine, lambda *_: None)).rebuilt()
            return lambda: ledger_rebuild.record(engine, found)

        record_at_once(lost, decided)
        assert events(lost)["adopted"] == 2
        assert lost.run("plan", "--detailed-exitcode") == 0

    def test_of_two_processes_at_once_one_is_recorded(self, lost: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(lost.folder)
        done, late = processes_at_once("ledger", "rebuild", "--yes")
        assert (done["exit"], late["exit"]) == (0, 1)
        [said] = late["diagnostics"]
        assert said["code"] in {"ledger-conflict", "ledger-not-empty"}
        assert events(lost)["adopted"] == 2

    def test_one_that_another_is_faster_than_while_it_looks_is_refused(
        self, lost: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        planned = Engine.plan

        async def refused() -> None:
            async with eoc.aopen(lost.manifest) as first, eoc.aopen(lost.manifest) as second:
                fast, slow = await first.engine(), await second.engine()

                async def plan(engine: Engine, requests: Requests) -> tuple[Plan, Observed]:
                    if engine is slow:
                        found = await (await ledger_rebuild.Rebuilding.of(fast, lambda *_: None)).rebuilt()
                        await ledger_rebuild.record(fast, found)
                    return await planned(engine, requests)

                monkeypatch.setattr(Engine, "plan", plan)
                with pytest.raises(LedgerError) as raised:
                    await ledger_rebuild.Rebuilding.of(slow, lambda *_: None)
                assert [each.code for each in raised.value.diagnostics] == ["ledger-not-empty"]

        asyncio.run(refused())
        assert events(lost)["adopted"] == 2


@pytest.mark.parametrize(("address", "which"), [("key.scenes", 0), ("job.subset", 1)])
class TestImport:
    def test_of_two_that_have_decided_one_is_recorded(self, lost: Project, address: str, which: int) -> None:
        target = targets(lost)[which]

        async def decided(engine: Engine) -> Record:
            found = await importing.look(engine, address, target, frozenset({"allow-new-ledger"}))
            return lambda: importing.record(engine, found)

        record_at_once(lost, decided)
        before = events(lost)
        assert before["adopted"] == before["ledger-opened"] == 1
        # As the message says.
        assert lost.run("import", address, target) == 0
        assert "has it already; nothing was changed." in lost.out
        assert events(lost) == before

    def test_of_two_processes_at_once_one_is_recorded(
        self, lost: Project, address: str, which: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(lost.folder)
        done, late = processes_at_once("import", address, targets(lost)[which], "--allow-new-ledger")
        assert done["exit"] == 0
        # It lost, or came so late that it saw the other's.
        said = [each["code"] for each in late["diagnostics"]]
        assert (
            said == ["ledger-conflict"]
            if late["exit"]
            else late["import"][0]["imported"] != done["import"][0]["imported"]
        )
        assert events(lost)["adopted"] == 1
