from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.manifest.address import Address

names = st.from_regex(r"[a-z][a-z0-9_-]{0,39}", fullmatch=True)
addresses = st.one_of(
    st.builds(Address.key, names, st.none() | st.integers(1, 10_000)),
    st.builds(Address.job, names, st.none() | st.text(min_size=1, max_size=128)),
)


@given(addresses)
def test_a_written_address_is_read_back(address: Address) -> None:
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address.key("scenes"), "key.scenes"),
        (Address.key("scenes", 3), "key.scenes#3"),
        (Address.job("subset"), "job.subset"),
        (Address.job("cube", "S3A_OL"), 'job.cube["S3A_OL"]'),
        (Address.job("cube", "é"), 'job.cube["é"]'),
    ],
)
def test_addresses_as_text(address: Address, text: str) -> None:
    assert str(address) == text


WRONG = ["", "scenes", "key.", "key.Scenes", "key.a#0", "key.a#01", "job.a#1", 'key.a["b"]', "job.a[b]", 'job.a[""]']
WRONG += ['job.a["b"', 'job.a["b"]["c"]', "eodata", "job.a ", "job." + "a" * 41]


@pytest.mark.parametrize("text", WRONG)
def test_any_other_text_is_not_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        Address.parse(text)


def test_keys_sort_before_jobs_and_the_whole_before_its_parts() -> None:
    ordered = ["key.a", "key.a#1", "key.a#2", "key.a#10", "key.b", "job.a", 'job.a["1"]', 'job.a["2"]', "job.b"]
    assert [str(each) for each in sorted(map(Address.parse, reversed(ordered)))] == ordered


def test_an_instance_belongs_to_its_campaign_and_a_generation_to_its_key() -> None:
    assert Address.job("cube", "x").whole == Address.job("cube")
    assert Address.key("scenes", 2).whole == Address.key("scenes")
