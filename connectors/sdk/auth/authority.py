"""What every kind of authentication does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from connectors.sdk.outgoing import Outgoing


class Authority(Protocol):
    """Puts credentials on requests. Several threads may use one at once."""

    def ready(self, request: Outgoing) -> None:
        """Fetch what signing this request needs: a call that counts already must not wait for a login."""
        ...

    def sign(self, request: Outgoing) -> str:
        """Put credentials on this request for this try; gives the mark of the token used, "" if there is none.

        Signing twice replaces what the first time put on. A request to another host than the connection's own is left
        as it is. The mark is no secret.
        """
        ...

    def refused(self, used: str) -> bool:
        """The system refused the token of that mark: get another. False when there is nothing to renew.

        However many callers saw the same token refused, it is renewed once.
        """
        ...

    def close(self) -> None:
        """The connection is closed: a session that nobody else uses is ended where the manifest says how."""
        ...


class Fixed:
    """The part that authorities without a token share."""

    def ready(self, request: Outgoing) -> None:
        """There is nothing to fetch."""

    def refused(self, used: str) -> bool:
        """There is nothing to renew."""
        return False

    def close(self) -> None:
        """There is nothing to end."""


class Only:
    """An authority for some paths: other requests are left as they are."""

    def __init__(self, paths: Sequence[str], inner: Authority, path_of: Callable[[Outgoing], str]) -> None:
        self._paths = paths
        self._inner = inner
        self._path_of = path_of

    def ready(self, request: Outgoing) -> None:
        if self._for(request):
            self._inner.ready(request)

    def sign(self, request: Outgoing) -> str:
        return self._inner.sign(request) if self._for(request) else ""

    def refused(self, used: str) -> bool:
        return self._inner.refused(used)

    def close(self) -> None:
        self._inner.close()

    def _for(self, request: Outgoing) -> bool:
        path = self._path_of(request)
        return any(fnmatchcase(path, each) for each in self._paths)


_BETWEEN = "+"


class Combined:
    """Several authorities, in order."""

    def __init__(self, parts: Sequence[Authority]) -> None:
        self._parts = parts

    def ready(self, request: Outgoing) -> None:
        for part in self._parts:
            part.ready(request)

    def sign(self, request: Outgoing) -> str:
        marks = [part.sign(request) for part in self._parts]
        return _BETWEEN.join(marks) if any(marks) else ""

    def refused(self, used: str) -> bool:
        marks = used.split(_BETWEEN) if used else [""] * len(self._parts)
        return any([part.refused(mark) for part, mark in zip(self._parts, marks, strict=True)])

    def close(self) -> None:
        for part in self._parts:
            part.close()
