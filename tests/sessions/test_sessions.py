"""Each case really gives its code, in the words that `explain` shows; where it says how it ends, the code is gone."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.checks.codes import codes
from eocanvas_apply.checks.explanations import messages
from tests.sessions.messages_file import in_folders, record
from tests.sessions.session import Session, said_of

HERE = Path(__file__).parent
FILES = {code: file for file in sorted(HERE.glob("*.toml")) for code in tomllib.loads(file.read_text(encoding="utf-8"))}
CASES: Mapping[str, Any] = {
    code: case
    for file in sorted(HERE.glob("*.toml"))
    for code, case in tomllib.loads(file.read_text(encoding="utf-8")).items()
}


def test_every_code_has_a_case_that_gives_it() -> None:
    cases = CASES.keys() | in_folders().keys()
    assert sorted(codes().keys() - cases) == []
    assert messages().keys() == cases & codes().keys()


def test_a_session_stands_in_the_file_of_its_subject() -> None:
    for code, file in FILES.items():
        assert file.stem == codes()[code].subject, code


@pytest.mark.parametrize("code", CASES)
def test_a_session_gives_its_code(
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    database = partial(request.getfixturevalue, "database_server")
    bucket = partial(request.getfixturevalue, "bucket_server")
    with Session(CASES[code], tmp_path, monkeypatch, capsys, database, bucket).open() as session:
        said = session.run(CASES[code]["before"])
        found = said_of(code, said)
        assert found, said
        message = f"$ {CASES[code]['before']}\n{found}"
        if os.environ.get("EOCANVAS_APPLY_RECORD"):
            record({code: message}, CASES)
        assert message == messages()[code]
        if "after" in CASES[code]:
            session.bring_about(CASES[code].get("change", {}))
            said = session.run(CASES[code]["after"])
            assert f"[{code}]" not in said, said
