"""The judge of answers of the service: each is read as every thing that one may be, and used as such."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.planning.failures import classify
from eocanvas_apply.results.names import safe_name
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.secrets.sealing import PublicKey
from eocanvas_apply.service import hda_client, wire
from eocanvas_apply.service.entries import Irregularities, ListKind, Unreadable
from eocanvas_apply.service.outcome import Answer, status_fault
from eocanvas_apply.service.urls import Endpoints
from tests.fuzz.judges import Judged

NOW = datetime(2024, 12, 6, 16, tzinfo=UTC)
ENDPOINTS = Endpoints("https://gateway.example/serverless")
_Entries = Sequence[object]
LISTS: dict[ListKind, Callable[[object], _Entries]] = {
    ListKind.KEYS: wire.read_keys,
    ListKind.JOBS: wire.read_job_page,
    ListKind.RESULTS: wire.read_results,
    ListKind.LOG: wire.read_logs,
    ListKind.PRODUCTS: lambda document: hda_client.read_page(document, "EO:EUM:DAT:X").products,
}
SINGLE: tuple[Callable[[object], object], ...] = (
    wire.read_job,
    wire.read_key,
    wire.next_link,
    partial(wire.read_key, name="k"),
)


def judge(content: bytes, folder: Path) -> Judged:
    """Return what is said of an answer, read as every list and every single thing, and as a refusal."""
    answer = Answer("GET", "/serverless/x", 200, httpx.Headers(), content)
    irregular = Irregularities()
    found = [*_single(answer), *_lists(answer, irregular)]
    for status in (302, 404, 429, 503):
        refusal = Answer("GET", "/serverless/x", status, httpx.Headers(), content)
        found += status_fault(refusal, NOW, Scrubber()).diagnostics
    return Judged((*found, *irregular.diagnostics()))


def _single(answer: Answer) -> Iterator[Diagnostic]:
    for read in SINGLE:
        yield from _faults(lambda read=read: answer.parsed(read))  # type: ignore[misc]
    yield from _faults(lambda: PublicKey.from_pem(answer.content))


def _lists(answer: Answer, irregular: Irregularities) -> Iterator[Diagnostic]:
    for kind, read in LISTS.items():
        try:
            entries = answer.parsed(read)
        except ServiceError as fault:
            yield from fault.diagnostics
        else:
            for entry in irregular.kept(kind, "/x", entries):
                yield from _used(entry)


def _used(entry: object) -> Iterator[Diagnostic]:
    assert not isinstance(entry, Unreadable)
    match entry:
        case wire.KeyInfo():
            assert entry.ends is None or entry.ends.year <= 2300
        case wire.JobInfo():
            assert not [s for s in (entry.believed(NOW).created, entry.believed(NOW).finished) if s and s.year > 2024]
        case wire.ResultInfo():
            name = safe_name(entry.name)
            assert len(name.encode()) <= 200
            assert Path(name).name == name
            yield from _faults(lambda: ENDPOINTS.resolved(entry.href))
            url = ENDPOINTS.same_path(entry.href, "/jobs")
            assert url is None or ENDPOINTS.is_own(url)
        case wire.LogEntry():
            classify(Scrubber().hide(entry.message).splitlines())
        case hda_client.Product():
            wire.compact_json(entry.fields())


def _faults(act: Callable[[], object]) -> Iterator[Diagnostic]:
    try:
        act()
    except ServiceError as fault:
        yield from fault.diagnostics
