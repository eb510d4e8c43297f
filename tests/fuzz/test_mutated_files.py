"""Mutations of the project's own files: `FUZZ_EXAMPLES=N` tries N of each kind instead of the number in `KINDS`."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.fuzz import inputs_page
from tests.fuzz.kinds import KINDS
from tests.fuzz.soundness import check, within

GIVEN = int(os.environ.get("FUZZ_EXAMPLES", "0"))
# Parts of a kind, so that several workers share it.
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", KINDS)
def test_every_mutation_is_judged_or_refused(name: str, part: int) -> None:
    kind, found = KINDS[name], Counter[str]()
    numbers = range(part, GIVEN or kind.mutations, PARTS)
    for number in numbers:
        text, folder = kind.text(number)
        try:
            with within():
                judged = kind.judge(text, folder)
                check(judged)
        except Exception as fault:
            fault.add_note(f"mutation {number} of {name}: add it to tests/fuzz/found/{name}/\n{text[:2000]!r}")
            raise
        found.update({each.code for each in judged.diagnostics})
    # What is rare comes and goes with every file that is added; the page has it only where it is not.
    often = {code for code, times in found.items() if times > len(numbers) / 50}
    assert GIVEN or often <= set(inputs_page.codes_of(kind.title)), "run `make docs`"
