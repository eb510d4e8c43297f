"""Two runners with random faults on one ledger of each kind: a file, a bucket of a real server, a real database."""

from __future__ import annotations

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.verify import verify
from tests.ledger.kinds import KINDS, Ledger
from tests.simulation.test_campaigns import EXAMPLES, manifest, with_random_faults

TEXT = manifest(8, declared=True, products=False, pipeline=True, fixed=False, life=5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(max(2, EXAMPLES // 2)))
def test_two_runners_share_a_ledger_of_each_kind(request: pytest.FixtureRequest, kind: str, seed: int) -> None:
    ledger = Ledger(KINDS[kind], KINDS[kind].address(request))
    _, runs = with_random_faults(Behaviour(), TEXT, seed, 0.01, ledger=ledger.open)
    assert verify(runs.world.run(_read(ledger))) == []


async def _read(ledger: Ledger) -> list[Entry]:
    return list(await ledger.open().read())
