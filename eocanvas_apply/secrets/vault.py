"""The secrets of one run: others get fingerprints, sizes and sealed texts of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Protocol

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.secrets.fingerprints import Fingerprinter
from eocanvas_apply.secrets.sealing import PublicKey, plaintext
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import SecretReference
from eocanvas_apply.secrets.secret_sources import SecretSources
from eocanvas_apply.vocabulary import StorageType

# Gives a diagnostic about a key's field (address, field) its place in the manifest.
Place = Callable[[Diagnostic, str, str], Diagnostic]


_NONE: Mapping[str, str] = MappingProxyType({})


class KeyConfig(Protocol):
    """What the vault must know of a key: its storage, the plain wire fields, and references by secret wire field."""

    @property
    def storage(self) -> StorageType: ...  # noqa: D102
    @property
    def config(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def secrets(self) -> Mapping[str, SecretReference]: ...  # noqa: D102


@dataclass(slots=True)
class Vault:
    """The secrets of keys by address and wire field; a field that could not be resolved is absent and has an error."""

    keys: Mapping[str, KeyConfig]
    secrets: Mapping[str, Mapping[str, Secret]] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    pepper: Secret | None = field(default=None, repr=False)
    _public_key: PublicKey | None = None
    _fingerprinters: dict[bytes, Fingerprinter] = field(default_factory=dict, repr=False)
    # Observing and creating keys may ask at the same time.
    _at_work: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def opened(
        cls,
        keys: Mapping[str, KeyConfig],
        sources: SecretSources,
        place: Place = lambda found, *_: found,
        pepper: Secret | None = None,
    ) -> Vault:
        """Resolve every reference of these keys, which come by address; `place` knows where they are written."""
        fields = [(address, name, used) for address, key in keys.items() for name, used in key.secrets.items()]
        resolved = sources.resolve_all(used for _, _, used in fields)
        found: list[Diagnostic] = []
        secrets: dict[str, dict[str, Secret]] = {}
        for address, name, used in fields:
            of_field = (replace(d, message=f"{name}: {d.message}", address=address) for d in resolved[used].diagnostics)
            found += [place(each, address, name) for each in of_field]
            if (secret := resolved[used].secret) is not None:
                secrets.setdefault(address, {})[name] = secret
        return cls(keys, secrets, tuple(found), pepper)

    @property
    def faults(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """Return why a key's secrets could not be read, by address."""
        errors = [d for d in self.diagnostics if d.severity is Severity.ERROR]
        return {a: tuple(d for d in errors if d.address == a) for a in {d.address for d in errors if d.address}}

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Return what is unsafe about the places where secrets come from."""
        return tuple(d for d in self.diagnostics if d.severity is not Severity.ERROR)

    @property
    def all_secrets(self) -> tuple[Secret, ...]:
        """Return every secret of the run, for the scrubber."""
        own = (self.pepper,) if self.pepper else ()
        return (*own, *(secret for fields in self.secrets.values() for secret in fields.values()))

    def fingerprints(
        self, salt: bytes | None, schemes: Mapping[str, str] = _NONE, names: Mapping[str, str] = _NONE
    ) -> Mapping[tuple[str, str], str]:
        """Return the slow fingerprints by address and field under a ledger's salt, none without a salt.

        `schemes` holds, by address, by which scheme a key is compared; a key whose secrets are not all known, or that
        cannot be compared by its scheme, has none. `names` holds the address that a key had when it was sealed.
        """
        if salt is None:
            return {}
        with self._at_work:
            maker = self._fingerprinters.setdefault(salt, Fingerprinter(salt, self.pepper))
            return maker.of_keys({address: self.secrets[address] for address in self._whole()}, schemes, names)

    def _whole(self) -> list[str]:
        """Return the addresses of the keys with secrets that are all known."""
        return [
            a for a, key in self.keys.items() if key.secrets and key.secrets.keys() <= self.secrets.get(a, {}).keys()
        ]

    def sealed_sizes(self) -> Mapping[str, int]:
        """Return how many bytes each key's configuration takes before sealing, where all its secrets are known."""
        known = [a for a, key in self.keys.items() if key.secrets.keys() <= self.secrets.get(a, {}).keys()]
        return {address: len(self._plaintext(address)) for address in known}

    async def public_key(self, read: Callable[[], Awaitable[PublicKey]]) -> PublicKey:
        """Return the service's public key, which `read` asks for once a run."""
        if self._public_key is None:
            self._public_key = await read()
        return self._public_key

    def seal(self, address: str, public_key: PublicKey) -> str:
        """Return the key's configuration with its secrets, encrypted for the service, in base64."""
        return public_key.seal(self._plaintext(address))

    def _plaintext(self, address: str) -> bytes:
        key = self.keys[address]
        return plaintext(key.storage, {**key.config, **self.secrets.get(address, {})})
