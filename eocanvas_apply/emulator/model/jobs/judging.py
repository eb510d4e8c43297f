"""What the wrapper, gpt and the Data Tailor find wrong with a job's own inputs, graph or chain."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import yaml

from eocanvas_apply.emulator.model.jobs.executions import Execution
from eocanvas_apply.emulator.model.jobs.failures import Failure, built_in, no_input, wrong_chain, wrong_graph

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SUFFIXES = {"GeoTIFF": "tif", "GeoTIFF-BigTIFF": "tif", "CSV": "txt", "PNG": "png", "ZNAP": "znap"}
_CHAIN_SUFFIXES = {"geotiff": "tif", "hdf5": "h5", "png_rgb": "png", "jpeg_rgb": "jpg"}


def judge(execution: Execution) -> Failure | None:
    """Return how a job must fail for reasons of its own, None when nothing speaks against it."""
    if execution.process == "snap-function":
        return no_input() if not execution.inputs else _judge_graph(execution)
    if execution.process == "dataTailor":
        return no_input() if not execution.inputs else _judge_chain(execution)
    return None


def output_suffix(execution: Execution) -> str:
    """Return the ending of the name of the files that a job makes."""
    if execution.process == "snap-function":
        name = _root(execution.document or b"").findtext(".//node[@id='Write']//formatName", "")
        return _SUFFIXES.get(name, "nc")
    if execution.process == "dataTailor":
        return _CHAIN_SUFFIXES.get(str(chain_of(execution).get("format")), "nc")
    return "nc"


def chain_of(execution: Execution) -> dict[str, object]:
    """Return the fields of a Data Tailor chain, none when it cannot be read."""
    try:
        chain = yaml.safe_load(execution.document or b"")
    except (yaml.YAMLError, ValueError):
        return {}
    return chain if isinstance(chain, dict) else {}


def _judge_graph(execution: Execution) -> Failure | None:
    try:
        root = _root(execution.document or b"")
    except ET.ParseError as fault:
        return wrong_graph(f"XML parsing failed: {fault}")
    if root.tag != "graph" or root.findtext("version", "").strip() != "1.0":
        return wrong_graph("not a graph of version 1.0")
    names = {"output", *(i.name for i in execution.inputs)}
    for node in root.iterfind("node"):
        unknown = _unknown_file(node, names)
        if unknown:
            return wrong_graph(f"[NodeId: {node.get('id')}] File '${unknown}' does not exist")
    return None if _writes_output(root) else built_in("no-result")


def _judge_chain(execution: Execution) -> Failure | None:
    chain = chain_of(execution)
    if not chain:
        return wrong_chain("the chain is not a YAML mapping")
    return None if chain.get("product") else wrong_chain("the chain names no product")


def _unknown_file(node: ET.Element, names: set[str]) -> str:
    # The wrapper puts its own path into the node with the id Write, so what stands there does not count.
    if node.get("id") == "Write" or node.findtext("operator", "").strip() not in ("Read", "Write"):
        return ""
    found = _VARIABLE.findall(node.findtext(".//file", ""))
    return next((braced or bare for braced, bare in found if (braced or bare) not in names), "")


def _writes_output(root: ET.Element) -> bool:
    if root.find("node[@id='Write']") is not None:
        return True
    texts = (element.text or "" for element in root.iter())
    return any("output" in (braced, bare) for text in texts for braced, bare in _VARIABLE.findall(text))


def _root(text: bytes) -> ET.Element:
    # The emulator listens on loopback only and reads graphs that its own user sends.
    return ET.fromstring(text)  # noqa: S314
