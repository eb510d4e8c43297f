from __future__ import annotations

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error, limited, warning
from eocanvas_apply.render.diagnostics import all_as_json, as_json, summary, text
from eocanvas_apply.render.layout import Style

DRIVE = error("storage-not-for-input", "a WEkEO Drive is not for inputs", "add to the manifest:\nchecks: {x: warning}")
PLACED = DRIVE.at(Position("eocanvas.yaml", 12, 18), '      img1: {key: "drive"}')


def test_shows_place_source_line_caret_code_and_hint() -> None:
    assert text([PLACED]) == (
        "eocanvas.yaml:12:18: error: a WEkEO Drive is not for inputs [storage-not-for-input]\n"
        '  12 |       img1: {key: "drive"}\n'
        "     |                  ^\n"
        "  hint: add to the manifest:\n"
        "        checks: {x: warning}\n"
        "\n"
        "1 error\n"
    )


def test_long_messages_and_hints_are_broken_at_blanks_on_a_terminal_and_the_source_line_is_not() -> None:
    found = error("bad-wkt", "the region is " + "very " * 18 + "long", "write " + "another " * 10 + "one\nand more")
    source = "      aoi: " + "POLYGON((20 58, 21 58)) " * 4
    shown = text([found.at(Position("eocanvas.yaml", 3, 12), source)], Style(width=60))
    assert all(len(line) <= 60 for line in shown.splitlines() if "POLYGON" not in line)
    assert source in shown
    whole = text([found.at(Position("eocanvas.yaml", 3, 12), source)])
    assert shown.split() == whole.split()


def test_errors_come_first_then_file_and_line() -> None:
    late = error("b", "late").at(Position("a.yaml", 9, 1))
    early = error("a", "early").at(Position("a.yaml", 2, 7))
    mild = warning("w", "mild").at(Position("a.yaml", 1, 1))
    nowhere = error("n", "nowhere", address="job.x")
    shown = text([mild, late, early, nowhere])
    assert [shown.index(word) for word in ("nowhere", "early", "late", "mild")] == sorted(
        shown.index(word) for word in ("nowhere", "early", "late", "mild")
    )
    assert shown.endswith("3 errors, 1 warning\n")
    assert "job.x: error: nowhere [n]" in shown


def test_no_diagnostics_are_an_empty_text() -> None:
    assert text([]) == ""
    assert summary([]) == "no diagnostics"
    assert summary([Diagnostic("i", Severity.INFO, "m"), Diagnostic("i", Severity.INFO, "m")]) == "2 notes"


def test_colours_only_when_asked() -> None:
    assert "\x1b[" not in text([PLACED])
    assert "\x1b[1;31merror\x1b[0m" in text([PLACED], Style(colour=True))


def test_a_tab_before_the_caret_stays_a_tab() -> None:
    shown = text([error("t", "m").at(Position("f", 1, 3), "\ta: b")])
    assert "  1 | \ta: b\n    | \t ^\n" in shown


def test_a_long_line_is_cut_around_the_caret() -> None:
    line = "x" * 300 + "FAULT" + "y" * 300
    shown = text([error("t", "m").at(Position("f", 1, 301), line)]).splitlines()
    assert len(shown[1]) < 180
    assert shown[1][shown[2].index("^") :].startswith("FAULT")


def test_control_characters_from_outside_are_escaped() -> None:
    hostile = error("t", "a\x1b[2Jb").at(Position("f\x07", 1, 1), "k: \x1b]0;title\x07")
    assert not {c for c in text([hostile]) if not c.isprintable()} - {"\n"}


def test_json_has_eight_keys_and_null_for_what_is_missing() -> None:
    assert as_json(PLACED) == {
        "code": "storage-not-for-input",
        "severity": "error",
        "message": "a WEkEO Drive is not for inputs",
        "hint": "add to the manifest:\nchecks: {x: warning}",
        "file": "eocanvas.yaml",
        "line": 12,
        "column": 18,
        "address": None,
    }
    assert all_as_json([warning("w", "m", address="key.a"), DRIVE])[1]["address"] == "key.a"
    assert as_json(warning("w", "m"))["hint"] is None


def test_hundreds_of_equal_diagnostics_are_shown_three_times_and_counted() -> None:
    gone = [
        warning("result-missing", f"{n}.nc is gone", "left as it is", address=f'job.a["{n:03}"]') for n in range(300)
    ]
    shown = text([*gone, error("other", "once")])
    assert shown.count("[result-missing]") == 4
    assert shown.endswith(
        'job.a["002"]: warning: 2.nc is gone [result-missing]\n'
        "  hint: left as it is\n"
        "\n"
        "  ... and 297 more like it [result-missing]\n"
        "\n"
        "1 error, 300 warnings\n"
    )


def test_the_same_fault_at_many_lines_is_shown_at_each() -> None:
    faults = [error("csv-cells", "a cell too many").at(Position("a.csv", n, 1)) for n in range(1, 9)]
    assert text(faults).count("[csv-cells]") == 8


def test_a_hundred_of_a_code_are_shown_and_the_others_counted() -> None:
    faults = [error("csv-cells", "a cell too many").at(Position("a.csv", n, 1)) for n in range(1, 251)]
    shown = text([*faults, warning("other", "once")])
    assert shown.count("a cell too many") == 100
    assert shown.endswith("\n  ... and 150 more of this code [csv-cells]\n\n250 errors, 1 warning\n")
    listed = all_as_json([*faults, warning("other", "once")])
    assert [each["message"] for each in listed[99:]] == ["a cell too many", "and 150 more of this code", "once"]


def test_what_was_left_out_before_is_counted_once() -> None:
    faults = [error("csv-cells", "a cell too many").at(Position("a.csv", n, 1)) for n in range(1, 251)]
    again = limited([*limited(faults), *faults[:3]])
    assert (len(again), again[-1].more) == (101, 153)
    assert summary(again) == "253 errors"


def test_a_message_and_a_hint_are_cut_in_the_middle() -> None:
    found = error("t", "begin " + "x" * 10_000_000 + " end", "h" * 501)
    assert (len(found.message), len(found.hint)) == (500, 500)
    assert found.message.startswith("begin xx")
    assert found.message.endswith("xx end")
    assert "..." in found.message


def test_a_message_shows_control_characters_as_escapes() -> None:
    assert error("t", "a\x1b[2Jb\u202ec\x85").message == "a\\x1b[2Jb\\u202ec\\x85"
    assert error("t", "m", "first\nsecond ü").hint == "first\nsecond ü"
    assert len(error("t", "\0" * 400).message) == 500


def test_on_a_terminal_messages_and_hints_are_wrapped_and_source_lines_are_not() -> None:
    long = "the service does not take a key of this kind for the inputs of a job, as far as its documentation says"
    found = error("storage-not-for-input", long, long).at(Position("eocanvas.yaml", 12, 18), f"      img1: {long}")
    shown = text([found], Style(width=80)).splitlines()
    assert [line for line in shown if len(line) > 80] == [f"  12 |       img1: {long}"]
    assert [line.startswith(" " * 8) for line in shown[-4:-2]] == [False, True]
    assert " ".join(" ".join(shown).split()) == " ".join(text([found]).split())
    assert text([found]).splitlines()[0].endswith(f"{long} [storage-not-for-input]")
