"""Versions of programs in the logs of jobs."""

from __future__ import annotations

import pytest

from eocanvas_apply.planning.logged_software import software_in
from tests.planning.test_log_rules import CLEAN

NEWER = """\
WARNING: org.esa.snap.core.util.EngineVersionCheckActivator: A new SNAP version is available for download.
Currently installed 10.0.0, available is 12.0.0.
Please visit http://step.esa.int
"""


@pytest.mark.parametrize(
    ("process", "log", "found"),
    [
        ("snap-function", NEWER, {"ESA SNAP": "10.0.0"}),
        ("snap-function", "+ gpt --diag\nSNAP Release version 9.0.0-SNAPSHOT\nSNAP home: /snap", "9.0.0-SNAPSHOT"),
        ("snap-function", "+ gpt --diag\r\n\x1b[1mSNAP Release version 8.0\x1b[0m\r\n", "8.0"),
        ("dataTailor", "2024-06-13 10:05:25 - PROCESSING.a[1] - INFO - EPCT version 3.4.0", "3.4.0"),
        ("dataTailor", "EUMETSAT Data Tailor v3.4.0", "3.4.0"),
    ],
)
def test_a_version_that_the_log_shows_is_found(process: str, log: str, found: object) -> None:
    assert found in (dict(software_in(log, process)), *software_in(log, process).values())


@pytest.mark.parametrize("process", CLEAN)
def test_a_log_without_a_version_gives_none(process: str) -> None:
    assert software_in(CLEAN[process], process) == {}


@pytest.mark.parametrize("process", ["shearwater-demo", None])
def test_of_other_processes_nothing_is_known(process: str | None) -> None:
    assert software_in(NEWER, process) == {}


def test_what_the_job_was_given_is_no_version() -> None:
    trace = "+ eo_input='[{\"img1\": \"https://x.example/SNAP Release version 1.0\"}]'\n+ echo 'EPCT version 2.0'"
    assert software_in(trace, "snap-function") == software_in(trace, "dataTailor") == {}
