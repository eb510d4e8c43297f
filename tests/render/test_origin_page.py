"""What made a file, in words: lines that many files share, and what is not known."""

from __future__ import annotations

from eocanvas_apply.render.provenance.origin_page import as_json, text
from eocanvas_apply.report.provenance.file_origin import FileIs, FileOrigin
from eocanvas_apply.report.provenance.job_origin import JobOrigin


def _origin(number: int) -> JobOrigin:
    return JobOrigin(f'job.tiles["T{number}"]', f"j-{number}", "successful")


def test_of_many_jobs_that_left_the_same_content_three_are_named() -> None:
    also = tuple(_origin(number) for number in range(1, 10))
    shown = text(FileOrigin("a.nc", FileIs.ELSEWHERE, "results/a.nc", True, _origin(0), 1, "0" * 64, also))
    lines = [line for line in shown.splitlines() if line.startswith("  also")]
    assert lines[0] == '  also       job.tiles["T1"], job j-1, left the same content'
    assert lines[3] == "  also       6 more jobs left the same content"
    assert len(lines) == 4


def test_what_is_not_known_has_no_line() -> None:
    found = FileOrigin("a.nc", FileIs.MISSING, "results/a.nc", False, _origin(0))
    assert text(found) == (
        "a.nc: not here any more; it was downloaded once\n"
        '  job        job.tiles["T0"], job j-0 (successful), which counts no more\n'
        "  manifest   the manifest of now does not have this job\n"
        "  next       eocanvas-apply why tiles/T0\n"
    )
    assert (as_json(found)["document"], as_json(found)["manifest"], as_json(found)["launched"]) == (None, None, None)


def test_a_name_cannot_control_the_terminal() -> None:
    assert "\x1b" not in text(FileOrigin("\x1b[2Ja.nc", FileIs.EDITED, "\x1b[2Ja.nc", True, _origin(0)))
