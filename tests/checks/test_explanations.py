"""Each diagnostic code has an explanation, and its example is true: the folder of the code in tests/diagnostics is the
example. `before` stands in one of its files, and with `after` in its place the finding is gone.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections import Counter
from pathlib import Path

import pytest

from docs import generate
from eocanvas_apply.checks.codes import codes
from eocanvas_apply.checks.explanations import explanations, messages
from eocanvas_apply.cli.commands import SUMMARIES
from tests.diagnostics.test_diagnostics import CASES, found_in
from tests.diagnostics.test_diagnostics import HERE as FOLDERS

TESTS = FOLDERS.parent
# Their example is described in words: bytes that are not UTF-8 or texts that are too long, which no page can show.
DESCRIBED = {"file-encoding", "graph-encoding", "yaml-encoding"} | {
    "graph-too-large",
    "id-too-long",
    "sealed-too-long",
    "too-many-points",
    "yaml-depth",
}
# What a correction must not bring; behind another fault, more can come to light.
SPOILT = {"graph-syntax", "json-syntax", "missing-field", "unknown-field", "wrong-type", "yaml-syntax"}
EXAMPLES = sorted(set(CASES) & codes().keys() - DESCRIBED)


def test_every_code_is_explained() -> None:
    assert explanations().keys() == codes().keys()


@pytest.mark.parametrize("code", codes())
def test_an_explanation_is_short_and_whole(code: str) -> None:
    found = explanations()[code]
    assert found.why.endswith(".")
    assert len(found.why) <= 240
    assert found.before
    assert found.before != found.after


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_example_is_a_fault_before_and_none_after(code: str, tmp_path: Path) -> None:
    found = explanations()[code]
    folder = shutil.copytree(FOLDERS / code, tmp_path / code)
    texts = {
        file: file.read_bytes().decode("utf-8", "replace") for file in folder.iterdir() if file.name != "expected.json"
    }
    files = [file for file, text in texts.items() if found.before in text]
    assert files, f"`before` of {code} stands in no file of tests/diagnostics/{code}"
    before = Counter(each["code"] for each in found_in(folder))
    files[0].write_text(texts[files[0]].replace(found.before, found.after, 1), encoding="utf-8")
    after = Counter(each["code"] for each in found_in(folder))
    assert after[code] < before[code], after
    assert not SPOILT & (after - before).keys()


def test_a_code_without_a_recorded_message_has_a_test_that_names_it() -> None:
    texts = _texts_of_tests()
    unnamed = {
        code for code in codes().keys() - messages().keys() if not re.search(rf"""["'\[`]{code}["'\]`]""", texts)
    }
    assert unnamed == set()


def _texts_of_tests() -> str:
    files = [each for end in ("py", "json", "txt") for each in TESTS.rglob(f"*.{end}")]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file != Path(__file__))


@pytest.mark.parametrize("code", codes())
def test_every_command_of_an_example_exists(code: str) -> None:
    example = explanations()[code]
    for call in re.findall(r"eocanvas-apply ([^,>(\n]+)", f"{example.before}\n{example.after}"):
        words = shlex.split(call.split(" shows ")[0].split(" names ")[0])
        assert words[0] in SUMMARIES
        generate.parser_of(words[0]).parse(words[1:])
