"""Where a connection may go: which hosts, and which network addresses behind their names.

A system's answer may name an address (a next page, an upload, a redirect). Followed blindly it leads to the hub's own
network (SSRF). So other hosts than the connection's own must be allowed by name, and what a name resolves to is looked at
before the connection is made to just that address.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from tongmai.core.errors import ConfigurationError, ProtocolError

_METADATA = ("169.254.0.0/16", "100.100.100.200/32", "fd00:ec2::254/128", "fe80::/10")
"""Where clouds tell a machine its own credentials, and everything link-local."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PUBLIC, _PRIVATE, _LOOPBACK, _METADATA_RANK = range(4)
_metadata = [ipaddress.ip_network(each) for each in _METADATA]

Origin = tuple[str, str, int]


def origin(url: str) -> Origin:
    """Scheme, host and port of a URL: what credentials belong to."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").rstrip("."), parts.port or (443 if scheme == "https" else 80)


def rank(address: str) -> int:
    """0 public, 1 private, 2 this machine, 3 link-local or a cloud's metadata service."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return rank(str(inner))
    if any(ip in network for network in _metadata):
        return _METADATA_RANK
    if ip.is_loopback or ip.is_unspecified:
        return _LOOPBACK
    return _PUBLIC if ip.is_global and not ip.is_multicast else _PRIVATE


class Addresses:
    """The policy of one connection.

    ``base_url`` is always allowed, ``allowed`` are further hosts (``*.example.com`` for all below). Addresses that are not
    public are refused, except of the kind that ``base_url`` itself had when first asked: a system in the company's network
    may name its neighbours, a public name that suddenly leads inside is refused. ``anything`` switches that look off.
    """

    def __init__(self, name: str, base_url: str, allowed: Iterable[str] = (), *, anything: bool = False) -> None:
        self._name = name
        self._base = base_url
        self._own = {origin(base_url)}
        self._allowed = tuple(str(each).lower() for each in allowed)
        self._anything = anything
        self._inside: int | None = None
        self._lock = threading.Lock()

    def trust(self, url: str) -> None:
        """Let calls go to this URL's host with credentials: an address that stands in the connection's settings."""
        self._own.add(origin(url))

    def own(self, url: str) -> bool:
        """Whether the URL is on a host that may see the connection's credentials."""
        return origin(url) in self._own

    def check(self, url: str, what: str) -> None:
        """Raise unless calls may go to this URL."""
        scheme, host, port = origin(url)
        if scheme not in ("http", "https") or not host or "@" in urlsplit(url).netloc:
            raise ProtocolError(what, "it names an address that is none", "see the system's answer", code="other-host")
        known = any(host == each[1] and port == each[2] for each in self._own if each[0] == scheme)
        if not known and not any(_matches(host, port, pattern) for pattern in self._allowed):
            allowed = ", ".join([*sorted({each[1] for each in self._own}), *self._allowed])
            raise ProtocolError(
                what,
                f"it leads to {scheme}://{host}:{port}; allowed: {allowed}",
                f"if that is right, add {host} to allowed_hosts of connection {self._name}",
                code="other-host",
            )
        if _literal(host):
            self.reachable(host, [host])

    def reachable(self, host: str, found: Sequence[str]) -> list[str]:
        """Of the addresses found for a host, those that may be connected to. Raises when there is none."""
        good = [each for each in found if self._anything or rank(each) == _PUBLIC or rank(each) <= self._base_rank()]
        if not good:
            raise ConfigurationError(
                f"{self._name}: {host}",
                f"its name leads to {', '.join(found)}, which is not a public address",
                f"if that is right, set private_addresses: allow for connection {self._name}",
                code="private-address",
            )
        return good

    def _base_rank(self) -> int:
        """The kind of network in which the connection's own system stands; found out once."""
        with self._lock:
            if self._inside is None:
                _, host, port = origin(self._base)
                try:
                    ranks = [rank(each) for each in resolve(host, port)]
                except OSError:
                    return _PUBLIC
                # A name may give a way to the metadata service no standing: only a literal address in base_url does.
                self._inside = min((each for each in ranks if each < _METADATA_RANK or _literal(host)), default=_PUBLIC)
            return self._inside


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order of the system's resolver."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _matches(host: str, port: int, pattern: str) -> bool:
    name, _, number = pattern.partition(":") if pattern.count(":") == 1 else (pattern, "", "")
    return fnmatchcase(host, name) and (not number or number == str(port))
