from __future__ import annotations

import pytest

from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest.address import Address, resolve

KNOWN = [
    Address.parse(text)
    for text in (
        "key.scenes",
        "key.scenes#1",
        "key.scenes#2",
        "key.drive",
        "key.cube-out",
        "job.subset",
        "job.subset-north",
        "job.drive",
        'job.cube["S3A_OL_1"]',
        'job.cube["S3A_OL_10"]',
        'job.cube["S3B_OL_1"]',
    )
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("scenes", ["key.scenes"]),
        ("sc", ["key.scenes"]),
        ("key.drive", ["key.drive"]),
        ("key.d", ["key.drive"]),
        ("job.drive", ["job.drive"]),
        ("subset", ["job.subset"]),
        ("subset-", ["job.subset-north"]),
        ("scenes#2", ["key.scenes#2"]),
        ("key.scenes#1", ["key.scenes#1"]),
        ("cube", ['job.cube["S3A_OL_1"]', 'job.cube["S3A_OL_10"]', 'job.cube["S3B_OL_1"]']),
        ("cube/*", ['job.cube["S3A_OL_1"]', 'job.cube["S3A_OL_10"]', 'job.cube["S3B_OL_1"]']),
        ("cube/S3A_OL_1", ['job.cube["S3A_OL_1"]']),
        ("cube/S3B", ['job.cube["S3B_OL_1"]']),
        ('job.cube["S3A_OL_1"]', ['job.cube["S3A_OL_1"]']),
        ("job.cube[S3A_OL_1]", ['job.cube["S3A_OL_1"]']),
        ("cube[S3B]", ['job.cube["S3B_OL_1"]']),
    ],
)
def test_a_text_names_addresses(text: str, found: list[str]) -> None:
    assert [str(each) for each in resolve(text, KNOWN)] == found


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("drive", "ambiguous-address", "key.drive, job.drive"),
        ("sub", "ambiguous-address", "job.subset, job.subset-north"),
        ("cub", "ambiguous-address", "key.cube-out, job.cube"),
        ("cube/S3A", "ambiguous-address", "S3A_OL_1"),
        ("scens", "unknown-address", "scens"),
        ("", "unknown-address", ""),
        ("cube/", "unknown-address", "cube/"),
        ("cube/X", "unknown-address", "cube/X"),
        ("scenes#7", "unknown-address", "scenes#7"),
        ("subset/*", "unknown-address", "subset/*"),
    ],
)
def test_a_name_of_none_or_several_is_refused(text: str, code: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        resolve(text, KNOWN)
    (found,) = refusal.value.diagnostics
    assert found.code == code
    assert words in found.message


def test_a_similar_name_is_suggested() -> None:
    with pytest.raises(UsageError) as refusal:
        resolve("scens", KNOWN)
    assert refusal.value.diagnostics[0].hint == "did you mean scenes?"


def test_old_generations_are_all_there_is_of_a_key_that_left_the_manifest() -> None:
    known = [Address.key("old", 1), Address.key("old", 2)]
    assert resolve("old", known) == tuple(known)
    assert resolve("key.old", known) == tuple(known)


def test_an_instance_name_alone_suggests_its_campaign() -> None:
    with pytest.raises(UsageError) as raised:
        resolve("S3B_OL_1", KNOWN)
    assert raised.value.diagnostics[0].hint == "did you mean cube/S3B_OL_1?"
