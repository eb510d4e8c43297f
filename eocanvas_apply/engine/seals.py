"""Sealing for applying: the vault's secrets under the service's public key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.planning.desired.desired import DesiredKey


@dataclass(frozen=True, slots=True)
class VaultSeals:
    """Seals what the run's vault holds."""

    observer: Observer

    async def sealed(self, key: DesiredKey) -> str:
        """Return the key's configuration, sealed, in base64."""
        public_key = await self.observer.public_key()
        return public_key.seal(self.observer.vault.plaintext(key))

    async def fingerprints(self, key: DesiredKey, salt: bytes) -> Mapping[str, str]:
        """Return the slow fingerprint of each secret field."""
        found = await asyncio.to_thread(self.observer.vault.fingerprints, salt)
        return {field: value for (address, field), value in found.items() if address == key.address}
