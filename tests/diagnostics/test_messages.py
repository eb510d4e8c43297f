"""What `explain` shows of accepted manifests and plans is what they say now. It runs, and records, after them."""

from __future__ import annotations

import os

import pytest

from eocanvas_apply.checks.explanations import messages
from tests.cli.conftest import CANARIES
from tests.sessions.messages_file import in_folders, record
from tests.sessions.test_sessions import CASES


def test_the_messages_of_folders_are_those_of_their_accepted_findings() -> None:
    if os.environ.get("EOCANVAS_APPLY_RECORD"):
        record({}, CASES)
    found = {code: said for code, said in in_folders().items() if code not in CASES}
    assert {code: messages().get(code) for code in found} == found


@pytest.mark.parametrize("secret", [*CANARIES.values(), "hunter2", "hunter3", "old-password", "correct-horse"])
def test_no_message_shows_a_secret(secret: str) -> None:
    assert [code for code, said in messages().items() if secret in said] == []
