"""What `explain` shows of accepted manifests and plans is what they say now. It runs, and records, after them."""

from __future__ import annotations

import os

from eocanvas_apply.checks.explanations import messages
from tests.sessions.messages_file import in_folders, record
from tests.sessions.test_sessions import CASES


def test_the_messages_of_folders_are_those_of_their_accepted_findings() -> None:
    if os.environ.get("EOCANVAS_APPLY_RECORD"):
        record({}, CASES)
    found = {code: said for code, said in in_folders().items() if code not in CASES}
    assert {code: messages().get(code) for code in found} == found
