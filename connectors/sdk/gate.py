"""A gate before every write on the wire: whoever may no longer act is stopped even between two calls of one write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_gate: ContextVar[Callable[[], None] | None] = ContextVar("gate", default=None)


@contextmanager
def gated(check: Callable[[], None]) -> Iterator[None]:
    """Within, ``check`` is called before each write is sent, in this thread; it raises to stop it."""
    token = _gate.set(check)
    try:
        yield
    finally:
        _gate.reset(token)


def pass_gate() -> None:
    """Called by clients right before a write goes out."""
    check = _gate.get()
    if check is not None:
        check()
