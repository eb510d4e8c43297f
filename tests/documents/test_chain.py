from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.diagnostics import error
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.errors import ManifestError

MARK = mark_for("ab" * 16, "baltic", "job.cube")
TEXT = "product: OLL2WFR\nformat: netcdf4\nroi: {id: baltic, NSWE: [58, 53, 15, 22]}\n"


def test_a_chain_that_is_too_large_is_refused_with_the_limit() -> None:
    with pytest.raises(ManifestError) as refusal:
        Chain.parse(f"product: {'x' * 1_000_000}".encode(), "c")
    (found,) = refusal.value.diagnostics
    assert (found.code, found.message) == (
        "yaml-too-large",
        "the chain has 1,000,009 bytes; at most 1,000,000 are read",
    )
    assert Chain.parse(f"product: {'x' * 999_991}", "c").fields.keys() == {"product"}


MERGED = (
    "roi: &a {id: x, name: n}\nquicklook: {<<: *a, name: own}\n",
    "roi: &a {id: x, name: n}\nquicklook: {name: own, <<: *a}\n",
    "roi: &a {id: x, name: n}\nfilter: &b {id: y, product: p}\nquicklook:\n  <<: [*a, *b]\n  format: f\n",
    "roi: &a {id: x}\nfilter: &b {<<: *a, product: p}\nquicklook: {<<: *b}\n",
    "<<: {product: P, format: f}\nformat: g\n",
    "roi: {<<: [], id: x}\n",
    "roi: {'<<': x}\n",
)


@pytest.mark.parametrize("text", MERGED)
def test_merge_keys_stand_for_what_the_official_client_sends(text: str) -> None:
    assert Chain.parse(text, "c").fields == yaml.safe_load(text)


def test_a_field_that_is_brought_in_is_shown_where_it_stands() -> None:
    chain = Chain.parse("roi: &a\n  id: x\nfilter: {<<: *a}\n", "c")
    found = chain.place(error("bad-value", "m"), ("filter", "id")).position
    assert found is not None
    assert (found.line, found.column) == (2, 3)


@pytest.mark.parametrize("value", ["text", "", "[1]", "[{a: b}, 2]"])
def test_a_merge_key_takes_mappings_only(value: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        Chain.parse(f"product: P\nroi: {{<<: {value}}}\n", "c")
    assert [(each.code, each.position and each.position.line) for each in refusal.value.diagnostics] == [
        ("not-a-mapping", 2)
    ]


def test_merge_keys_that_expand_a_chain_without_end_are_refused() -> None:
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    fields = "".join(f"m{n}: {{<<: *m0, x{n}: 1}}\n" for n in range(1, 3000))
    wide = ", ".join(f"f{n}: 1" for n in range(500))
    for text in (f"a0: &a0 [1]\n{lists}roi: {{<<: {{a: *a8}}}}\n", f"m0: &m0 {{{wide}}}\n{fields}"):
        with pytest.raises(ManifestError) as refusal:
            Chain.parse(text, "c")
        assert [each.code for each in refusal.value.diagnostics] == ["yaml-aliases"]


def test_order_layout_and_nulls_do_not_count() -> None:
    other = (
        "roi:\n  NSWE: [58.0, 53, 15, 22]\n  id: baltic\n  name:\nformat: netcdf4 # one file\nproduct: OLL2WFR\nid: ~\n"
    )
    assert Chain.parse(other, "c").digest == Chain.parse(TEXT, "c").digest


@pytest.mark.parametrize("change", [{"format": "geotiff"}, {"roi": {"id": "baltic", "NSWE": [53, 58, 15, 22]}}])
def test_everything_else_counts(change: dict[str, Any]) -> None:
    chain = Chain.parse(TEXT, "c")
    assert chain.with_fields(change).digest != chain.digest


def test_fields_replace_those_of_the_file_on_top_only() -> None:
    chain = Chain.parse(TEXT, "c").with_fields({"roi": {"id": "north"}, "name": "mine"})
    assert chain.fields == {"product": "OLL2WFR", "format": "netcdf4", "roi": {"id": "north"}, "name": "mine"}
    assert chain.in_file(("format",))
    assert not chain.in_file(("roi", "id"))


def test_request_bodies_have_sorted_keys_and_no_nulls() -> None:
    chain = Chain({"product": "P", "format": "f", "filter": {"id": None, "bands": ["a"]}, "name": None})
    assert chain.to_yaml() == "filter:\n  bands:\n  - a\nformat: f\nproduct: P\n"


def test_the_mark_is_the_name_of_a_chain_without_name() -> None:
    nameless = Chain.parse(TEXT, "c")
    sent = yaml.safe_load(nameless.to_yaml(MARK))
    assert sent.pop("name") == str(MARK)
    assert sent == yaml.safe_load(nameless.to_yaml())
    assert Chain.parse(nameless.to_yaml(MARK), "log").digest == nameless.digest


def test_a_name_set_by_the_user_is_kept() -> None:
    named = Chain.parse(TEXT + "name: mine\n", "c")
    assert named.to_yaml(MARK) == named.to_yaml()
    assert named.name == "mine"


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
data = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=10)
tricky = st.sampled_from(["no", "012", "0o17", "1e3", "12:30", "2024-07-01", "~", "<<", "=", "1_0", "x: y", "é"])


@given(st.dictionaries(st.text(alphabet="abc", min_size=1), data | tricky))
def test_readers_of_both_yaml_versions_read_the_same_value(fields: dict[str, Any]) -> None:
    chain = Chain(fields)
    text = chain.to_yaml(MARK)
    theirs = Chain(yaml.safe_load(text))
    assert theirs.canonical() == chain.canonical()
    if "\x85" not in str(fields):
        assert Chain.parse(text, "log").canonical() == chain.canonical()


def test_a_number_is_sent_as_a_number_however_it_is_written() -> None:
    assert Chain.parse("product: P\nformat: f\nres: 0.10\nids: [007]\n", "c").to_yaml() == (
        "format: f\nids:\n- 7\nproduct: P\nres: 0.1\n"
    )


@pytest.mark.parametrize(("text", "code"), [("- a\n", "not-a-mapping"), ("a: [", "yaml-syntax"), ("", "not-a-mapping")])
def test_an_invalid_chain_is_refused(text: str, code: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        Chain.parse(text, "c.yaml")
    assert [each.code for each in refusal.value.diagnostics] == [code]
