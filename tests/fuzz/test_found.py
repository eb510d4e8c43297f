"""Texts that once went wrong. A new one is a file in `found/<kind>/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.soundness import check, within

FOUND = sorted(path for path in (Path(__file__).parent / "found").glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_text_that_once_went_wrong_is_judged_or_refused(path: Path) -> None:
    with within():
        check(KINDS[path.parent.name].judge(path.read_bytes(), path.parent))
