"""Inputs as they are recorded, with addresses that anybody may read."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.ledger.event_values import KeyUse
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.report.provenance.given_inputs import GivenInput, given_inputs


def _given(identity: object, *keys: KeyUse) -> GivenInput:
    (found,) = given_inputs({"inputs": {"img1": identity}}, keys, Recorded())
    return found


@pytest.mark.parametrize(
    ("identity", "kind", "title", "href"),
    [
        ({"dataset": "EO:EUM:DAT:X", "product": "S3A"}, "product", "S3A", None),
        ({"url": "https://jane:pw@x.example/a.nc?sig=1#t"}, "url", "https://x.example/a.nc", "https://x.example/a.nc"),
        ({"id": "scene-7"}, "url", "scene-7", None),
        ({"result": "job.a", "fingerprint": "f", "match": "*.nc"}, "result", "job.a", None),
        ({"key": "key.gone", "path": "/a.zip"}, "key", "/a.zip", None),
        ("2024-07-01", "value", "2024-07-01", None),
    ],
)
def test_each_kind_of_input_has_a_name_and_an_address_without_secrets(
    identity: object, kind: str, title: str, href: str | None
) -> None:
    found = _given(identity)
    assert (found.name, found.kind, found.title, found.href) == ("img1", kind, title, href)


def test_eodata_is_a_bucket() -> None:
    use = KeyUse(address="key.eodata", name="eodata")
    assert _given({"key": "key.eodata", "path": "/Sentinel-3/a.SEN3"}, use).href == "s3://eodata/Sentinel-3/a.SEN3"


@pytest.mark.parametrize(
    ("fields", "href"),
    [
        ({"product_id": "S3A", "location": "https://x.example/p/S3A?token=1"}, "https://x.example/p/S3A"),
        ({"scene.product_id": "S3A", "scene.location": "https://x.example/p/S3A"}, "https://x.example/p/S3A"),
        ({"product_id": "S3B", "location": "https://x.example/p/S3B"}, None),
        ({"product_id": "S3A", "location": "ND"}, None),
    ],
)
def test_a_product_has_the_address_that_its_search_gave(fields: dict[str, Any], href: str | None) -> None:
    found = _given({"dataset": "EO:X", "product": "S3A"}).with_place(fields)
    assert found.href == href
    assert found.urn == "urn:eocanvas-apply:product:EO%3AX:S3A"
