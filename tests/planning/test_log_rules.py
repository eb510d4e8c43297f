from __future__ import annotations

import pytest

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.planning.log_rules import (
    LogRule,
    has_rules,
    log_rules,
    rejecting,
    remarks_in,
    rule_of,
    severity_of,
    shown_remarks,
)

# Texts of jobs that ended well, as they were seen or as the programs write them.
CLEAN = {
    "snap-function": """\
+ export WKS_USER=jane
+ eo_input='[{"img1": "https://x.example/Using constant values for ozone (1) and surface pressure (2)"}]'
+ gpt graph.xml -Pimg1=/data/input/a.nc -Poutput=/data/output/b
ERROR 1: libpq.so.5: cannot open shared object file: No such file or directory
INFO: org.esa.s2tbx.dataio.gdal.GDALVersion: GDAL not found on system. Internal GDAL 3.0.0 is used.
INFO: org.esa.snap.core.gpf.operators.tooladapter.ToolAdapterIO: Initializing external tool adapters
INFO: org.esa.snap.core.util.EngineVersionCheckActivator: Please check regularly for new updates.
INFO: org.hsqldb.persist.Logger: dataFileCache open start
INFO: org.esa.snap.core.dataop.dem.ElevationFile: http retrieving http://step.esa.int/auxdata/dem/SRTMGL1/N44W125.SRTMGL1.hgt.zip
INFO: org.esa.snap.binning.operator.BinningOp: Spatial binning of product 'a' done, 10 observations seen, took 00:00:01
Executing processing graph
....10%....20%....30%....40%....50%....60%....70%....80%....90% done.
SNAP execution completed successfully
""",
    "dataTailor": """\
2024-06-13 10:05:25 - PROCESSING.chain_runner[291] - INFO - Start process "4c15df87"
2024-06-13 10:05:28 - PROCESSING.epct_gis[744] - INFO - Starting step "IMPORT" 1/6 ...
gdalwarp -overwrite --config CPL_MAX_ERROR_REPORTS 1 -of GTiff -co BIGTIFF=IF_SAFER
2024-06-13 10:05:32 - PROCESSING.postprocessing[495] - INFO - output-product: ./a.nc
2024-06-13 10:05:32 - PROCESSING.postprocessing[503] - INFO - customisation time: 7 - process: 4c15df87
2024-06-13 10:05:32 - PROCESSING.postprocessing[504] - INFO - *** STOP PROCESSING - Status DONE ***
processing-time: 6.8 [sec]
""",
}
TILE = log_rules()[2].example


@pytest.mark.parametrize("rule", log_rules(), ids=lambda rule: f"{rule.code}-{log_rules().index(rule)}")
def test_a_rule_finds_its_example_between_other_lines(rule: LogRule) -> None:
    begin, end = CLEAN[rule.process].split("\n", 1)
    (found,) = remarks_in(f"{begin}\n{rule.example}\n{end}", rule.process)
    assert (found.code, found.lines) == (rule.code, 1)
    assert rule.example.startswith(found.line.removesuffix("..."))
    assert rule_of(found) is rule
    assert all((rule.meaning, rule.advice, rule.source))


@pytest.mark.parametrize("process", CLEAN)
def test_a_clean_log_says_nothing(process: str) -> None:
    assert remarks_in(CLEAN[process], process) == ()
    assert remarks_in("", process) == ()


def test_rules_belong_to_a_process() -> None:
    assert remarks_in(TILE, "dataTailor") == ()
    assert [each.code for each in remarks_in(TILE, None)] == ["dem-tile-missing"]
    assert [has_rules(name) for name in ("snap-function", "dataTailor", "shearwater-demo", None)] == [True] * 2 + [
        *(False, True)
    ]


def test_lines_are_counted_and_the_first_is_kept_short_and_without_secrets() -> None:
    secret = TILE.replace("http://step", "http://jane:hunter2@step").replace(".zip on", ".zip?sig=hunter2 on")
    (found,) = remarks_in(f"{secret} {'x' * 5000}\n{TILE}\n{TILE}", "snap-function")
    assert found.lines == 3
    assert len(found.line) <= 300
    assert "hunter2" not in found.line


def test_a_line_behind_a_long_progress_is_found_and_shown_without_it() -> None:
    (found,) = remarks_in("." * 5_000_000 + "10% done." + TILE, "snap-function")
    assert found.line == TILE


