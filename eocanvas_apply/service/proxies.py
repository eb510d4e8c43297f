"""The proxies of the environment, as httpx reads them; an entry of NO_PROXY that it cannot read is passed over.

httpx itself ends with InvalidURL for entries that other programs take, such as `[::1]` or a name outside ASCII.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from eocanvas_apply.web_addresses import is_loopback

Mounts = dict[str, httpx.AsyncBaseTransport | None]


def mounts(
    proxies: Mapping[str, str], addresses: Iterable[str], context: Callable[[], ssl.SSLContext], limits: httpx.Limits
) -> Mounts:
    """Return the transports of a client by pattern of httpx; None is a direct connection.

    `proxies` are as `environment_proxies` returns them, `addresses` those of the service; `context` gives the
    certificates to trust. Raises ValueError and ImportError for a proxy that cannot be used.
    """
    found: Mounts = {
        f"{scheme}://": httpx.AsyncHTTPTransport(verify=context(), proxy=address, limits=limits)
        for scheme, address in proxies.items()
        if scheme != "no"
    }
    direct = (_pattern(entry) for entry in proxies.get("no", "").split(","))
    # On loopback a proxy would be handed the token in clear.
    hosts = {urlsplit(address).hostname or "" for address in addresses}
    return found | dict.fromkeys([*filter(None, direct), *(f"all://{_bracketed(h)}" for h in hosts if is_loopback(h))])


def environment_proxies() -> Mapping[str, str]:
    """Return the proxies by scheme, `all` for every scheme, and NO_PROXY as `no`; nothing where NO_PROXY holds `*`."""
    given = getproxies()
    if "*" in (entry.strip() for entry in given.get("no", "").split(",")):
        return {}
    known = {scheme: given[scheme] for scheme in ("http", "https", "all", "no") if given.get(scheme)}
    return {scheme: text if "://" in text or scheme == "no" else f"http://{text}" for scheme, text in known.items()}


def proxy_of(url: str) -> str | None:
    """Return host and port of the proxy through which a request to this address goes, None for a direct one."""
    parts, given = urlsplit(url), environment_proxies()
    address, host = given.get(parts.scheme) or given.get("all"), parts.hostname or ""
    if not address or is_loopback(host) or proxy_bypass(host):
        return None
    return urlsplit(address).netloc.rpartition("@")[2]


def _pattern(entry: str) -> str | None:
    """Return the pattern of one entry of NO_PROXY, None for an entry that names no host: a suffix, or an address."""
    host = entry.strip()
    if not host or "://" in host:
        pattern = host
    elif _is_ip(host.strip("[]")):
        pattern = f"all://{_bracketed(host.strip('[]'))}"
    else:
        pattern = f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    try:
        return str(httpx.URL(pattern)) and pattern
    except httpx.InvalidURL:
        return None


def _is_ip(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
