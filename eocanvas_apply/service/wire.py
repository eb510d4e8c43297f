"""What the service says, as values: keys, jobs, results and logs.

The `read_*` functions take decoded JSON. They accept missing and new fields, statuses and forms of stamps, and raise
ValueError for anything that is not such a thing at all. Of a list every entry is read by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.service.entries import ListKind, Unreadable, entries

_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T :](\d\d)[:.](\d\d)[:.](\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
# What can stand as one unit of a path, so that it leads nowhere else.
_PATH_UNIT = re.compile(r"[^\s/\\?#%]{1,200}")
# Beyond these years a stamp is not a time at which anything happened.
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_AHEAD = timedelta(days=1)
_LARGEST = 2**63 - 1
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_TITLE, _LONGEST_HREF = 200, 10_000, 4096, 65_536


class KeyInfo(Struct, frozen=True):
    """A key of the keystore. `expires` is the date the service shows, `expire_s` the seconds it granted.

    What the service does not show in readable form is empty or None.
    """

    name: str
    type: str = ""
    public: bool | None = None
    description: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    expire_s: int | None = None
    owner: str = ""

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


class JobInfo(Struct, frozen=True):
    """A job. `status` is an `OgcStatus` or any other word that the service shows."""

    job_id: str
    process: str = ""
    status: str = ""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None

    def believed(self, now: datetime) -> JobInfo:
        """Return the job without stamps that lie more than a day ahead of the service's own time."""
        created, started, finished = (
            stamp if stamp and stamp <= now + _AHEAD else None for stamp in (self.created, self.started, self.finished)
        )
        return replace(self, created=created, started=started, finished=finished)


class ProcessInfo(Struct, frozen=True):
    """A process of the service; `version` is empty where the service shows none."""

    id: str
    version: str = ""


class ResultInfo(Struct, frozen=True):
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


class LogEntry(Struct, frozen=True):
    """A line of a job's log. It may hold secrets of the job: scrub before showing."""

    timestamp: datetime | None
    message: str


def read_key(document: object, name: str = "") -> KeyInfo:
    """Return one key; with `name` the one that was asked for by this name."""
    fields = mapping(document, "a key")
    end, granted = _stamp(fields.get("expirationDate")), whole(fields.get("expireSeconds"))
    endless = end is not None and end.year > _LAST_YEAR
    return KeyInfo(
        name=name or _required(fields, "name"),
        type=_text(fields, "type").upper(),
        public=_truth(fields.get("public")),
        description=_text(fields, "description"),
        created=parse_time(fields.get("creationDate")),
        expires=None if endless else parse_time(fields.get("expirationDate")),
        expire_s=0 if endless else granted,
        owner=_text(fields, "owner").strip()[:_LONGEST_NAME],
    )


def read_keys(document: object) -> list[KeyInfo | Unreadable]:
    """Return the whole keystore, which comes as one list."""
    return entries(document, ListKind.KEYS, read_key)


def read_job(document: object, job_id: str = "") -> JobInfo:
    """Return one job, or the answer to an execution; with `job_id` the job that was asked for by this id."""
    fields = mapping(document, "a job")
    stamps = {name: parse_time(fields.get(name)) for name in ("created", "started", "finished")}
    return JobInfo(
        job_id=job_id or path_unit(fields, "jobID"),
        process=_text(fields, "processID"),
        status=_text(fields, "status").lower(),
        **stamps,
    )


def read_job_page(document: object) -> list[JobInfo | Unreadable]:
    """Return one page of the list of jobs."""
    jobs = document.get("jobs") if isinstance(document, dict) else document
    return entries(jobs, ListKind.JOBS, read_job, _created)


def read_process_page(document: object) -> list[ProcessInfo | Unreadable]:
    """Return the processes of one page of their list."""
    processes = document.get("processes") if isinstance(document, dict) else document
    return entries(processes, ListKind.PROCESSES, _read_process)


