"""What every event of a ledger is: a frozen value with a type, most of them about one address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Time = Annotated[datetime, AfterValidator(_utc), PlainSerializer(_stamp, when_used="json")]


class Event(BaseModel):
    """One event without its envelope; `type` names the class in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    type: str


class AddressEvent(Event):
    """An event about one key or one job instance."""

    address: str
