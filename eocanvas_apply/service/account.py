"""Where the service is and who we are there: addresses and credentials, and the places where these are looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, UsageError
from eocanvas_apply.secrets.secret import Secret

DEFAULT_URL = "https://gateway.prod.wekeo2.eu/serverless"
# The service moved its log-in from the second path to the first in July 2026.
TOKEN_PATHS = ("/identity/gettoken", "/hda-broker/gettoken")
HDA_PATH = "/hda-broker"
HDA_VERSION = "/api/v1"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The base address of the service, the whole address of its log-in where the user names one, and the HDA's.

    `hda_url` is the part before `/api/v1`, by default `/hda-broker` on the service's host. Trailing slashes are
    dropped. Plain http goes to loopback only; anything else raises UsageError.
    """

    base_url: str = DEFAULT_URL
    token_url: str | None = None
    hda_url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _checked("EOCANVAS_URL", self.base_url))
        token_url = _checked("EOCANVAS_TOKEN_URL", self.token_url) if self.token_url else None
        object.__setattr__(self, "token_url", token_url)
        hda_url = _checked("HDA_URL", self.hda_url) if self.hda_url else self._beside(HDA_PATH)
        object.__setattr__(self, "hda_url", hda_url.removesuffix(HDA_VERSION))

    @property
    def token_urls(self) -> tuple[str, ...]:
        """The log-in addresses in the order they are tried; a later one counts when the earlier is 404."""
        if self.token_url:
            return (self.token_url,)
        return tuple(map(self._beside, TOKEN_PATHS))

    @property
    def hda(self) -> Addresses:
        """The same account's addresses with the HDA as their base, so that paths and the token lead there."""
        return replace(self, base_url=self.hda_url + HDA_VERSION)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base: the only place that may see the token."""
        return origin_of(self.base_url)

    @property
    def service(self) -> str:
        """The name of the service for ledgers and plans: the base, its port left out on loopback."""
        parts = urlsplit(self.base_url)
        if not is_loopback(parts.hostname or ""):
            return self.base_url
        return f"{parts.scheme}://{_bracketed(parts.hostname or '')}{parts.path}"

    def _beside(self, path: str) -> str:
        base = urlsplit(self.base_url)
        return f"{base.scheme}://{base.netloc}{path}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The account that logs in; `origin` says in words where the credentials were found."""

    username: str
    password: Secret
    origin: str = "caller"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this very machine: localhost, 127.0.0.0/8, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Return `scheme://host:port` of an address, the port always written out, so that two can be compared."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{_bracketed((parts.hostname or '').lower())}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _checked(setting: str, url: str) -> str:
    text = url.strip().rstrip("/")
    fault = _fault(text)
    if fault:
        raise UsageError(error("bad-address", f"{setting} {fault}", f"Give one like {DEFAULT_URL}"))
    return text


def _fault(text: str) -> str | None:
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return f"is not an http(s) address: {text[:200]!r}"
    if parts.username or parts.password:
        return "must not hold a user name or password"
    if parts.query or parts.fragment:
        return f"must not hold ? or #: {text[:200]!r}"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return f"is plain http to {parts.hostname}; only https is allowed beyond this machine"
    return None


def _split(text: str) -> SplitResult | None:
    if any(c.isspace() or not c.isprintable() for c in text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


FILE = ".hdarc"


def find_credentials(environ: Mapping[str, str], home: Path) -> Credentials:
    """Return user name and password with the place they came from; raise CredentialsError that says where we looked.

    In this order: HDA_USER with HDA_PASSWORD, the file that HDA_RC names, `$EOCANVAS_CONFIG_DIR/.hdarc`,
    `~/.hdarc`. A file has lines `user: ...` and `password: ...`; other lines are ignored.
    """
    user, password = environ.get("HDA_USER", ""), environ.get("HDA_PASSWORD", "")
    if user and password:
        return Credentials(user, Secret(password), "environment")
    if user or password:
        missing, given = ("HDA_PASSWORD", "HDA_USER") if user else ("HDA_USER", "HDA_PASSWORD")
        raise _missing(f"{given} is set, but {missing} is not", f"Set {missing} too, or unset {given}.")
    for path, shown, required in _files(environ, home):
        if required or _is_there(path):
            return _from_file(path, shown)
    places = ", ".join(("HDA_USER and HDA_PASSWORD", "HDA_RC", *(f"the file {s}" for _, s, _ in _files(environ, home))))
    raise _missing(f"no credentials of a WEkEO account; looked for {places}", "Set HDA_USER and HDA_PASSWORD.")


def _files(environ: Mapping[str, str], home: Path) -> Iterator[tuple[Path, str, bool]]:
    named, folder = environ.get("HDA_RC", ""), environ.get("EOCANVAS_CONFIG_DIR", "")
    if named:
        yield _under(named, home), f"{named} (HDA_RC)", True
    if folder:
        yield _under(folder, home) / FILE, f"{folder.rstrip('/')}/{FILE}", False
    yield home / FILE, f"~/{FILE}", False


def _under(written: str, home: Path) -> Path:
    return home / written[2:] if written.startswith("~/") else Path(written)


def _from_file(path: Path, shown: str) -> Credentials:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise _missing(f"the file {shown} cannot be read: {fault.strerror}", "Check the path.") from None
    except UnicodeDecodeError:
        raise _missing(f"the file {shown} is not UTF-8 text", "Save it as UTF-8.") from None
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.split("\n"))}
    absent = [name for name in ("user", "password") if not fields.get(name)]
    if absent:
        hint = "It needs the lines `user: NAME` and `password: PASSWORD`."
        raise _missing(f"the file {shown} has no line {' and no line '.join(f'`{a}:`' for a in absent)}", hint)
    return Credentials(fields["user"], Secret(fields["password"]), shown)


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # reading it tells what is the matter
    return True


def _missing(message: str, hint: str) -> CredentialsError:
    return CredentialsError(error("credentials-missing", message, hint))
