"""Resolving a secret reference such as `{env: NAME}` or `{file: PATH}` to the secret itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import open_to_all, read_bytes
from eocanvas_apply.secrets.references import EnvReference, FileReference, SecretReference
from eocanvas_apply.secrets.secret import Secret

Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True)
class SecretSources:
    """Where secrets come from: the environment, and files relative to `folder`, the manifest's own."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path

    def resolve(self, reference: SecretReference, report: Report) -> Secret | None:
        """Return the secret, None where `report` got an error.

        Codes: secret-unset, secret-empty, secret-not-text, secret-file-mode (a warning), those of files, and
        not-yet for kinds of reference that are not supported yet.
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
    if not text:
        report(error("secret-empty", f"{where} is empty", "Put the secret there."))
        return None
    if any("\ud800" <= c <= "\udfff" for c in text):
        report(error("secret-not-text", f"{where} is not UTF-8 text"))
        return None
    return Secret(text)
