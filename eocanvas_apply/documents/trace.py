"""What a job's log shows of the request that launched the job.

The service keeps no inputs in its lists of jobs. The log repeats the inputs as JSON and the graph or chain in
base64, perhaps wrapped, perhaps cut. Whether the log is complete is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import Mark, decoded_runs, marks_in
from eocanvas_apply.errors import ManifestError

_CHAIN_FIELD = (
    "aggregation|compression|description|filter|format|id|name|product|projection|quicklook|resample_method|"
    "resample_resolution|roi|xrit_segments"
)
CHAIN_FIELDS = frozenset(_CHAIN_FIELD.split("|"))

_GRAPH = re.compile(r"(?:<\?xml[^>]*\?>\s*)?<graph[\s>].*?</graph>", re.DOTALL)
_CHAIN = re.compile(rf"(?:{_CHAIN_FIELD}):[ \n][\t\n\r\x20-\x7e]*\n\Z")
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
# A log that breaks off inside base64.
_CUT = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}['\"]?\s*\Z")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found: marks, digests of canonical graphs and chains, and digests of lists of inputs.

    `cut` tells that the log ends in the middle of a graph or chain: what it shows of that may be half of it. The text
    of the log, which may hold passwords, is not kept.
    """

    marks: frozenset[Mark] = frozenset()
    documents: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    cut: bool = False


def trace_of(log: str) -> Trace:
    """Read a log: its messages joined by line breaks, in order."""
    decoded = list(decoded_runs(log))
    graphs = {digest for each in decoded for digest in _graphs(each)}
    chains = set(_chains({found[0] for each in decoded if (found := _CHAIN.search(each))}))
    inputs = frozenset(map(inputs_digest, _input_lists(log)))
    return Trace(marks_in(log), frozenset(graphs | chains), inputs, _CUT.search(log[-200:]) is not None)


def inputs_digest(inputs: Any) -> str:
    """Return the digest of parsed `eo_input` as a log repeats it."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _graphs(decoded: str) -> Iterator[str]:
    for found in _GRAPH.finditer(decoded):
        try:
            yield Graph.parse(found[0].encode("latin-1"), "log").digest
        except ManifestError:
            continue


def _chains(texts: set[str]) -> Iterator[str]:
    for text in texts:
        # One line of a wrapped chain may look like a chain by itself.
        if any(text in other for other in texts if other != text):
            continue
        try:
            chain = Chain.parse(text, "log")
        except ManifestError:
            continue
        if "product" in chain.fields and chain.fields.keys() <= CHAIN_FIELDS:
            yield chain.digest


def _input_lists(log: str) -> Iterator[list[dict[str, str]]]:
    for text in (log, log.replace('\\"', '"')):
        for found in _LIST_OF_OBJECTS.finditer(text):
            try:
                value, _ = _DECODER.raw_decode(text, found.start())
            except (ValueError, RecursionError):
                continue
            if _is_input_list(value):
                yield value


def _is_input_list(value: list[Any]) -> bool:
    return all(
        isinstance(each, dict)
        and len(each.keys() - {"schema"}) == 1
        and all(isinstance(item, str) for item in each.values())
        for each in value
    )
