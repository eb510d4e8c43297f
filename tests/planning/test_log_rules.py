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
INFO: org.esa.snap.core.gpf.Operator: Spatial binning of product 'a' done, 10 observations seen, took 00:00:01
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


def test_a_long_log_without_line_ends_is_searched() -> None:
    text = "x" * 5_000_000 + " " + TILE
    (found,) = remarks_in(text, "snap-function")
    assert len(found.line) <= 300


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
