"""Where a path or a link of the service leads, and whether we may go there at all."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.service.account import Addresses, is_loopback, origin_of


def is_own(addresses: Addresses, url: str) -> bool:
    """Tell whether an address has the service's own scheme, host and port, so that the token may go there."""
    return origin_of(url) == addresses.origin


def own(addresses: Addresses, link: str) -> str:
    """Return the whole address of a path or link of the service; raise ServiceError if it leads elsewhere."""
    url = resolved(addresses, link)
    if is_own(addresses, url):
        return url
    message = f"the service links to {origin_of(url)}, which is not {addresses.origin}"
    raise _foreign(message, "Lists are followed on the service's own host only.")


def resolved(addresses: Addresses, link: str) -> str:
    """Return the whole address of a path or link, of whatever host.

    Links come absolute or relative to the base address. Raises ServiceError for what is not https (plain http
    goes to loopback only).
    """
    base = urlsplit(addresses.base_url)
    parts = _split(link)
    if not parts.scheme and not parts.netloc:
        return _below(addresses, base, link)
    parts = parts._replace(scheme=parts.scheme or base.scheme)
    if parts.scheme == "http" and parts.hostname == base.hostname and parts.port in (None, 80, base.port):
        # A service behind a proxy that ends TLS writes its own links with http.
        parts = parts._replace(scheme=base.scheme, netloc=base.netloc)
    _check(parts)
    return parts.geturl()


def _below(addresses: Addresses, base: SplitResult, link: str) -> str:
    if base.path and link.startswith(base.path + "/"):
        return addresses.origin + link
    return addresses.base_url + (link if link.startswith("/") else "/" + link)


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError:
        raise _foreign("the service gave an address that cannot be read") from None
    return parts


def _check(parts: SplitResult) -> None:
    host = parts.hostname or ""
    if not host or parts.scheme not in ("http", "https"):
        raise _foreign(f"the service gave an address that is not http(s): {parts.scheme}://{host}")
    if parts.scheme == "http" and not is_loopback(host):
        raise _foreign(f"the service links to {host} by plain http, which is allowed to this machine only")


def _foreign(message: str, hint: str = "Nothing was asked there; report it to the service.") -> ServiceError:
    return ServiceError(error("foreign-link", message, hint))
