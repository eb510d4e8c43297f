"""Notifications: which web hooks are called when an apply ends, at what, and with which body."""

import re
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, Field, Tag
from pydantic_core import PydanticCustomError

from eocanvas_apply.manifest.model.strict import PlainData, StrictModel, Text, chosen
from eocanvas_apply.secrets.secret_references import SecretReference
from eocanvas_apply.secrets.secret_words import secret_words
from eocanvas_apply.vocabulary import RunEvent
from eocanvas_apply.web_addresses import is_loopback, split_address

# What `${run.NAME}` in a body stands for.
RUN_FIELDS = {
    "project": "the project",
    "environment": "the environment, `default` where none is named",
    "event": "the event, of several the gravest",
    "events": "all events, as a list",
    "exit": "the exit code, a number",
    "meaning": "the exit code in words",
    "done": "how many keys and jobs are done",
    "failed": "how many failed",
    "waiting": "how many wait or run",
    "skipped": "how many were left out",
    "failures": "a list of `{address, error}`, at most ten",
    "decisions": "a list of the addresses that need a decision, at most ten",
    "ends": "when the last launch that waits can go, as forecast; empty where it is not known",
    "summary": "one line of text",
    "text": "the summary, and a line for each failure and decision",
}
# Headers whose value is a secret.
_SECRET_HEADER = re.compile("auth|token|secret|key|cookie|pass|sign|cred", re.IGNORECASE)
_HEADER = r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"
# The request is what these say: its length, its host, its form.
_OWN_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade"})
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


def address_fault(address: str) -> str:
    """Return what is wrong with the address of a web hook, empty for nothing; the address itself is not in it."""
    parts = split_address(address) if _PRINTABLE.fullmatch(address) and " " not in address else None
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        return "is not an address that begins with https://"
    if "@" in parts.netloc:
        return "must not hold a user or password; send them as a header"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must begin with https://; plain http is allowed to this machine only"
    return ""


def _address(address: str) -> str:
    if "${" in address or address.startswith("$"):
        raise PydanticCustomError("secret-reference", "variables are not filled in here")
    if secret_words(address):
        raise PydanticCustomError("literal-secret", "this address holds what looks like a secret")
    if fault := address_fault(address):
        raise PydanticCustomError("bad-value", "{fault}", {"fault": fault})
    return address


def _headers(headers: dict[str, Any]) -> dict[str, Any]:
    for name, value in headers.items():
        if name.lower() in _OWN_HEADERS:
            raise PydanticCustomError("bad-value", "the header {name} is set by the program", {"name": name})
        if isinstance(value, str) and _SECRET_HEADER.search(name):
            raise PydanticCustomError("literal-secret", "the value of the header {name} is a secret", {"name": name})
    return headers


def _events(events: tuple[RunEvent, ...]) -> tuple[RunEvent, ...]:
    if not events:
        raise PydanticCustomError("bad-value", "name an event, or remove the line to be called at each of them")
    return events


def _plain_header(value: str) -> str:
    if not _PRINTABLE.fullmatch(value):
        raise PydanticCustomError("bad-value", "a header holds printable letters of ASCII only")
    if secret_words(value):
        raise PydanticCustomError("literal-secret", "this looks like a secret")
    return value


_PLAIN = (str, int, float, list)
_REFERENCE = Annotated[SecretReference, Tag("<reference>")]
_BY_TYPE = chosen(lambda value: "text" if value is None or isinstance(value, _PLAIN) else "reference")
Address = Annotated[Annotated[Text, AfterValidator(_address), Tag("<text>")] | _REFERENCE, _BY_TYPE]
Header = Annotated[Annotated[Text, AfterValidator(_plain_header), Tag("<text>")] | _REFERENCE, _BY_TYPE]


class Notify(StrictModel):
    """A web hook that is called when an apply ends."""

    url: Address = Field(
        description="Address to call, by https. Where it is a secret itself, as for Slack and Teams, a reference to it."
    )
    on: Annotated[tuple[RunEvent, ...], Field(strict=False), AfterValidator(_events)] = Field(
        default=get_args(RunEvent), description="At which events; without it at each of them."
    )
    headers: Annotated[dict[Annotated[str, Field(pattern=_HEADER)], Header], AfterValidator(_headers)] = Field(
        default_factory=dict, description="Further headers: texts, or references to secrets."
    )
    body: PlainData = Field(
        default=None,
        description="What to send as JSON, with ${run.NAME} and ${var.NAME} filled in; default all that is known.",
    )

    @property
    def references(self) -> tuple[tuple[tuple[str, ...], SecretReference], ...]:
        """The references to secrets, each with its path below this web hook."""
        named = [(("url",), self.url), *((("headers", name), value) for name, value in self.headers.items())]
        return tuple((path, value) for path, value in named if not isinstance(value, str))
