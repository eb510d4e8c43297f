"""The secrets of one run: references are resolved once; others get fingerprints, sizes and sealed texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from eocanvas_apply.diagnostics import Diagnostic, Severity, error, warning
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import open_to_all, read_bytes
from eocanvas_apply.secrets.mistakes import mistake_in
from eocanvas_apply.secrets.sealing import PublicKey, plaintext
from eocanvas_apply.secrets.secret import Secret, stray_characters, without_mark
from eocanvas_apply.secrets.secret_references import EnvReference, FileReference, SecretReference
from eocanvas_apply.vocabulary import StorageType

Report = Callable[[Diagnostic], None]
# Gives a diagnostic about a key's field (address, field) its place in the manifest.
Place = Callable[[Diagnostic, str, str], Diagnostic]


@dataclass(frozen=True, slots=True)
class SecretSources:
    """Where secrets come from: the environment, and files relative to `folder`, the manifest's own."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path

    def resolve(self, reference: SecretReference, report: Report) -> Secret | None:
        """Return the secret, None where `report` got an error.

        Codes: secret-unset, secret-empty, secret-not-text, secret-whitespace, the warnings secret-file-mode and
        secret-looks-wrong, those of files, and not-yet for kinds of reference that are not supported yet.
        """
        match reference:
            case EnvReference(env=name):
                return self._from_environment(name, report)
            case FileReference(file=str(path)):
                return self._from_file(path, report)
            case FileReference(file=EnvReference(env=name)):
                path_in_variable = self._from_environment(name, report)
                return self._from_file(path_in_variable.reveal(), report) if path_in_variable else None
            case _:
                hint = "Use {env: ...} or {file: ...}."
                report(error("not-yet", "this kind of secret reference is not supported yet", hint))
                return None

    def _from_environment(self, name: str, report: Report) -> Secret | None:
        text = self.environ.get(name)
        if text is None:
            report(error("secret-unset", f"the environment variable {name} is not set", f"Set {name}."))
            return None
        return _checked(text, f"the environment variable {name}", report)

    def _from_file(self, path: str, report: Report) -> Secret | None:
        try:
            text = read_bytes(path, self.folder).decode()
        except ManifestError as fault:
            for diagnostic in fault.diagnostics:
                report(diagnostic)
            return None
        except UnicodeDecodeError:
            report(error("secret-not-text", f"the file {path!r} is not UTF-8 text"))
            return None
        if open_to_all(path, self.folder):
            message = f"every user of this machine can read the file {path!r}"
            report(warning("secret-file-mode", message, f"chmod 600 {path}"))
        return _checked(text.removesuffix("\n").removesuffix("\r"), f"the file {path!r}", report)


def _checked(text: str, where: str, report: Report) -> Secret | None:
    text = without_mark(text)
    if not text:
        report(error("secret-empty", f"{where} is empty", "Put the secret there."))
        return None
    if any("\ud800" <= c <= "\udfff" for c in text):
        report(error("secret-not-text", f"{where} is not UTF-8 text"))
        return None
    if fault := stray_characters(text):
        hint = "The storage takes it as a part of the secret. Remove it."
        report(error("secret-whitespace", f"{where} {fault}", hint))
        return None
    if mistake := mistake_in(text):
        report(warning("secret-looks-wrong", f"{where} looks like {mistake.words}", mistake.hint))
    return Secret(text)


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
    _public_key: PublicKey | None = None

    @classmethod
    def opened(
        cls, keys: Mapping[str, KeyConfig], sources: SecretSources, place: Place = lambda found, *_: found
    ) -> Vault:
        """Resolve every reference of these keys, which come by address; `place` knows where they are written."""
        found: list[Diagnostic] = []
        secrets: dict[str, dict[str, Secret]] = {}
        for address, key in keys.items():
            for name, reference in key.secrets.items():

                def report(d: Diagnostic, address: str = address, name: str = name) -> None:
                    found.append(place(replace(d, message=f"{name}: {d.message}", address=address), address, name))

                secret = sources.resolve(reference, report)
                if secret is not None:
                    secrets.setdefault(address, {})[name] = secret
        return cls(keys, secrets, tuple(found))

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
        return tuple(secret for fields in self.secrets.values() for secret in fields.values())

    def fingerprints(self, salt: bytes | None) -> Mapping[tuple[str, str], str]:
        """Return the slow fingerprints by address and field under a ledger's salt, none without a salt."""
        if salt is None:
            return {}
        return {
            (address, name): secret.fingerprint(salt, f"{address}.{name}")
            for address, fields in self.secrets.items()
            for name, secret in fields.items()
        }

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
