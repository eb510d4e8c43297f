"""What made one file, in words and as JSON: the file, its job, graph, inputs, row, and the line of the manifest."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.render.layout import PLAIN, Style, counted, cut, moment, one_line, shortened
from eocanvas_apply.render.provenance.job_facts import FACILITY, Json, input_json, known, row_json, software, time
from eocanvas_apply.report.provenance.file_origin import Act, FileIs, FileOrigin
from eocanvas_apply.report.provenance.job_origin import JobOrigin
from eocanvas_apply.secrets.published_text import published_text, published_values

_WORDS = {
    FileIs.AS_DOWNLOADED: "as it was downloaded",
    FileIs.EDITED: "edited since it was downloaded: what follows made the file that lay here before",
    FileIs.ELSEWHERE: "moved or copied; its content is that of {recorded}",
    FileIs.MISSING: "not here any more; it was downloaded once",
    FileIs.AT_KEY: "in the storage of a key, as its job wrote it",
}
_WIDTH, _LABEL = 100, 11
_MOST_ALSO = 3


def text(origin: FileOrigin, style: Style = PLAIN) -> str:
    """Return a line a fact; what is not known has none."""
    words = _WORDS[origin.state].format(recorded=one_line(origin.recorded))
    lines = [f"{style.paint(one_line(origin.file), 'bold')}: {words}"]
    lines += [f"  {style.paint(label.ljust(_LABEL - 1), 'dim')} {each}" for label, each in _lines(origin)]
    return style.wrap(published_text("\n".join(lines)), " " * (_LABEL + 2)) + "\n"


def _lines(origin: FileOrigin) -> Iterator[tuple[str, str]]:
    job = origin.origin
    if origin.sha256 and origin.size is not None:
        yield "file", f"{counted(origin.size, 'byte')}, sha256 {origin.sha256}"
    yield "job", f"{job.address}, job {job.job_id} ({job.status}){'' if origin.counts else ', which counts no more'}"
    for line in shortened(origin.also, _MOST_ALSO, _same_content, "{} more jobs left the same content"):
        yield "also", line
    if job.process:
        versions = ", ".join(f"{name} {version}" for name, version in software(job).items())
        yield "process", f"{job.process} of {FACILITY}{f': {versions}' if versions else ''}"
    yield from _document_lines(origin)
    for name, value in job.params.items():
        yield "param", f"{name} = {cut(value, _WIDTH)}"
    for given in job.inputs:
        dataset = f" of {given.dataset}" if given.dataset else ""
        yield "input", f"{given.name}: {given.kind} {one_line(given.title)}{dataset}"
    if fields := row_json(origin.fields):
        yield "row", cut(", ".join(f"{name}={value}" for name, value in fields.items()), _WIDTH)
    yield from _times(origin)
    yield "manifest", _manifest(origin)
    if job.remarks:
        yield "remarks", ", ".join(job.remarks)
    yield "next", f"eocanvas-apply why {typed(job.address)}"


def _same_content(other: JobOrigin) -> str:
    return f"{other.address}, job {other.job_id}, left the same content"


def _document_lines(origin: FileOrigin) -> Iterator[tuple[str, str]]:
    job = origin.origin
    if job.document is None:
        return
    file = f"{origin.defined.document_file}, " if origin.defined and origin.defined.document_file else ""
    yield job.document_kind, f"{file}{job.document}"
    if origin.kept:
        yield "", f"as it was launched: {origin.kept}"


def _times(origin: FileOrigin) -> Iterator[tuple[str, str]]:
    job, account = origin.origin, f" as {one_line(origin.account)}" if origin.account else ""
    if origin.launched:
        yield "launched", f"{moment(origin.launched.time)} by {one_line(origin.launched.writer)}{account}"
    if job.finished:
        since = f"{moment(job.started)} to " if job.started else "until "
        yield "ran", f"{since}{moment(job.finished)} at {origin.service}"
    if origin.downloaded:
        yield "downloaded", f"{moment(origin.downloaded.time)} by {one_line(origin.downloaded.writer)}"


def _manifest(origin: FileOrigin) -> str:
    if origin.line is None or origin.defined is None:
        return "the manifest of now does not have this job"
    where = f"{origin.line[0]}:{origin.line[1]}"
    if origin.as_in_manifest is False:
        return f"{where}, changed since: eocanvas-apply why {typed(origin.origin.address)} shows how"
    version = origin.version
    if version.commit is None or origin.as_in_manifest is None:
        return where
    changed = f", with changes in {', '.join(version.modified)}" if version.modified else ""
    return f"{where}, commit {version.commit}{f' of {version.repository}' if version.repository else ''}{changed}"


def as_json(origin: FileOrigin) -> Json:
    """Return it as JSON; `state` is as-downloaded, edited, elsewhere, missing or at-key."""
    job = origin.origin
    found = {
        "file": origin.file,
        "state": origin.state.value,
        "recorded": origin.recorded,
        "counts": origin.counts,
        "size": origin.size,
        "sha256": origin.sha256,
        "address": job.address,
        "job_id": job.job_id,
        "status": job.status,
        "also": [{"address": each.address, "job_id": each.job_id} for each in origin.also],
        "process": job.process,
        "software": software(job),
        "document": _document_json(origin),
        "params": dict(job.params),
        "options": {name: dict(each) for name, each in job.options.items()},
        "inputs": [input_json(given, {}) for given in job.inputs],
        "row": row_json(origin.fields),
        "fingerprint": job.fingerprint,
        "account": origin.account,
        "service": origin.service,
        "launched": _act(origin.launched),
        "started": time(job.started),
        "finished": time(job.finished),
        "downloaded": _act(origin.downloaded),
        "manifest": _manifest_json(origin),
        "remarks": list(job.remarks),
    }
    shown: Json = published_values(found)
    return shown


def _act(act: Act | None) -> Json | None:
    return {"time": time(act.time), "by": act.writer} if act else None


def _document_json(origin: FileOrigin) -> Json | None:
    job = origin.origin
    if job.document is None:
        return None
    file = origin.defined.document_file if origin.defined else None
    return {"kind": job.document_kind, "digest": job.document, "file": file, "kept": origin.kept}


def _manifest_json(origin: FileOrigin) -> Json | None:
    """Return where the manifest of now has the job, whether it is the very same one, and of which commit it is."""
    if origin.line is None:
        return None
    version = origin.version
    found = {"commit": version.commit, "repository": version.repository, "modified": list(version.modified)}
    return {"file": origin.line[0], "line": origin.line[1], "same": origin.as_in_manifest, **known(found)}
