"""One HTTP request before it is sent: what the engine builds, authorities sign and the client sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit


@dataclass
class Outgoing:
    """A request. ``path`` is relative to the connection's ``base_url``, or a whole URL.

    ``template`` is the path as the manifest writes it (``/accounts/{key}``): what logs and counts show, since a path
    may hold keys. Whoever sends a request several times signs a ``copy`` each time.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    template: str = ""

    def copy(self) -> Outgoing:
        """A request of its own, to be signed and sent once."""
        return Outgoing(self.method, self.path, list(self.query), dict(self.headers), self.body, self.template)

    @property
    def absolute(self) -> bool:
        """Whether ``path`` is a whole URL."""
        return self.path[:8].lower().startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        """The request's path for people: without query, so without secrets in it; with its host when it names one."""
        if self.template:
            return self.template
        plain = self.path.partition("?")[0]
        return f"//{urlsplit(plain).netloc.rpartition('@')[2]}{urlsplit(plain).path}" if self.absolute else plain

    def header(self, name: str) -> str:
        """A header's value, whatever the case of its name; empty when there is none."""
        return next((value for each, value in self.headers.items() if each.lower() == name.lower()), "")

    def set_header(self, name: str, value: str) -> None:
        """Set a header in place of any of that name."""
        for each in [each for each in self.headers if each.lower() == name.lower()]:
            del self.headers[each]
        self.headers[name] = value

    def set_query(self, name: str, value: str) -> None:
        """Set a query parameter in place of any of that name."""
        self.query = [pair for pair in self.query if pair[0] != name] + [(name, value)]

    def url(self, base: str) -> str:
        """The whole URL. Spaces are ``%20``: a ``+`` means a plus to some servers."""
        url = self.path if self.absolute else f"{base}/{self.path.lstrip('/')}"
        if not self.query:
            return url
        query = urlencode(self.query, quote_via=quote, safe="$")
        return f"{url}{'&' if '?' in url else '?'}{query}"
