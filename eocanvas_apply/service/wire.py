"""What the service says, as values: keys, jobs, results and logs.

The `read_*` functions take decoded JSON. They accept missing and new fields, statuses and forms of stamps, and raise
ValueError for anything that is not such a thing at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T :](\d\d)[:.](\d\d)[:.](\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key of the keystore. `expires` is the date the service shows, `expire_s` the seconds it granted."""

    name: str
    type: str = ""
    public: bool = False
    description: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    expire_s: int | None = None

    @property
    def end_known(self) -> bool:
        """Whether the service shows when the key ends, or that it never does, as `eodata` with 0 seconds."""
        return self.ends is not None or self.expire_s == 0

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
    """A job. `status` is an `OgcStatus` or any other word that the service shows."""

    job_id: str
    process: str = ""
    status: str = ""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResultInfo:
    """A result of a job; `title` is a path like `wks3:///<job>/output/<uuid>.nc` or `keystore://...`.

    `href` is empty where the service gives none, as it may for what lies at a key.
    """

    href: str
    title: str = ""

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


def read_key(document: object) -> KeyInfo:
    """Return one key."""
    fields = mapping(document, "a key")
    return KeyInfo(
        name=_required(fields, "name"),
        type=_text(fields, "type").upper(),
        public=fields.get("public") in (True, "true", "True"),
        description=_text(fields, "description"),
        created=parse_time(fields.get("creationDate")),
        expires=parse_time(fields.get("expirationDate")),
        expire_s=whole(fields.get("expireSeconds")),
    )


def read_keys(document: object) -> list[KeyInfo]:
    """Return the whole keystore, which comes as one list."""
    return [read_key(item) for item in _list(document, "keys")]


def read_job(document: object) -> JobInfo:
    """Return one job; the answer to an execution has the same shape."""
    fields = mapping(document, "a job")
    stamps = {name: parse_time(fields.get(name)) for name in ("created", "started", "finished")}
    return JobInfo(
        job_id=_required(fields, "jobID"),
        process=_text(fields, "processID"),
        status=_text(fields, "status").lower(),
        **stamps,
    )


def read_job_page(document: object) -> list[JobInfo | None]:
    """Return one page of the list of jobs; None stands for an entry that names no job."""
    jobs = document.get("jobs") if isinstance(document, dict) else document
    return [_job_or_none(item) for item in _list(jobs, "jobs")]


def read_results(document: object) -> list[ResultInfo]:
    """Return one page of a job's results, with the `next-page` and `prev-page` that may stand among them."""
    entries = [mapping(item, "a result") for item in _list(document, "results")]
    return [_result(entry) for entry in entries]


def read_logs(document: object) -> tuple[LogEntry, ...]:
    """Return a job's log in the order the service gives."""
    entries = (mapping(item, "a log entry") for item in _list(document, "log entries"))
    return tuple(LogEntry(parse_time(e.get("timestamp")), _text(e, "message")) for e in entries)


def next_link(document: object) -> str | None:
    """Return the address of the page after this one, where a list names it."""
    links = document.get("links") if isinstance(document, dict) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "next" and link.get("href"):
            return str(link["href"])
    return None


def _result(fields: Mapping[str, object]) -> ResultInfo:
    title, href = _text(fields, "title"), fields.get("href")
    if not title.strip():
        return ResultInfo(_required(fields, "href"), title)
    # What lies at a key has a title, and any href or none.
    return ResultInfo(href.strip() if isinstance(href, str) else "", title)


def _job_or_none(item: object) -> JobInfo | None:
    try:
        return read_job(item)
    except ValueError:
        return None


def _list(document: object, what: str) -> list[object]:
    if not isinstance(document, list):
        raise ValueError(f"without a list of {what}")
    return document


def mapping(document: object, what: str) -> Mapping[str, object]:
    """Return a JSON object; raise ValueError for anything else."""
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


def whole(value: object) -> int | None:
    """Return a number of zero or more, also from text, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def compact_json(document: Mapping[str, object]) -> bytes:
    """Return a document as it is sent, without spaces."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def parse_time(value: object) -> datetime | None:
    """Return a stamp as an aware time in UTC, or None for one that is absent or cannot be read.

    Seen are `2024-10-21:08.59.05`, `2024-10-21T09:02:13Z`, `2024-10-21T09:02:13.723098324Z` and
    `2025-02-13 13:42:08`; those without a zone are UTC. Digits beyond microseconds are dropped.
    """
    found = _STAMP.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    text = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{(fraction or '0')[:6].ljust(6, '0')}{zone or 'Z'}"
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
