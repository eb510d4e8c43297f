"""What is read of a log to learn why a job failed."""

from __future__ import annotations

from eocanvas_apply.observing.log_ends import end_of_log
from eocanvas_apply.planning.failures import classify


def test_a_short_log_is_read_as_it_is() -> None:
    assert end_of_log("a\nb\n") == "a\nb\n"


def test_a_line_of_a_graph_loses_its_middle_and_the_fault_after_it_is_found() -> None:
    log = f"snap_graph: {'QUJD' * 2_500_000}\nZero or more than one item found for img1\n+ exit 10"
    end = end_of_log(log)
    assert len(end) < 20_000
    assert classify(end.splitlines()).failure_class == "input-config"


def test_a_word_is_not_cut_in_two() -> None:
    log = f"error {'a ' * 2_480}{'secret' * 50}{' b' * 20_000}{'secret' * 50}{' c' * 2_480} end"
    end = end_of_log(log)
    assert end.startswith("error a a")
    assert end.endswith("c c end")
    assert "secret" not in end


def test_of_a_long_log_the_end_is_read_in_whole_lines() -> None:
    end = end_of_log("\n".join(f"line {number}" for number in range(500_000)))
    first, *_, last = end.splitlines()
    assert len(end) <= 1024 * 1024
    assert first.startswith("line ")
    assert int(first.removeprefix("line ")) > 400_000
    assert last == "line 499999"
