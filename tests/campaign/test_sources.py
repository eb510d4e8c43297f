from __future__ import annotations

from eocanvas_apply.campaign.sources import LOCAL, REMOTE
from eocanvas_apply.manifest.model.steps import KINDS


def test_every_kind_of_step_has_a_reader() -> None:
    assert sorted([*LOCAL, *REMOTE]) == sorted(KINDS)
