"""Where the service is, where a link that it gives leads, and which addresses may get the token."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ServiceError, UsageError
from eocanvas_apply.web_addresses import is_loopback, split_address

DEFAULT_URL = "https://gateway.prod.wekeo2.eu/serverless"
# The service moved its log-in from the second path to the first in July 2026.
TOKEN_PATHS = ("/identity/gettoken", "/hda-broker/gettoken")
HDA_PATH = "/hda-broker"
HDA_VERSION = "/api/v1"


class Endpoints(Struct, frozen=True):
    """The base address of the service, the whole address of its log-in where the user names one, and the HDA's.

    `hda_url` is the part before `/api/v1`, by default `/hda-broker` on the service's host. Trailing slashes are
    dropped. Plain http goes to loopback only; anything else raises UsageError.
    """

    base_url: str = DEFAULT_URL
    token_url: str | None = None
    hda_url: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "base_url", _checked("EOCANVAS_URL", self.base_url))
        force_setattr(self, "token_url", self.token_url and _checked("EOCANVAS_TOKEN_URL", self.token_url))
        hda_url = _checked("HDA_URL", self.hda_url) if self.hda_url else self._beside(HDA_PATH)
        force_setattr(self, "hda_url", hda_url.removesuffix(HDA_VERSION))

    @property
    def token_urls(self) -> tuple[str, ...]:
        """The log-in addresses in the order they are tried; a later one counts when the earlier is 404."""
        if self.token_url:
            return (self.token_url,)
        return tuple(map(self._beside, TOKEN_PATHS))

    @property
    def hda(self) -> Endpoints:
        """The same account's addresses with the HDA as their base, so that paths and the token lead there."""
        return replace(self, base_url=self.hda_url + HDA_VERSION)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base: the only place that may see the token."""
        return origin_of(self.base_url)

    def is_own(self, url: str) -> bool:
        """Return whether an address has the service's own scheme, host and port, so that the token may go there."""
        return origin_of(url) == self.origin

    def own(self, link: str) -> str:
        """Return the whole address of a path or link of the service; raise ServiceError if it leads elsewhere."""
        url = self.resolved(link)
        if self.is_own(url):
            return url
        message = f"the service links to {origin_of(url)}, which is not {self.origin}"
        raise _foreign(message, "Lists are followed on the service's own host only.")

    def same_path(self, link: str, path: str) -> str | None:
        """Return the whole address of a link that leads to this path of the service, None for any other link."""
        try:
            url = self.own(link)
        except ServiceError:
            return None
        return url if urlsplit(url).path.rstrip("/") == urlsplit(self.base_url).path + path else None

    def resolved(self, link: str) -> str:
        """Return the whole address of a path or link, of whatever host.

        Links come absolute or relative to the base address. Raises ServiceError for what is not https; plain http
        goes to loopback only, and only from a service that is there itself.
        """
        base = urlsplit(self.base_url)
        parts = split_address(link)
        if parts is None:
            raise _foreign("the service gave an address that cannot be read")
        if not parts.scheme and not parts.netloc:
            whole_path = base.path and link.startswith(base.path + "/")
            return self.origin + link if whole_path else f"{self.base_url}/{link.removeprefix('/')}"
        parts = parts._replace(scheme=parts.scheme or base.scheme)
        if parts.scheme == "http" and parts.hostname == base.hostname and parts.port in (None, 80, base.port):
            # A service behind a proxy that ends TLS writes its own links with http.
            parts = parts._replace(scheme=base.scheme, netloc=base.netloc)
        host = parts.hostname or ""
        if not host or parts.scheme not in ("http", "https"):
            raise _foreign(f"the service gave an address that is not http(s): {parts.scheme}://{host}")
        if parts.scheme == "http" and not (is_loopback(host) and is_loopback(base.hostname or "")):
            raise _foreign(f"the service links to {host} by plain http, which is allowed to this machine only")
        return parts.geturl()

    def _beside(self, path: str) -> str:
        base = urlsplit(self.base_url)
        return f"{base.scheme}://{base.netloc}{path}"


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
    parts = None if any(c.isspace() or not c.isprintable() for c in text) else split_address(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return f"is not an http(s) address: {text[:200]!r}"
    if parts.username or parts.password:
        return "must not hold a user name or password"
    if parts.query or parts.fragment:
        return f"must not hold ? or #: {text[:200]!r}"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return f"is plain http to {parts.hostname}; only https is allowed beyond this machine"
    return None


def _foreign(message: str, hint: str = "Nothing was sent there; report it to the service.") -> ServiceError:
    return ServiceError(error("foreign-link", message, hint))
