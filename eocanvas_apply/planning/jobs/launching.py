"""What a launch sends: the body with the physical names of its keys, and the trace it will leave in the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from eocanvas_apply.documents.execution import ExecutionInput, body, encoded
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import Mark
from eocanvas_apply.documents.trace import inputs_digest
from eocanvas_apply.ledger.event_values import KeyUse, TraceDigests
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.graphs_and_chains import Document
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.planning.desired.desired import DesiredKey, key_address
from eocanvas_apply.planning.desired.desired_job import DesiredJob


class Launch(Struct, frozen=True):
    """One request, ready to send: `content` is the body of `POST /processes/{process}/execution`."""

    process: str
    content: bytes
    trace: TraceDigests

    @property
    def sha256(self) -> str:
        """Digest of the body, hex."""
        return hashlib.sha256(self.content).hexdigest()


def key_uses(job: DesiredJob, keys: Mapping[str, DesiredKey], recorded: Recorded) -> tuple[KeyUse, ...]:
    """Return which physical keys this job names now; raises KeyError for one that does not live."""
    return tuple(_use(address, keys, recorded) for address in job.keys)


def _use(address: str, keys: Mapping[str, DesiredKey], recorded: Recorded) -> KeyUse:
    if address == key_address(EODATA):
        return KeyUse(address=address, name=EODATA)
    key = keys[address]
    if key.existing:
        return KeyUse(address=address, name=key.fixed_name or "")
    current = recorded.keys[address].current
    if current is None:
        raise KeyError(address)
    return KeyUse(address=address, generation=current.number, name=current.name)


def launch(job: DesiredJob, uses: Iterable[KeyUse], mark: Mark | None) -> Launch:
    """Return the request that launches this job with these keys."""
    unordered = [i.name for i in job.inputs if i.product and not i.location]
    if unordered:
        raise ValueError(f"{job.address}: no order of {', '.join(unordered)} is ready")
    names = {use.address: use.name for use in uses}
    document = job.document.fill(job.params) if isinstance(job.document, Graph) else job.document
    inputs = [
        ExecutionInput(i.name, i.location, names[i.key] if i.key else None, i.uncompress, i.sub_path)
        for i in job.inputs
    ]
    request = body(
        process=job.process,
        document=_text(document, mark),
        inputs=inputs,
        raw_inputs=job.raw_inputs,
        output_keystore=names[job.output_key] if job.output_key else None,
    )
    return Launch(job.process, encoded(request), _trace(document, request))


def _text(document: Document | None, mark: Mark | None) -> str | None:
    if isinstance(document, Graph):
        return document.to_xml(mark)
    return document.to_yaml(mark) if document is not None else None


def _trace(document: Document | None, request: Mapping[str, Any]) -> TraceDigests:
    if document is None:
        return TraceDigests()
    sent = request["inputs"]
    text = sent.get("eo_input") or sent.get("epct_input") or "[]"
    return TraceDigests(document=document.digest, inputs=inputs_digest(json.loads(text)))
