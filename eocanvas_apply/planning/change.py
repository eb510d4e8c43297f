"""One difference between what is recorded and what is desired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A difference at a dotted path; a sensitive one shows no values."""

    path: str
    before: Any = None
    after: Any = None
    sensitive: bool = False
