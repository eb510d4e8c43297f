"""The secrets of one run: resolved once, shown to planning as fingerprints and sizes, to applying for sealing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.secrets.resolving import ResolvedSecrets, SecretSources
from eocanvas_apply.secrets.sealing import plaintext
from eocanvas_apply.secrets.secret import Secret


@dataclass(slots=True)
class Vault:
    """The secrets of the desired keys, by address and wire field."""

    keys: Mapping[str, DesiredKey]
    resolved: ResolvedSecrets
    _salt: bytes | None = None
    _fingerprints: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def opened(cls, keys: Mapping[str, DesiredKey], sources: SecretSources) -> Vault:
        """Resolve every reference; what cannot be resolved is a fault of its key."""
        references = {address: key.secrets for address, key in keys.items() if key.secrets}
        return cls(keys, sources.resolve(references))

    @property
    def faults(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """Return why a key's secrets could not be read, by address."""
        errors = [d for d in self.resolved.diagnostics if d.severity is Severity.ERROR]
        return {a: tuple(d for d in errors if d.address == a) for a in {d.address for d in errors if d.address}}

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Return what is not wrong but unwise about where secrets come from."""
        return tuple(d for d in self.resolved.diagnostics if d.severity is not Severity.ERROR)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret of the run, to be kept out of what is shown."""
        return tuple(secret for fields in self.resolved.values.values() for secret in fields.values())

    def fingerprints(self, salt: bytes | None) -> Mapping[tuple[str, str], str]:
        """Return the slow fingerprints under a ledger's salt; without a ledger there is nothing to compare."""
        if salt is None:
            return {}
        if salt != self._salt:
            self._salt, self._fingerprints = salt, dict(self._computed(salt))
        return self._fingerprints

    def _computed(self, salt: bytes) -> list[tuple[tuple[str, str], str]]:
        return [
            ((address, name), secret.fingerprint(salt, f"{address}.{name}"))
            for address, fields in self.resolved.values.items()
            for name, secret in fields.items()
        ]

    def sealed_sizes(self) -> Mapping[str, int]:
        """Return how many bytes each readable key's configuration takes before sealing."""
        managed = [key for key in self.keys.values() if not key.existing and self._readable(key)]
        return {key.address: len(self.plaintext(key)) for key in managed}

    def plaintext(self, key: DesiredKey) -> bytes:
        """Return what is sealed for this key. It holds the secrets: seal it and drop it."""
        secrets: Mapping[str, Secret] = self.resolved.values.get(key.address, {})
        return plaintext(key.storage, {**key.config, **secrets})

    def _readable(self, key: DesiredKey) -> bool:
        return key.secrets.keys() <= self.resolved.values.get(key.address, {}).keys()
