"""What every model of the manifest has in common, and the types its fields are made of."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.manifest.model.times import PATTERN, parse_duration

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
PROJECT = r"^[a-z][a-z0-9-]{0,30}$"
INPUT_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
PHYSICAL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._@-]*$"


class StrictModel(BaseModel):
    """Frozen, nothing converted, nothing unknown, and no input in its errors, for inputs may be secrets.

    A model is built at its first use: that of the manifest has all others in it, which would be built twice.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("bad-duration", "a duration is a number with its unit, such as 30s, 15m or 7d")
    try:
        return parse_duration(value)
    except ValueError as problem:
        raise PydanticCustomError("bad-duration", "{problem}", {"problem": str(problem)}) from None


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise PydanticCustomError("bad-duration", "this duration must be longer than nothing")
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("bad-value", "JSON has no infinity and no not-a-number; quote it to send text")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _finite(item)
    return value


def _scalar(value: Any) -> Any:
    # A union would say once for each of its members what is wrong. The numbers remember how they are written.
    if not isinstance(value, str | int | float):
        raise PydanticCustomError("wrong-type", "neither text nor a number nor true or false")
    return value


def chosen(choose: Callable[[Any], str | None]) -> Discriminator:
    """Return what picks a union's member by its tag, in brackets: an error's place never takes it for a field."""
    return Discriminator(lambda value: None if (tag := choose(value)) is None else f"<{tag}>")


def chosen_by_type(types: type | tuple[type, ...], tag: str, other: str) -> Discriminator:
    """Return what picks one tag for values of these types, and the other for all else."""
    return chosen(lambda value: tag if isinstance(value, types) else other)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["30s", "1h30m", "7d"]}),
]
LooseSeverity = Annotated[Severity, Field(strict=False)]
PlainData = Annotated[Any, AfterValidator(_finite)]
_SCALARS = [{"type": name} for name in ("string", "integer", "number", "boolean")]
Scalar = Annotated[str | int | float | bool, PlainValidator(_scalar), WithJsonSchema({"anyOf": _SCALARS})]
Name = Annotated[str, Field(pattern=NAME)]
InputName = Annotated[str, Field(pattern=INPUT_NAME)]
Text = Annotated[str, Field(min_length=1)]
