"""Parse Python text into a syntax tree, one thread at a time."""

from __future__ import annotations

import ast
from threading import Lock

_lock = Lock()


def parse(text: str) -> ast.Module:
    """``ast.parse``. Python 3.11 miscounts its recursion when two threads build trees at once, and raises SystemError."""
    with _lock:
        return ast.parse(text)


def parse_expression(text: str) -> ast.expr:
    """``parse`` of one expression."""
    with _lock:
        return ast.parse(text, mode="eval").body
