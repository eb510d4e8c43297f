"""Where secrets come from: the environment, files, commands, keyrings and files encrypted with SOPS.

Each failure is a diagnostic that names the reference, and never holds a value.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import other_readers, read_bytes, read_own
from eocanvas_apply.secrets.commands import SecretCommands
from eocanvas_apply.secrets.keyring_entries import keyring_entry
from eocanvas_apply.secrets.mistakes import mistake_in
from eocanvas_apply.secrets.secret import Secret, is_text, stray_characters, without_mark
from eocanvas_apply.secrets.secret_references import (
    CommandReference,
    EnvReference,
    FileReference,
    KeyringReference,
    SecretReference,
    SopsReference,
)

_AT_ONCE = 8


class Resolved(Struct, frozen=True):
    """What a reference leads to: the secret, None with an error among the diagnostics."""

    secret: Secret | None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretSources:
    """The places of one run. Paths are relative to `folder`, the manifest's own.

    Files that the manifest names lie there, or below `allowed_paths`; one that a variable names lies anywhere.
    Commands run only with `commands_allowed`; `to_allow` says to a person how to allow them.
    """

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    commands_allowed: bool = False
    to_allow: str = "allow them with --allow-commands"
    allowed_paths: tuple[Path, ...] = ()
    commands: SecretCommands = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "commands", SecretCommands(self.folder, self.environ))

    def resolve_all(self, references: Iterable[SecretReference]) -> dict[SecretReference, Resolved]:
        """Resolve each distinct reference once, several at a time; an interruption ends the commands that run."""
        distinct = list(dict.fromkeys(references))
        with ThreadPoolExecutor(_AT_ONCE, "secrets") as pool:
            try:
                return dict(zip(distinct, pool.map(self.resolve, distinct), strict=True))
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """End the commands that run, and wait for no keyring."""
        self.commands.stop()

    def resolve(self, reference: SecretReference) -> Resolved:
        """Return the secret or why there is none.

        Codes: secret-unset, secret-empty, secret-not-text, secret-whitespace, secret-command,
        secret-command-not-allowed, secret-keyring, secret-sops, those of files, and the warnings secret-file-mode and
        secret-looks-wrong.
        """
        found: list[Diagnostic] = []
        try:
            return Resolved(_checked(*self._read(reference, found.append), found.append), tuple(found))
        except ManifestError as fault:
            return Resolved(None, (*found, *fault.diagnostics))

    def _read(self, reference: SecretReference, report: Callable[[Diagnostic], None]) -> tuple[str, str]:
        """Return a text, and where it stood in words."""
        match reference:
            case EnvReference(env=name):
                return self._variable(name), f"the environment variable {name}"
            case FileReference(file=file):
                path = self._variable(file.env) if isinstance(file, EnvReference) else file
                return self._file(path, report, own=path is not file), f"the file {path!r}"
            case CommandReference(command=command):
                printed = self._printed(command)
                where = f"the output of the command {command[0]!r}"
                return _without_newline(_decoded(printed, where)), where
            case KeyringReference(keyring=(service, user)):
                return keyring_entry(
                    service, user, self.commands.stopped
                ), f"the keyring entry of {user!r} for {service!r}"
            case SopsReference(sops=path, at=at):
                return self._sops_value(path, at), f"the value {at!r} of {path!r}"

    @property
    def _boundary(self) -> Boundary:
        return Boundary(self.folder, self.allowed_paths)

    def _variable(self, name: str) -> str:
        text = self.environ.get(name)
        if text is None:
            raise ManifestError(error("secret-unset", f"the environment variable {name} is not set", f"Set {name}."))
        if not text:
            raise ManifestError(_empty(f"the environment variable {name}"))
        return text

    def _file(self, path: str, report: Callable[[Diagnostic], None], *, own: bool) -> str:
        """Return the text of a file; `own` says that the person named it."""
        content = read_own(path, self.folder) if own else read_bytes(path, self._boundary)
        if readers := other_readers(path, self.folder):
            message = f"{readers} can read the file {path!r}"
            report(warning("secret-file-mode", message, f"chmod 600 {path}"))
        return _without_newline(_decoded(content, f"the file {path!r}"))

    def _printed(self, command: tuple[str, ...]) -> bytes:
        if not self.commands_allowed:
            # A person who can change the manifest could run anything as the one who plans it.
            message = f"the command {command[0]!r} is not run: a manifest alone may run nothing"
            raise ManifestError(error("secret-command-not-allowed", message, self.to_allow))
        return self.commands.output(command)

    def _sops_value(self, path: str, at: str) -> str:
        try:
            from eocanvas_apply.secrets.sops_files import SopsFile, age_identities
        except ImportError:
            hint = "pip install 'eocanvas-apply[sops]'"
            message = "reading a SOPS file needs the package pyrage, which is not installed"
            raise ManifestError(error("secret-sops", message, hint)) from None
        text, where = self._age_keys()
        try:
            identities = age_identities(text)
        except ValueError:
            hint = "each line is one key, AGE-SECRET-KEY-1..., or a comment"
            raise ManifestError(error("secret-sops", f"{where} holds a line that is no age key", hint)) from None
        return SopsFile(path, read_bytes(path, self._boundary)).value(at, identities)

    def _age_keys(self) -> tuple[str, str]:
        """Return the text of the person's age keys, where SOPS looks for them, and where it stood in words."""
        if text := self.environ.get("SOPS_AGE_KEY"):
            return text, "SOPS_AGE_KEY"
        named = self.environ.get("SOPS_AGE_KEY_FILE")
        file = Path(named) if named else _sops_folder(self.environ) / "age" / "keys.txt"
        if not named and not file.exists():
            return "", ""
        where = f"the file {file}" + (", which SOPS_AGE_KEY_FILE names," if named else "")
        try:
            return _decoded(read_own(str(file), Path()), where), where
        except ManifestError as fault:
            why = f"the age keys cannot be read: {fault.diagnostics[0].message}"
            hint = "SOPS_AGE_KEY_FILE names their file; a relative path is relative to the working folder"
            raise ManifestError(error("secret-sops", why, hint if named else "")) from None


def _sops_folder(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "")
    if sys.platform == "win32":
        return Path(environ.get("APPDATA", "")) / "sops"
    if environ.get("XDG_CONFIG_HOME"):
        return Path(environ["XDG_CONFIG_HOME"]) / "sops"
    return home / ("Library/Application Support" if sys.platform == "darwin" else ".config") / "sops"


def _empty(where: str) -> Diagnostic:
    return error("secret-empty", f"{where} is empty", "Put the secret there.")


def _without_newline(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ManifestError(error("secret-not-text", f"{where} is not UTF-8 text")) from None


def _checked(text: str, where: str, report: Callable[[Diagnostic], None]) -> Secret:
    text = without_mark(text)
    if not text:
        raise ManifestError(_empty(where))
    if not is_text(text):
        raise ManifestError(error("secret-not-text", f"{where} is not UTF-8 text"))
    if fault := stray_characters(text):
        hint = "The storage takes it as a part of the secret. Remove it."
        raise ManifestError(error("secret-whitespace", f"{where} {fault}", hint))
    if mistake := mistake_in(text):
        report(warning("secret-looks-wrong", f"{where} looks like {mistake.words}", mistake.hint))
    return Secret(text)
