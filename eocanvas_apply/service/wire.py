"""What the service says, as values: keys, jobs, results, logs, processes.

The `read_*` functions take decoded JSON. They forgive what may be missing or new (fields, statuses, kinds of
stamp) and raise ValueError for what is no such thing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from eocanvas_apply.service.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key of the keystore. `expires` is the date the service shows, `expire_s` the seconds it granted."""

    name: str
    type: str = ""
    public: bool = False
    description: str = ""
    owner: str | None = None
    created: datetime | None = None
    expires: datetime | None = None
    expire_s: int | None = None

    @property
    def endless(self) -> bool:
        """Whether the service says that the key never ends, as `eodata` does with 0 seconds."""
        return self.expires is None and self.expire_s == 0

    @property
    def end_known(self) -> bool:
        """Whether the service tells when the key ends, or that it never does."""
        return self.endless or self.ends is not None

    @property
    def ends(self) -> datetime | None:
        """When the key ends: the date shown, else created plus granted seconds; None is unknown or endless."""
        if self.expires or not self.created or (self.expire_s or 0) <= 0:
            return self.expires
        try:
            return self.created + timedelta(seconds=self.expire_s or 0)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job. `status` is accepted, running, successful, failed, dismissed, or a word that is newer than we."""

    job_id: str
    process: str = ""
    status: str = ""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResultInfo:
    """A result of a job; `title` is a path like `wks3:///<job>/output/<uuid>.nc` or `keystore://...`."""

    href: str
    title: str = ""
    rel: str = ""

    @property
    def name(self) -> str:
        """The last segment of the title (of the href where there is no title), never one that leaves a folder."""
        path = self.title or unquote(self.href.partition("?")[0])
        last = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
        name = "".join(c for c in last if c.isprintable())
        return name if name.strip(". ") else "result"

    @property
    def at_key(self) -> bool:
        """Whether it lies at the output key, so that nothing is to be downloaded."""
        return self.title.startswith("keystore")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of a job's log. It may hold secrets of the job: scrub before showing."""

    timestamp: datetime | None
    message: str


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A process of the service; `inputs` is what its own page says of them, None where it says nothing."""

    id: str
    version: str = ""
    title: str = ""
    inputs: Mapping[str, object] | None = None


def read_key(document: object) -> KeyInfo:
    """Return one key."""
    fields = _mapping(document, "a key")
    return KeyInfo(
        name=_required(fields, "name"),
        type=_text(fields, "type").upper(),
        public=fields.get("public") in (True, "true", "True"),
        description=_text(fields, "description"),
        owner=_text(fields, "owner") or None,
        created=parse_time(fields.get("creationDate")),
        expires=parse_time(fields.get("expirationDate")),
        expire_s=_whole(fields.get("expireSeconds")),
    )


def read_keys(document: object) -> list[KeyInfo]:
    """Return the whole keystore, which comes as one list."""
    return [read_key(item) for item in _list(document, "keys")]


def read_job(document: object) -> JobInfo:
    """Return one job; the answer to an execution has the same shape."""
    fields = _mapping(document, "a job")
    stamps = {name: parse_time(fields.get(name)) for name in ("created", "started", "finished", "updated")}
    return JobInfo(
        job_id=_required(fields, "jobID"),
        process=_text(fields, "processID"),
        status=_text(fields, "status").lower(),
        **stamps,
    )


def read_job_page(document: object) -> list[JobInfo | None]:
    """Return one page of the list of jobs; None stands for an entry that names no job."""
    return [_job_or_none(item) for item in _list(_member(document, "jobs"), "jobs")]


def read_results(document: object) -> list[ResultInfo]:
    """Return one page of a job's results, with the `next-page` and `prev-page` that may stand among them."""
    entries = [_mapping(item, "a result") for item in _list(document, "results")]
    return [ResultInfo(_required(e, "href"), _text(e, "title"), _text(e, "rel")) for e in entries]


def read_logs(document: object) -> tuple[LogEntry, ...]:
    """Return a job's log in the order the service gives."""
    entries = [_mapping(item, "a log entry") for item in _list(document, "log entries")]
    return tuple(LogEntry(parse_time(e.get("timestamp")), _text(e, "message")) for e in entries)


def read_process(document: object) -> ProcessInfo:
    """Return one process."""
    fields = _mapping(document, "a process")
    inputs = fields.get("inputs")
    return ProcessInfo(
        id=_required(fields, "id"),
        version=_text(fields, "version"),
        title=_text(fields, "title"),
        inputs=inputs if isinstance(inputs, dict) else None,
    )


def read_processes(document: object) -> list[ProcessInfo]:
    """Return one page of the list of processes."""
    return [read_process(item) for item in _list(_member(document, "processes"), "processes")]


def next_link(document: object) -> str | None:
    """Return the address of the page after this one, where a list names it."""
    links = document.get("links") if isinstance(document, dict) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "next" and link.get("href"):
            return str(link["href"])
    return None


def _job_or_none(item: object) -> JobInfo | None:
    try:
        return read_job(item)
    except ValueError:
        return None


def _member(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, dict) else document


def _list(document: object, what: str) -> list[object]:
    if not isinstance(document, list):
        raise ValueError(f"without a list of {what}")
    return document


def _mapping(document: object, what: str) -> Mapping[str, object]:
    if not isinstance(document, dict):
        raise ValueError(f"with something that is not {what}")
    return document


def _required(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"without {name}")
    return value


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value)


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None
