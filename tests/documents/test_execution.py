from __future__ import annotations

import base64
import json

import pytest

from eocanvas_apply.documents.execution import ExecutionInput, body, encoded


def test_a_graph_is_encoded_as_by_the_official_client() -> None:
    inputs = [
        ExecutionInput("img1", "https://example.test/a.zip", uncompress=True, sub_path="xfdumanifest.xml"),
        ExecutionInput("img2", "/b.nc", keystore="baltic-scenes-1-abc123"),
    ]
    assert body("snap-function", "<graph/>\n", inputs, None, "drive-1") == {
        "inputs": {
            "snap_graph": base64.b64encode(b"<graph/>\n").decode(),
            "eo_input": '[{"img1": "https://example.test/a.zip"},'
            ' {"img2": "/b.nc", "schema": "keystore://baltic-scenes-1-abc123"}]',
            "eo_config": '[{"img1": {"uncompress": true, "subPath": "xfdumanifest.xml"}}]',
        },
        "outputs": {"output": {"format": {"schema": "keystore://drive-1"}}},
        "response": "raw",
    }


def test_a_chain_has_names_of_its_own_and_no_empty_config() -> None:
    sent = body("dataTailor", "product: P\n", [ExecutionInput("img1", "/a", "k")], None, None)
    assert list(sent["inputs"]) == ["epct_chain", "epct_input"]
    assert sent["outputs"] == {}


def test_any_other_process_gets_its_inputs_unchanged() -> None:
    raw = {"area": "Sindian", "days": [1, None, {"a": 1.5}]}
    assert body("shearwater-demo", None, [], raw, None) == {"inputs": raw, "outputs": {}, "response": "raw"}


def test_sub_path_without_uncompress_is_allowed() -> None:
    assert ExecutionInput("a", "/x", sub_path="b").config() == {"a": {"subPath": "b"}}
    assert ExecutionInput("a", "/x", uncompress=False).config() == {"a": {"uncompress": False}}
    assert ExecutionInput("a", "/x").config() is None


def test_equal_bodies_give_equal_bytes() -> None:
    one, other = (body("p", None, [], {"b": 1, "a": "é"}, "k") for _ in range(2))
    assert encoded(one) == encoded(other)
    assert json.loads(encoded(one)) == one


def test_values_without_a_json_form_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encoded(body("p", None, [], {"a": float("nan")}, None))
