"""Lines of `moved:` that cannot be followed, each an error at the end that is wrong."""

from __future__ import annotations

import pytest

from eocanvas_apply.manifest.loading import load

MANIFEST = """version: 1
project: case
keys:
  images: {type: s3-public, bucket: b, region: r, endpoint: "https://s3.example.test"}
jobs:
  lowlands: {process: p, inputs: {}}
  squares: {for_each: {list: [a, b]}, process: p, inputs: {name: "${each.id}"}}
moved:
"""


def faults(*lines: str) -> list[tuple[int, int, str]]:
    text = MANIFEST + "".join(f"  - {line}\n" for line in lines)
    found = [each for each in load(text, "m.yaml").diagnostics if each.code == "bad-move"]
    return [(each.position.line - 8, each.position.column, each.message) for each in found if each.position]


def test_moves_to_what_the_manifest_has_are_followed() -> None:
    assert not faults(
        "{from: key.scenes, to: key.images}",
        "{from: 'job.tiles[\"a\"]', to: 'job.squares[\"a\"]'}",
        "{from: job.single, to: 'job.squares[\"c\"]'}",
        "{from: job.oldest, to: job.old}",
        "{from: job.old, to: job.lowlands}",
    )


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("{from: subset, to: job.lowlands}", 12, "`subset` is not the address of a key or a job"),
        ("{from: 'key.images#1', to: key.images}", 12, "`key.images#1` is not the address of a key or a job"),
        ("{from: key.a, to: key.eodata}", 23, "`key.eodata` is not the address of a key or a job"),
        ("{from: key.drive, to: job.lowlands}", 27, "key.drive cannot become job.lowlands"),
        ("{from: job.one, to: job.lowland}", 25, "the manifest has no job.lowland to move to"),
        ("{from: job.squares, to: job.lowlands}", 12, "job.squares moves, and the manifest still has it"),
        ("{from: job.five, to: 'job.lowlands[\"a\"]'}", 26, "job.lowlands has no instances"),
        ("{from: job.here, to: job.here}", 12, "the moves lead from job.here back to it"),
    ],
)
def test_a_line_that_cannot_be_followed(line: str, column: int, message: str) -> None:
    assert faults(line) == [(1, column, message)]


def test_lines_that_contradict_each_other() -> None:
    two = faults("{from: job.a, to: job.lowlands}", "{from: job.a, to: job.squares}")
    assert [message for _, _, message in two] == ["job.a moves to two addresses"] * 2
    into_one = faults("{from: job.a, to: job.lowlands}", "{from: job.b, to: job.lowlands}")
    assert [message for _, _, message in into_one] == ["two addresses move to job.lowlands"] * 2
    circle = faults("{from: job.a, to: job.b}", "{from: job.b, to: job.c}", "{from: job.c, to: job.a}")
    assert [message for _, _, message in circle] == [f"the moves lead from job.{each} back to it" for each in "abc"]
