"""Slow, salted fingerprints of the secrets of keys, by which only equality can be judged.

A fingerprint begins with the name of its scheme, and is compared by that scheme, so that a newer one replaces no key:
`scrypt:` is the first scheme, with a slow step for each secret; `scrypt2:` has one for all secrets of a key together,
so that no part of them can be guessed alone; `scrypt2-<id>:` is made with a pepper, a secret that is not in the ledger,
and `id` tells which.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType

from eocanvas_apply.secrets.secret import Secret

_FIRST, _SECOND = "scrypt", "scrypt2"
# 8 MiB and some 20 ms on a server of 2026. The first scheme takes twice as long.
_COST, _FIRST_COST = 2**13, 2**14
_ID_BYTES = 6


def scheme_of(fingerprint: str) -> str:
    """Return the name of the scheme that a fingerprint was made by."""
    return fingerprint.partition(":")[0]


@dataclass(slots=True)
class Fingerprinter:
    """Makes fingerprints under the salt of one ledger; no slow step is made twice."""

    salt: bytes
    pepper: Secret | None = field(default=None, repr=False)
    _stretched: dict[bytes, bytes] = field(default_factory=dict, repr=False)

    def of_keys(
        self,
        keys: Mapping[str, Mapping[str, Secret]],
        schemes: Mapping[str, str],
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[tuple[str, str], str]:
        """Return the fingerprints by key address and field, of each key by its scheme, the present one by default.

        `names` are the addresses under which keys were recorded that have another one now.
        A scheme of a later version, or with another pepper, gives none: such keys cannot be compared.
        """
        chosen = {address: schemes.get(address) or self.scheme for address in keys}
        comparable = {address: found for address, found in keys.items() if self._knows(chosen[address])}
        self._stretch(text for address, found in comparable.items() for text in _texts(found, chosen[address]))
        return {
            (address, name): self._one(names.get(address, address), name, found, chosen[address])
            for address, found in comparable.items()
            for name in found
        }

    @property
    def scheme(self) -> str:
        """The name of the scheme of new fingerprints."""
        return f"{_SECOND}-{self._pepper_id}" if self.pepper else _SECOND

    def _knows(self, scheme: str) -> bool:
        return scheme in (_FIRST, _SECOND) or (self.pepper is not None and scheme == self.scheme)

    @property
    def _pepper_id(self) -> str:
        text = (self.pepper.reveal() if self.pepper else "").encode()
        self._stretch([(text, _COST)])
        return hmac.digest(self._stretched[_digest(text, _COST)], b"pepper", "sha256")[:_ID_BYTES].hex()

    def _one(self, address: str, name: str, secrets: Mapping[str, Secret], scheme: str) -> str:
        ((text, cost),) = _texts({name: secrets[name]} if scheme == _FIRST else secrets, scheme)
        stretched = self._stretched[_digest(text, cost)]
        if self.pepper and scheme not in (_FIRST, _SECOND):
            stretched = hmac.digest(self.pepper.reveal().encode(), stretched, "sha256")
        # Equal secrets in two places look different in the ledger.
        return f"{scheme}:{hmac.digest(stretched, f'{address}.{name}'.encode(), 'sha256').hex()}"

    def _stretch(self, texts: Iterable[tuple[bytes, int]]) -> None:
        """Make the slow steps that are not made yet, one on each processor at a time."""
        new = {digest: each for each in texts if (digest := _digest(*each)) not in self._stretched}
        if not new:
            return
        with ThreadPoolExecutor(min(len(new), os.cpu_count() or 1), "fingerprints") as pool:
            self._stretched.update(zip(new, pool.map(self._slow, new.values()), strict=True))

    def _slow(self, each: tuple[bytes, int]) -> bytes:
        text, cost = each
        return hashlib.scrypt(text, salt=self.salt, n=cost, r=8, p=1, dklen=32)


def _texts(secrets: Mapping[str, Secret], scheme: str) -> list[tuple[bytes, int]]:
    """Return what is stretched for one key, and at which cost."""
    if scheme == _FIRST:
        return [(secret.reveal().encode(), _FIRST_COST) for secret in secrets.values()]
    together = json.dumps({name: secrets[name].reveal() for name in sorted(secrets)}, ensure_ascii=False)
    return [(together.encode(), _COST)]


def _digest(text: bytes, cost: int) -> bytes:
    """Return what a slow step is remembered by, so that no secret is kept for it."""
    return hashlib.sha256(cost.to_bytes(4, "big") + text).digest()
