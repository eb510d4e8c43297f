"""The account that logs in, and the places where its user name and password are looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError
from eocanvas_apply.secrets.secret import Secret, stray_characters, without_mark

FILE = ".hdarc"


class Credentials(Struct, frozen=True):
    """The account that logs in; `origin` says in words where the credentials were found."""

    username: str
    password: Secret
    origin: str = "caller"


def find_credentials(environ: Mapping[str, str], home: Path | None) -> Credentials:
    """Return user name and password with the place they came from; raise CredentialsError that says where we looked.

    In this order: HDA_USER with HDA_PASSWORD, the file that HDA_RC names, `$EOCANVAS_CONFIG_DIR/.hdarc`,
    `~/.hdarc`. A file has lines `user: ...` and `password: ...`; other lines are ignored. Without a `home` no file
    is looked for there.
    """
    user, password = environ.get("HDA_USER", ""), environ.get("HDA_PASSWORD", "")
    if user and password:
        user, password = _whole("HDA_USER", user), _whole("HDA_PASSWORD", password)
        return Credentials(user, Secret(password), "environment")
    if user or password:
        missing, given = ("HDA_PASSWORD", "HDA_USER") if user else ("HDA_USER", "HDA_PASSWORD")
        raise _missing(f"{given} is set, but {missing} is not", f"Set {missing} too, or unset {given}.")
    for path, shown, required in _files(environ, home):
        if found := _from_file(path, shown, required=required):
            return found
    places = ", ".join(("HDA_USER and HDA_PASSWORD", "HDA_RC", *(f"the file {s}" for _, s, _ in _files(environ, home))))
    hint = "Set HDA_USER and HDA_PASSWORD. Without an account, `eocanvas-apply emulator` serves an EOCanvas here."
    raise _missing(f"no WEkEO credentials found; looked for {places}", hint)


def _whole(name: str, text: str) -> str:
    text = without_mark(text)
    if fault := stray_characters(text):
        raise _missing(f"the environment variable {name} {fault}", "Set it again without.")
    return text


def _files(environ: Mapping[str, str], home: Path | None) -> Iterator[tuple[Path, str, bool]]:
    named, folder = environ.get("HDA_RC", ""), environ.get("EOCANVAS_CONFIG_DIR", "")
    if named:
        yield _under(named, home), f"{named} (HDA_RC)", True
    if folder:
        yield _under(folder, home) / FILE, f"{folder.rstrip('/')}/{FILE}", False
    if home:
        yield home / FILE, f"~/{FILE}", False


def _under(written: str, home: Path | None) -> Path:
    return home / written[2:] if home and written.startswith("~/") else Path(written)


def _from_file(path: Path, shown: str, *, required: bool) -> Credentials | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        if isinstance(fault, FileNotFoundError | NotADirectoryError) and not required:
            return None
        raise _missing(f"the file {shown} cannot be read: {fault.strerror}", "Check the path.") from None
    except UnicodeDecodeError:
        raise _missing(f"the file {shown} is not UTF-8 text", "Save it as UTF-8.") from None
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.split("\n"))}
    absent = [name for name in ("user", "password") if not fields.get(name)]
    if absent:
        hint = "It needs the lines `user: NAME` and `password: PASSWORD`."
        raise _missing(f"the file {shown} has no line {' and no line '.join(f'`{a}:`' for a in absent)}", hint)
    return Credentials(fields["user"], Secret(fields["password"]), shown)


def _missing(message: str, hint: str) -> CredentialsError:
    return CredentialsError(error("credentials-missing", message, hint))
