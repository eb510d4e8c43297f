"""What a job's log shows of the request that launched the job.

The service keeps no inputs in its lists of jobs. The log repeats the inputs as JSON and the graph or chain in
base64, perhaps wrapped, perhaps cut. Whether the log is complete is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, chain, islice
from typing import Any

from msgspec import Struct

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import Mark, decoded_runs, marks_among
from eocanvas_apply.errors import ManifestError

_CHAIN_FIELD = (
    "aggregation|compression|description|filter|format|id|name|product|projection|quicklook|resample_method|"
    "resample_resolution|roi|xrit_segments"
)
CHAIN_FIELDS = frozenset(_CHAIN_FIELD.split("|"))

_GRAPH = re.compile(r"<graph[\s>]")
_GRAPH_END = "</graph>"
_CHAIN = re.compile(rf"(?:{_CHAIN_FIELD}):[ \n]")
_IN_CHAINS = "\t\n\r" + "".join(map(chr, range(0x20, 0x7F)))
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
# A log that breaks off inside base64.
_CUT = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}['\"]?\s*\Z")
_DECODER = json.JSONDecoder()
# Of what a log may hold too often or too large to be read; what is not read is as if the log did not show it.
_MOST_LISTS = 1000
_LONGEST_LIST = 50_000
_MOST_CHAINS = 100
_MOST_GRAPHS, _MOST_OF_GRAPHS = 100, 20_000_000
_MOST_OF_REQUEST = 10
_OPTIONS = frozenset({"uncompress", "subPath"})


class Trace(Struct, frozen=True):
    """What was found: marks, digests of canonical graphs and chains, and digests of lists of inputs.

    `cut` tells that the log ends in the middle of a graph or chain, or holds more graphs than are read: what was found
    may not be all. The text of the log, which may hold passwords, is not kept.
    """

    marks: frozenset[Mark] = frozenset()
    documents: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    cut: bool = False


class LoggedRequest(Struct, frozen=True):
    """What a log repeats of the request, as values: the first graphs or chains, the lists of inputs and of options.

    The values are as another client sent them: addresses of inputs may hold passwords.
    """

    marks: frozenset[Mark] = frozenset()
    documents: tuple[Graph | Chain, ...] = ()
    inputs: tuple[list[dict[str, str]], ...] = ()
    options: tuple[list[dict[str, Any]], ...] = ()
    cut: bool = False


def trace_of(log: str) -> Trace:
    """Read a log: its messages joined by line breaks, in order."""
    decoded, documents, cut = _decoded(log)
    digests = frozenset(document.digest for document in documents)
    inputs = frozenset(inputs_digest(each) for each in _lists(log, _is_input_list))
    return Trace(marks_among([log, *decoded]), digests, inputs, cut)


def request_in(log: str) -> LoggedRequest:
    """Read what a log shows of the request."""
    decoded, found, cut = _decoded(log)
    documents = {document.digest: document for document in islice(found, _MOST_OF_REQUEST)}
    inputs, options = _lists(log, _is_input_list), _lists(log, _is_option_list)
    return LoggedRequest(marks_among([log, *decoded]), tuple(documents.values()), (*inputs,), (*options,), cut)


def _decoded(log: str) -> tuple[Sequence[str], Iterator[Graph | Chain], bool]:
    """Return the base64 of a log decoded, the graphs and chains in it, and whether these may not be all."""
    decoded = list(decoded_runs(log))
    graphs = list(dict.fromkeys(text for each in decoded for text in _graph_texts(each)))
    read = _first_of(graphs)
    chains = {text for each in decoded if (text := _chain_text(each))}
    cut = read < len(graphs) or _CUT.search(log[-200:]) is not None
    return decoded, chain(_graphs(graphs[:read]), _chains(chains)), cut


def inputs_digest(inputs: Any) -> str:
    """Return the digest of parsed `eo_input` as a log repeats it."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _first_of(graphs: Sequence[str]) -> int:
    """Return how many of the graphs are read: the first ones, in number and in characters together."""
    together = accumulate(map(len, graphs))
    return sum(1 for count in islice(together, _MOST_GRAPHS) if count <= _MOST_OF_GRAPHS)


def _graphs(texts: Sequence[str]) -> Iterator[Graph]:
    for text in texts:
        with suppress(ManifestError):
            yield Graph.parse(text.encode("latin-1"), "log")


def _graph_texts(decoded: str) -> Iterator[str]:
    end = 0
    while found := _GRAPH.search(decoded, end):
        end = decoded.find(_GRAPH_END, found.end()) + len(_GRAPH_END)
        if end < found.end():
            return
        yield decoded[found.start() : end]


def _chain_text(decoded: str) -> str:
    """Return what is a chain up to the end of the text, from its first field on; empty without one."""
    if not decoded.endswith("\n"):
        return ""
    begin = len(decoded.rstrip(_IN_CHAINS))
    found = _CHAIN.search(decoded, begin)
    return decoded[found.start() :] if found else ""


def _chains(texts: set[str]) -> Iterator[Chain]:
    longest = sorted(texts, key=len, reverse=True)[:_MOST_CHAINS]
    for text in longest:
        # One line of a wrapped chain may look like a chain by itself.
        if any(text in other for other in longest if other != text):
            continue
        try:
            found = Chain.parse(text, "log")
        except ManifestError:
            continue
        if "product" in found.fields and found.fields.keys() <= CHAIN_FIELDS:
            yield found


def _lists(log: str, wanted: Callable[[list[Any]], bool]) -> Iterator[list[dict[str, Any]]]:
    for text in (log, log.replace('\\"', '"')):
        for found in islice(_LIST_OF_OBJECTS.finditer(text), _MOST_LISTS):
            try:
                value, _ = _DECODER.raw_decode(text[found.start() : found.start() + _LONGEST_LIST])
            except (ValueError, RecursionError):
                continue
            if wanted(value):
                yield value


def _is_input_list(value: list[Any]) -> bool:
    return all(
        isinstance(each, dict)
        and len(each.keys() - {"schema"}) == 1
        and all(isinstance(item, str) for item in each.values())
        for each in value
    )


def _is_option_list(value: list[Any]) -> bool:
    return all(
        isinstance(each, dict)
        and len(each) == 1
        and all(isinstance(item, dict) and item and item.keys() <= _OPTIONS for item in each.values())
        for each in value
    )
