from __future__ import annotations

import base64
import json
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.execution import ExecutionInput, body
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.documents.trace import Trace, inputs_digest, trace_of

MARK = mark_for("ab" * 16, "baltic", "job.subset")
GRAPH = Graph.parse("<graph><version>1.0</version><node id='Read'><a>é &lt; $img1</a></node></graph>", "g")
CHAIN = Chain({"product": "OLL2WFR", "format": "netcdf4", "roi": {"NSWE": [58, 53, 15, 22]}})
INPUTS = [ExecutionInput("img1", "/a.zip", "scenes", uncompress=True), ExecutionInput("img2", "https://example.test/b")]


def log_of(process: str, document: str, width: int) -> str:
    sent = body(process, document, INPUTS, None, "out")["inputs"]
    lines = ["+ whoami", "jane", "+ export PASSWORD=abcdefghijklmnopqrstuvwxyz"]
    for name, text in sent.items():
        coded = name in ("snap_graph", "epct_chain")
        lines += (
            [f"INFO {name}:", *(f"INFO {each}" for each in textwrap.wrap(text, width))]
            if coded
            else [f"{name}: {text}"]
        )
    return "\n".join([*lines, "SNAP execution completed successfully"])


@pytest.mark.parametrize("width", [60, 76, 1_000_000])
@pytest.mark.parametrize("mark", [None, MARK])
@pytest.mark.parametrize("process", ["snap-function", "dataTailor"])
def test_a_log_shows_the_inputs_of_the_job(process: str, mark: object, width: int) -> None:
    document = GRAPH if process == "snap-function" else CHAIN
    sent = (
        document.to_xml(MARK if mark else None)
        if isinstance(document, Graph)
        else document.to_yaml(MARK if mark else None)
    )
    found = trace_of(log_of(process, sent, width))
    assert found.documents == {document.digest}
    assert found.marks == ({MARK} if mark else set())
    assert found.inputs == {inputs_digest([given.wire() for given in INPUTS])}
    assert not found.cut


def test_inputs_inside_json_inside_json_are_found() -> None:
    logged = json.dumps({"eo_input": json.dumps([{"img1": "/a", "schema": "keystore://k"}])})
    assert trace_of(f"request {logged}").inputs == {inputs_digest([{"img1": "/a", "schema": "keystore://k"}])}


def test_other_lists_are_no_inputs() -> None:
    assert trace_of('[{"img1": {"uncompress": true}}] [{"a": "b", "c": "d"}] [{}] [{"a": 1}]').inputs == frozenset()


def test_a_truncated_document_is_an_error() -> None:
    whole = base64.b64encode(GRAPH.to_xml().encode()).decode()
    found = trace_of(f"snap_graph: {whole[:-20]}")
    assert (found.documents, found.cut) == (frozenset(), True)


def test_an_empty_log_shows_nothing() -> None:
    assert trace_of("") == Trace()


@given(st.text(max_size=300))
def test_any_log_can_be_read(log: str) -> None:
    trace_of(log)


HOSTILE = """
import base64
from eocanvas_apply.documents.trace import trace_of

def coded(text):
    return base64.b64encode(text.encode()).decode()

for log in (
    "A" * 200_000 + "!",
    coded("<graph " * 20_000),
    coded("<?xml " * 20_000),
    coded("product: x\\n" * 20_000 + "\\0"),
    " , ".join(coded(f"product: x{number}\\n" * 3) for number in range(2_000)),
    coded("".join(f"<graph id='{number}'><version>1.0</version></graph>" for number in range(200_000))),
    "ab\\n" * 2_000_000,
    "[{" * 100_000,
    '[{"a":"b"},' * 20_000,
    '[{"a":"b"}] ' * 20_000,
):
    trace_of(log)
"""


def test_of_more_graphs_than_are_read_the_log_may_not_show_all() -> None:
    graphs = [f"<graph id='{n}'><version>1.0</version><node id='a'/></graph>" for n in range(150)]
    found = trace_of("snap_graph: " + base64.b64encode("".join(graphs).encode()).decode() + " done")
    assert found.cut
    assert Graph.parse(graphs[0].encode(), "g").digest in found.documents
    few = trace_of("snap_graph: " + base64.b64encode("".join(graphs[:50]).encode()).decode() + " done")
    assert (few.cut, len(few.documents)) == (False, len({Graph.parse(g.encode(), "g").digest for g in graphs[:50]}))


def test_hostile_logs_are_read_in_bounded_time() -> None:
    # A second for all. What is quadratic in any of them took minutes.
    subprocess.run([sys.executable, "-c", HOSTILE], check=True, timeout=60)