GRAPH = """<graph id="a">
  <version>1.0</version>
<!--
WARNING: org.esa.snap.core.dataop.dem.ElevationFile: http error:a on a
-->
</graph>"""


@pytest.mark.parametrize(
    "text",
    [
        f"+ cat graph.xml\n{GRAPH}\n",
        f"{GRAPH}\n{GRAPH}".replace("\n", "\r\n") + "\r\n",
        f"  <description>{TILE}</description>",
        f"+ echo '{TILE}'",
        f"-Pnote={TILE}",
        '{"note": "Unable to download the ancillary file "}',
        "SEVERE: Unable to download: see ElevationFile: ",
        "INFO: org.esa.snap.core.gpf.graph.GraphOp: description: Filtered out product 'a'",
        # Another attempt follows, which may succeed.
        f"WARNING: {log_rules()[3].example.removeprefix('SEVERE: ')}",
    ],
)
def test_words_of_a_rule_in_what_a_job_was_given_say_nothing(text: str) -> None:
    assert remarks_in(f"+ gpt graph.xml\n{text}\n", None) == ()


@pytest.mark.parametrize(
    "line",
    ["description: customisation failed", "  name: *** STOP PROCESSING - Status FAILED ***", "# ERROR - in a comment"],
)
def test_words_of_a_rule_in_a_chain_say_nothing(line: str) -> None:
    assert remarks_in(line, "dataTailor") == ()


@pytest.mark.parametrize(
    "text",
    [
        f"\x1b[1;33m{TILE}\x1b[0m",
        f"....10%....20%{TILE}",
        f"a\r\n{TILE}\r\nb",
        f"....10%\r....20%\r{TILE}",
        TILE.replace("WARNING", "WARNUNG"),
        TILE.replace("WARNING", "警告"),
        f"{GRAPH}\n{TILE}",
        f"<graph id='never closed'>\n{TILE}",
        f"\udcff\x00\n{TILE}",
    ],
)
def test_a_line_is_found_however_it_is_written(text: str) -> None:
    (found,) = remarks_in(f"a\n{text}\nb", "snap-function")
    assert (found.code, found.lines) == ("dem-tile-missing", 1)
    assert found.line.partition(": ")[2] == TILE.partition(": ")[2]


def test_a_line_that_two_rules_of_a_code_find_counts_once() -> None:
    line = "2024-06-13 10:05:32 - PROCESSING.postprocessing[504] - ERROR - *** STOP PROCESSING - Status FAILED ***"
    (found,) = remarks_in(f"{line}\n{line}", "dataTailor")
    assert found.lines == 2


def test_thousands_of_lines_are_counted_and_the_first_is_shown() -> None:
    later = log_rules()[3].example
    (found,) = remarks_in("\n".join([*[TILE] * 20_000, later]), "snap-function")
    assert (found.lines, found.line) == (20_001, TILE)


@pytest.mark.parametrize(
    "text",
    ["Unable to download a", "Spatial binning of product '", "\n<graph", "\x1b[" + "1" * 30, "F", "ERROR - ", "\r\n"],
)
def test_a_large_log_is_read_in_time_that_grows_with_its_length_alone(text: str) -> None:
    # In another one this does not end before the tests are stopped.
    assert remarks_in(text * (5_000_000 // len(text)), None) == ()


def test_checks_set_how_bad_a_remark_is() -> None:
    tile, other = Remark(code="dem-tile-missing", line="a"), Remark(code="no-valid-pixels", line="b")
    checks = {"dem-tile-missing": Severity.INFO, "no-valid-pixels": Severity.ERROR}
    assert severity_of(tile, {}) is Severity.WARNING
    assert shown_remarks((tile, other), checks) == (other,)
    assert rejecting((tile, other), checks) is other
    assert rejecting((tile,), checks) is rejecting(None, checks) is None


def test_a_remark_of_a_newer_version_is_shown_without_words() -> None:
    assert rule_of(Remark(code="unknown-yet", line="a")) is None


@pytest.mark.parametrize(
    ("process", "line", "code"),
    [
        ("dataTailor", "ERROR: customisation failed: no overlap with the region", "customisation-failed"),
        ("snap-function", "SEVERE: x: Failed to read file '/data/a.nc'. IOException: end of file", "input-left-out"),
        ("snap-function", "WARNING: x: The given source file patterns did not match any files", "input-left-out"),
    ],
)
def test_other_words_for_the_same_are_found_too(process: str, line: str, code: str) -> None:
    assert [each.code for each in remarks_in(line, process)] == [code]
