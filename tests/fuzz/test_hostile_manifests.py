"""Manifests that are built to be slow: `FUZZ_LENGTH=10000000` tries them in that length in bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import inputs_page, judges
from tests.fuzz.hostile_manifests import HOSTILE, LENGTHS
from tests.fuzz.soundness import check, within

GIVEN = int(os.environ.get("FUZZ_LENGTH", "0"))
# What a file of 10 MB may take: more by the libraries that are loaded, and by what one of them sets aside.
_ADDRESS_SPACE = 1_500_000_000
_SECONDS = 120
_VALIDATE = """
import resource, sys
from eocanvas_apply.cli import main
resource.setrlimit(resource.RLIMIT_AS, ({space}, {space}))
sys.exit(main(["validate", "-f", {file!r}]))
"""


@pytest.mark.parametrize("length", [GIVEN] if GIVEN else LENGTHS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_manifest_is_judged_or_refused(name: str, length: int) -> None:
    with within(120 if GIVEN else 30):
        judged = judges.manifest(HOSTILE[name](length), Path(__file__).parent)
        check(judged)
    assert GIVEN or {each.code for each in judged.diagnostics} <= set(inputs_page.codes_of(name)), "run `make docs`"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is one of Linux")
@pytest.mark.parametrize("name", ["one long text", "a wide list", "keys in one line", "YAML 1.1 words in lines"])
def test_ten_megabytes_take_bounded_memory(name: str, tmp_path: Path) -> None:
    file = tmp_path / "eocanvas.yaml"
    file.write_bytes(HOSTILE[name](9_900_000))
    program = _VALIDATE.format(space=_ADDRESS_SPACE, file=str(file))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=_SECONDS, check=False)
    assert done.returncode in (0, 1), done.stderr[-500:]
    assert b"internal" not in done.stderr
    assert len(done.stderr) < 200_000
