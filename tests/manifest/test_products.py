"""Which product an input names: its dataset from the input or the row, its location from the product's own row."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.manifest.loading import load
from eocanvas_apply.manifest.model.jobs import ProductInput
from eocanvas_apply.manifest.products import Product, product_of

SEARCHED = {"id": "P", "product_id": "P", "dataset_id": "D", "location": "L", "size": 9}


@pytest.mark.parametrize(
    ("given", "fields", "product"),
    [
        ({"product": "P", "dataset_id": "D"}, {}, Product("D", "P")),
        ({"product": "P"}, {}, None),
        ({"product": "P"}, SEARCHED, Product("D", "P", "L")),
        ({"product": "P"}, {**SEARCHED, "id": "renamed"}, Product("D", "P", "L")),
        ({"product": "P", "dataset_id": "E"}, SEARCHED, Product("E", "P")),
        ({"product": "Q"}, {**SEARCHED, "other": "Q"}, Product("D", "Q")),
        ({"product": "P"}, {"scene": "P", "dataset_id": "D", "location": "L"}, Product("D", "P", "L")),
        ({"product": "P"}, {"scene": "P", "dataset_id": "D"}, Product("D", "P")),
        ({"product": "P"}, {"scene": "P", "dataset_id": ""}, None),
        (
            {"product": "P"},
            {"id": "tile-P", "tile": "tile", **{f"s3.{name}": value for name, value in SEARCHED.items()}},
            Product("D", "P", "L"),
        ),
        (
            {"product": "P"},
            {**{f"a.{n}": v for n, v in SEARCHED.items()}, "b.id": "Q", "b.dataset_id": "E", "b.location": "M"},
            Product("D", "P", "L"),
        ),
    ],
)
def test_inputs_name_their_product(given: dict[str, str], fields: dict[str, Any], product: Product | None) -> None:
    assert product_of(ProductInput.model_validate(given), fields) == product


def test_a_job_without_rows_has_to_say_the_dataset() -> None:
    job = "jobs: {one: {graph: g.xml, inputs: {img1: {product: P%s}}}, raw: {process: x, inputs: {a: {product: P}}}}"
    (found,) = load(f"version: 1\nproject: p\n{job % ''}", "m.yaml").diagnostics
    assert (found.code, found.address) == ("product-without-dataset", "job.one")
    assert found.position
    assert found.position.line == 3
    assert not load(f"version: 1\nproject: p\n{job % ', dataset_id: D'}", "m.yaml").diagnostics
