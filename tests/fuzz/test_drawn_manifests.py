"""Manifests that hypothesis draws from the names of the format and odd values: `FUZZ_EXAMPLES=N` draws N."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eocanvas_apply.manifest.model.jobs import INPUT_TYPES, JOB_TYPES, OUTPUT_TYPES
from eocanvas_apply.manifest.model.keys import KEY_TYPES
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.model.steps import STEP_FIELDS, STEP_TYPES
from tests.fuzz import judges
from tests.fuzz.soundness import check, within
from tests.fuzz.structures import ODD

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))

_MODELS = (Manifest, *KEY_TYPES.values(), *JOB_TYPES.values(), *INPUT_TYPES.values(), *OUTPUT_TYPES.values())
_STEPS = (*STEP_TYPES.values(), *STEP_FIELDS.values())
_FIELDS = sorted({each.alias or name for model in (*_MODELS, *_STEPS) for name, each in model.model_fields.items()})
names = st.sampled_from([*_FIELDS, "a", "b", "img1", "x-a", "ü"]) | st.text(max_size=5)
texts = st.sampled_from([*_FIELDS, *KEY_TYPES, "a", "b"]) | st.text(max_size=20)
values = st.sampled_from(ODD) | texts | st.integers() | st.floats()
trees = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
mappings = st.dictionaries(names, trees, max_size=4)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    key = {"type": draw(st.sampled_from(list(KEY_TYPES)) | texts), **draw(mappings)}
    source = draw(st.sampled_from(["list", "map", "csv", "json", "geojson", "days", "hda", "s3", "job"]))
    job = {
        draw(st.sampled_from(["graph", "chain", "process"])): draw(trees),
        "inputs": {draw(names): draw(mappings | trees)},
        **({"for_each": {source: draw(trees), **draw(mappings)}} if draw(st.booleans()) else {}),
        **draw(mappings),
    }
    return {"version": 1, "project": "p", "keys": {"a": key}, "jobs": {"a": job, "b": draw(mappings)}, **draw(mappings)}


@settings(max_examples=EXAMPLES)
@given(manifests(), st.booleans())
def test_every_manifest_is_judged_or_refused(manifest: dict[str, Any], ascii_only: bool) -> None:
    text = json.dumps(manifest, ensure_ascii=ascii_only)
    with within():
        check(judges.manifest(text.encode("utf-8", "surrogatepass"), Path(__file__).parent))
