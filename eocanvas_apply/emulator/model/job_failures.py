"""How jobs fail: what the log says then, the rules that make a job fail, and faults of the graph or chain itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args
from xml.etree import ElementTree as ET

import yaml

from eocanvas_apply.emulator.model.submissions import Execution

FailureKind = Literal[
    "input-config",
    "staging-in",
    "staging-out",
    "killed",
    "key",
    "graph",
    "unknown",
    "customisation",
    "constant-auxiliary-data",
    "dem-tile-missing",
    "no-valid-pixels",
    "no-result",
    "stuck",
]
# A doubtful result comes all the same.
DOUBTFUL: frozenset[FailureKind] = frozenset({"constant-auxiliary-data", "dem-tile-missing", "no-valid-pixels"})
FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job does not give what it should.

    `share` is the part of its running time after which it shows, `lines` what the log says then.
    A job with a failed customisation, a doubtful result or none still ends as successful; a stuck one never ends.
    """

    kind: FailureKind
    share: float
    lines: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """How a job with this failure ends."""
        return "successful" if self.kind in ("customisation", "no-result", *DOUBTFUL) else "failed"


def _exit(code: int) -> tuple[str, ...]:
    return (f"+ exit {code}", f"Error: exit status {code}")


_READ_TIMED_OUT = "HTTPSConnectionPool(host='storage', port=443): Read timed out. (read timeout=60)"
_TILE = "http://step.esa.int/auxdata/dem/SRTMGL1/N44W126.SRTMGL1.hgt.zip"
_CONSTANT = (
    "INFO: org.esa.s3tbx.c2rcc.ancillary.AtmosphericAuxdataBuilder: Atmospheric auxdata product can't be used. At "
    "least one is not specified. Using constant values for ozone (330.0) and surface pressure (1000.0)."
)
_NO_TILE = f"WARNING: org.esa.snap.core.dataop.dem.ElevationFile: http error:{_TILE} on {_TILE}"
_EMPTY = (
    "INFO: org.esa.snap.binning.operator.BinningOp: Spatial binning of product 'a' done, 0 observations seen, took "
    "00:00:01"
)
_BUILT_IN = {
    "input-config": Failure("input-config", 0.2, ("Zero or more than one item found for *", *_exit(10))),
    "staging-in": Failure("staging-in", 0.2, (f"DownloadFailedException: {_READ_TIMED_OUT}", *_exit(11))),
    "staging-out": Failure("staging-out", 1.0, (f"UploadFailedException: {_READ_TIMED_OUT}",)),
    "killed": Failure("killed", 0.7, ("....10%....20%....30%....40%....50%..",)),
    "key": Failure("key", 0.1, ("Cannot read the credentials of the keystore", *_exit(12))),
    "graph": Failure("graph", 0.5, ("Error: [NodeId: Read] Operator could not be initialised", *_exit(40))),
    "unknown": Failure("unknown", 0.6, ("Segmentation fault (core dumped)",)),
    "customisation": Failure("customisation", 1.0, ("ERROR: customisation failed: no overlap with the region",)),
    "constant-auxiliary-data": Failure("constant-auxiliary-data", 1.0, (_CONSTANT,)),
    "dem-tile-missing": Failure("dem-tile-missing", 1.0, (_NO_TILE,)),
    "no-valid-pixels": Failure("no-valid-pixels", 1.0, (_EMPTY,)),
    "no-result": Failure("no-result", 1.0),
    "stuck": Failure("stuck", 1.0),
}


def built_in(kind: FailureKind) -> Failure:
    """Return the usual failure of a kind."""
    return _BUILT_IN[kind]


def _failing(kind: FailureKind, share: float, line: str, code: int | None = None) -> Callable[[str], Failure]:
    """Return what gives a failure whose line names a reason, a location, a pattern or a key."""
    rest = () if code is None else _exit(code)
    return lambda reason: Failure(kind, share, (line.format(reason), *rest))


NO_INPUT = Failure("input-config", 0.1, ("No inputs found", *_exit(12)))
# A sub path that fits no file or several.
wrong_item = _failing("input-config", 0.2, "Zero or more than one item found for {}", 10)
not_an_archive = _failing("input-config", 0.3, "Cannot uncompress {}", 20)
missing_file = _failing("staging-in", 0.2, "File {} not found", 11)
not_fetched = _failing("staging-in", 0.2, "DownloadFailedException: {}", 11)
not_delivered = _failing("staging-out", 1.0, "UploadFailedException: {}")
# A key that is gone, has expired or cannot be read.
lost_key = _failing("key", 0.1, "Cannot read the credentials of keystore://{}", 12)
wrong_graph = _failing("graph", 0.5, "Error: {}", 40)
# The job of a chain that the Data Tailor does not take counts as successful.
wrong_chain = _failing("customisation", 1.0, "ERROR: customisation failed: {}")


@dataclass(frozen=True, slots=True)
class JobFault:
    """The next `times` jobs (None: all) with an input whose location fits the glob `path` fail in this way."""

    kind: FailureKind
    path: str = "*"
    times: int | None = 1

    def fits(self, execution: Execution) -> bool:
        """Tell whether the rule speaks of this launch; a job without inputs fits only `*`."""
        return self.path == "*" or any(fnmatchcase(location, self.path) for location in execution.locations)


def read_job_fault(document: Mapping[str, Any]) -> JobFault:
    """Return the rule that a JSON object `{kind, path, times}` describes. Raises ValueError, TypeError."""
    if document.get("kind") not in FAILURE_KINDS:
        raise ValueError(f"the kind of a job fault is one of {', '.join(FAILURE_KINDS)}")
    return JobFault(**document)


class JobFaults(list[JobFault]):
    """The rules, in the order in which they were given; the first that fits is used."""

    def next_for(self, execution: Execution) -> Failure | None:
        """Return the failure that awaits this launch, and use up one of the rule's times."""
        for index, rule in enumerate(self):
            if rule.fits(execution):
                if rule.times is not None:
                    self[index : index + 1] = [replace(rule, times=rule.times - 1)] if rule.times > 1 else []
                return built_in(rule.kind)
        return None


_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SUFFIXES = {"GeoTIFF": "tif", "GeoTIFF-BigTIFF": "tif", "CSV": "txt", "PNG": "png", "ZNAP": "znap"}
_CHAIN_SUFFIXES = {"geotiff": "tif", "hdf5": "h5", "png_rgb": "png", "jpeg_rgb": "jpg"}


def judge(execution: Execution) -> Failure | None:
    """Return how a job must fail for reasons of its own, None when nothing speaks against it."""
    if execution.process == "snap-function":
        return NO_INPUT if not execution.inputs else _judge_graph(execution)
    if execution.process == "dataTailor":
        return NO_INPUT if not execution.inputs else _judge_chain(execution)
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


class StorageFailure(Exception):
    """A storage did not do what a job needs; `failure` is how the job fails."""

    def __init__(self, failure: Failure) -> None:
        super().__init__("; ".join(failure.lines))
        self.failure = failure