def _read_process(item: object) -> ProcessInfo:
    fields = mapping(item, "a process")
    return ProcessInfo(path_unit(fields, "id"), _text(fields, "version").strip()[:_LONGEST_NAME])


def read_inputs(document: object) -> Mapping[str, Any] | None:
    """Return the inputs that the description of a process names, None where it names none."""
    described = mapping(document, "a process").get("inputs")
    return described if isinstance(described, dict) and described else None


def _created(item: object) -> datetime | None:
    return parse_time(item.get("created")) if isinstance(item, dict) else None


def read_results(document: object) -> list[ResultInfo | Unreadable]:
    """Return one page of a job's results, with the `next-page` and `prev-page` that may stand among them."""
    return entries(document, ListKind.RESULTS, _read_result)


def _read_result(document: object) -> ResultInfo:
    fields = mapping(document, "a result")
    title, href = fields.get("title"), fields.get("href")
    title = title if isinstance(title, str) and title.strip() else ""
    if len(title) > _LONGEST_TITLE or (isinstance(href, str) and len(href) > _LONGEST_HREF):
        raise ValueError(f"with a title of more than {_LONGEST_TITLE} characters, or a href of {_LONGEST_HREF}")
    if not title:
        return ResultInfo(_required(fields, "href"))
    # What lies at a key has a title, and any href or none.
    return ResultInfo(href.strip() if isinstance(href, str) else "", title)


def read_logs(document: object) -> list[LogEntry | Unreadable]:
    """Return a job's log in the order the service gives."""
    return entries(document, ListKind.LOG, _read_log_entry)


def _read_log_entry(document: object) -> LogEntry:
    fields = mapping(document, "a log entry")
    message = fields.get("message")
    if message is not None and not isinstance(message, str):
        raise ValueError("with a message that is not text")
    return LogEntry(parse_time(fields.get("timestamp")), message or "")


def next_link(document: object) -> str | None:
    """Return the address of the page after this one, where a list names it, as it stands there."""
    links = document.get("links") if isinstance(document, dict) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "next" and link.get("href"):
            return str(link["href"])[:_LONGEST_HREF]
    return None


def mapping(document: object, what: str) -> Mapping[str, object]:
    """Return a JSON object; raise ValueError for anything else."""
    if not isinstance(document, dict):
        raise ValueError(f"with something that is not {what}")
    return document


def _required(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"without {name}")
    if not value.isprintable():
        raise ValueError(f"with control characters in its {name}")
    return value


def path_unit(fields: Mapping[str, object], name: str) -> str:
    """Return an id that can stand in an address; raise ValueError for any other, and where there is none."""
    value = _required(fields, name)
    if not _PATH_UNIT.fullmatch(value) or value in (".", ".."):
        raise ValueError(f"with a {name} that cannot stand in an address")
    return value


def _text(fields: Mapping[str, object], name: str) -> str:
    """Return a text, also from a number; the empty one for what is neither. Control characters become blanks."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return "".join(c if c.isprintable() else " " for c in str(value)[:_LONGEST_TEXT])


def _truth(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """Return a number of zero or more, also from text, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= _LARGEST else None


def compact_json(document: Mapping[str, object]) -> bytes:
    """Return a document as it is sent, without spaces."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def parse_time(value: object) -> datetime | None:
    """Return a stamp as an aware time in UTC, or None for one that is absent, cannot be read or is absurd.

    Seen are `2024-10-21:08.59.05`, `2024-10-21T09:02:13Z`, `2024-10-21T09:02:13.723098324Z` and
    `2025-02-13 13:42:08`; those without a zone are UTC. Digits beyond microseconds are dropped.
    """
    moment = _stamp(value)
    return moment if moment and _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _stamp(value: object) -> datetime | None:
    found = _STAMP.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 100 else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    text = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{(fraction or '0')[:6].ljust(6, '0')}{zone or 'Z'}"
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if _FIRST_YEAR <= moment.year <= _LAST_YEAR else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
