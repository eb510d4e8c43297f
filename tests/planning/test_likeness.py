"""How a job of the service is compared with a definition, from what its log repeats."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from eocanvas_apply.documents.trace import request_in
from eocanvas_apply.ledger.event_values import KeyUse, ListedResult
from eocanvas_apply.planning.adoption.likeness import Likeness, likeness
from eocanvas_apply.planning.desired.fingerprint import changes
from tests.planning.scene import CHAIN, GRAPH, HEAD, SCENES, Scene

NAMES = {
    "ours": KeyUse(address="key.scenes", generation=1, name="ours"),
    "eodata": KeyUse(address="key.eodata", name="eodata"),
}
AT_OURS = [{"img1": "/a.zip", "schema": "keystore://ours"}]
IN_BUCKET = "{key: scenes, path: /a.zip}"
UNPACKED = "{key: scenes, path: /a.zip, uncompress: true}"
PRODUCT = "{product: P.SEN3, dataset_id: D}"
URL = "{url: 'https://example.org/a.zip'}"
WITH_ID = "{url: 'https://example.org/a.zip', id: a}"


def log(inputs: Any, options: Any = None, document: bytes = GRAPH) -> str:
    lines = [f"+ eo_input='{json.dumps(inputs)}'"]
    lines += [f"+ eo_config='{json.dumps(options)}'"] if options else []
    return "\n".join([*lines, f"+ echo {base64.b64encode(document).decode()}", "+ base64 -d"])


def compared(given: str, text: str, *, document: str = "graph: graph.xml", **seen: Any) -> tuple[Likeness, list[str]]:
    """Return how a job with this input is like the one of this log, and the paths that differ."""
    scene = Scene(f"{HEAD}{SCENES}jobs:\n  subset:\n    {document}\n    inputs: {{img1: {given}}}\n")
    job = scene.desired.jobs["job.subset"]
    found = likeness(job, request_in(text), seen.get("results", ()), NAMES)
    return found, [change.path for change in changes(found.components, job.components)]


@pytest.mark.parametrize(
    ("given", "inputs", "differing"),
    [
        (IN_BUCKET, AT_OURS, []),
        (IN_BUCKET, [{"img1": "/b.zip", "schema": "keystore://ours"}], ["inputs.img1.path"]),
        (IN_BUCKET, [{"img1": "/a.zip", "schema": "keystore://eodata"}], ["inputs.img1.key"]),
        (IN_BUCKET, [{"img1": "https://example.org/a.zip"}], ["inputs.img1"]),
        (IN_BUCKET, [*AT_OURS, {"img2": "https://example.org/b.zip"}], ["inputs.img2"]),
        (URL, [{"img1": "https://example.org/a.zip"}], []),
        (URL, [{"img1": "https://example.org/b.zip"}], ["inputs.img1.url"]),
        (PRODUCT, [{"img1": "https://orders.example/1"}], []),
        (WITH_ID, [{"img1": "https://mirror.example/a.zip"}], []),
    ],
)
def test_inputs_are_compared_by_what_they_stand_for(given: str, inputs: Any, differing: list[str]) -> None:
    _, paths = compared(given, log(inputs))
    assert [path for path in paths if any(path.startswith(each) for each in differing)] == paths
    assert bool(paths) == bool(differing)


@pytest.mark.parametrize(
    ("given", "inputs", "words"),
    [
        (IN_BUCKET, [{"img1": "/a.zip", "schema": "keystore://other"}], "which the ledger does not know"),
        (PRODUCT, [{"img1": "https://orders.example/1"}], "does not show which product"),
        (WITH_ID, [{"img1": "https://mirror.example/a.zip"}], "its id a"),
        (UNPACKED, AT_OURS, "uncompress and sub_path"),
    ],
)
def test_what_a_log_does_not_show_is_said(given: str, inputs: Any, words: str) -> None:
    found, paths = compared(given, log(inputs))
    assert paths == []
    assert [words in each for each in found.unverified] == [True]


def test_options_that_differ() -> None:
    assert compared(UNPACKED, log(AT_OURS, [{"img1": {"uncompress": True}}]))[1] == []
    _, paths = compared(UNPACKED, log(AT_OURS, [{"img1": {"uncompress": False}}]))
    assert paths == ["options.img1.uncompress"]


def test_another_graph_is_kept_as_text() -> None:
    found, paths = compared(IN_BUCKET, log(AT_OURS, document=GRAPH.replace(b"Write", b"Out")))
    assert (paths, found.documents is not None) == (["document"], True)


def test_a_graph_that_is_cut_off_is_no_other_one() -> None:
    found, paths = compared(IN_BUCKET, log(AT_OURS).rpartition("\n")[0][:-40])
    assert paths == []
    assert found.unverified == ("the log does not show its graph: it is taken from the manifest",)


def test_a_chain_is_compared_without_its_mark() -> None:
    marked = CHAIN + f"name: eocanvas-apply {'0f' * 16} {'0a' * 8}\n".encode()
    chain = "chain: chain.yaml"
    assert compared(IN_BUCKET, log(AT_OURS, document=marked), document=chain)[1] == []
    assert compared(IN_BUCKET, log(AT_OURS, document=CHAIN + b"projection: geographic\n"), document=chain)[1] == [
        "document"
    ]


def test_results_at_a_key_are_no_downloads() -> None:
    title = "keystore://ours/1/a.nc"
    at_key = ListedResult(title=title, name="a.nc", at_key=True)
    found, paths = compared(IN_BUCKET, log(AT_OURS), results=(at_key,))
    assert (found.components["output"], paths) == ("key.scenes", ["output"])
