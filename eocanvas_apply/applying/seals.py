"""Sealing as applying needs it: a key's secrets go in, only ciphertext and fingerprints come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from eocanvas_apply.planning.desired.desired import DesiredKey


class Seals(Protocol):
    """Whoever holds the secrets of this run."""

    async def sealed(self, key: DesiredKey) -> str:
        """Return the key's configuration, sealed for the service, in base64."""
        ...

    async def fingerprints(self, key: DesiredKey, salt: bytes) -> Mapping[str, str]:
        """Return the slow fingerprint of each secret field under the ledger's salt."""
        ...
