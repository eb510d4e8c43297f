"""Secret references, resolved: from `{env: NAME}` or `{file: PATH}` to the secret itself, all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from eocanvas_apply.diagnostics import Diagnostic, Position, error, warning
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import FileContent, read_content
from eocanvas_apply.secrets.references import EnvReference, FileReference, SecretReference
from eocanvas_apply.secrets.secret import Secret

FileReader = Callable[[str, Path], FileContent]
NOWHERE: Mapping[tuple[str, str], Position] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ResolvedSecrets:
    """Secrets by address and field; a field that could not be resolved is absent and has an error instead."""

    values: Mapping[str, Mapping[str, Secret]] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class SecretSources:
    """Where secrets come from: the environment, and files relative to `folder`, the manifest's own."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    read: FileReader = read_content

    def resolve(
        self,
        references: Mapping[str, Mapping[str, SecretReference]],
        positions: Mapping[tuple[str, str], Position] = NOWHERE,
    ) -> ResolvedSecrets:
        """Resolve references by address and field; `positions` tells where in the manifest each stands.

        Codes: secret-unset, secret-empty, secret-not-text, secret-file-mode (a warning), those of files, and
        not-yet for kinds of reference that are still to come.
        """
        findings: list[Diagnostic] = []
        values: dict[str, dict[str, Secret]] = {}
        for address, fields in references.items():
            values[address] = {}
            for name, reference in fields.items():
                field_ = _Field(address, name, positions.get((address, name)), findings)
                secret = self._resolved(reference, field_)
                if secret is not None:
                    values[address][name] = secret
        return ResolvedSecrets(values, tuple(findings))

    def _resolved(self, reference: SecretReference, field_: _Field) -> Secret | None:
        match reference:
            case EnvReference(env=name):
                return self._from_environment(name, field_)
            case FileReference(file=str(path)):
                return self._from_file(path, field_)
            case FileReference(file=EnvReference(env=name)):
                named = self._from_environment(name, field_)
                return self._from_file(named.reveal(), field_) if named else None
            case _:
                field_.report(error("not-yet", "secrets cannot come from there yet", "Use {env: ...} or {file: ...}."))
                return None

    def _from_environment(self, name: str, field_: _Field) -> Secret | None:
        text = self.environ.get(name)
        if text is None:
            field_.report(error("secret-unset", f"the environment variable {name} is not set", f"Set {name}."))
            return None
        return _checked(text, f"the environment variable {name}", field_)

    def _from_file(self, path: str, field_: _Field) -> Secret | None:
        try:
            found = self.read(path, self.folder)
            text = found.content.decode()
        except ManifestError as fault:
            field_.report(*fault.diagnostics)
            return None
        except UnicodeDecodeError:
            field_.report(error("secret-not-text", f"the file {path!r} is not UTF-8 text"))
            return None
        if found.open_to_all:
            message = f"every user of this machine can read the file {path!r}"
            field_.report(warning("secret-file-mode", message, f"chmod 600 {path}"))
        text = text.removesuffix("\n").removesuffix("\r")
        return _checked(text, f"the file {path!r}", field_)


@dataclass(frozen=True, slots=True)
class _Field:
    address: str
    name: str
    position: Position | None
    findings: list[Diagnostic]

    def report(self, *diagnostics: Diagnostic) -> None:
        for d in diagnostics:
            told = Diagnostic(d.code, d.severity, f"{self.name}: {d.message}", d.hint, address=self.address)
            self.findings.append(told.at(self.position))


def _checked(text: str, where: str, field_: _Field) -> Secret | None:
    if not text:
        field_.report(error("secret-empty", f"{where} is empty", "Put the secret there."))
        return None
    if any("\ud800" <= c <= "\udfff" for c in text):
        field_.report(error("secret-not-text", f"{where} is not UTF-8 text"))
        return None
    return Secret(text)
