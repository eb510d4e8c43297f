"""Mutations of the project's own files: `FUZZ_EXAMPLES=N` tries N of each kind instead of the number in `KINDS`."""

from __future__ import annotations

import os

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.mutations import mutated
from tests.fuzz.soundness import check, within

GIVEN = int(os.environ.get("FUZZ_EXAMPLES", "0"))
# Parts of a kind, so that several workers share it.
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", KINDS)
def test_every_mutation_is_judged_or_refused(name: str, part: int) -> None:
    kind, seeds = KINDS[name], KINDS[name].seeds()
    contents = [seed.content for seed in seeds]
    for number in range(part, GIVEN or kind.mutations, PARTS):
        seed = seeds[number % len(seeds)]
        text = mutated(seed.content, f"{name} {number}", contents)
        try:
            with within():
                check(kind.judge(text, seed.folder))
        except Exception as fault:
            fault.add_note(f"mutation {number} of {name}: add it to tests/fuzz/found/{name}/\n{text[:2000]!r}")
            raise
