"""Parse Python text into a syntax tree, one thread at a time."""

from __future__ import annotations

import ast
from functools import lru_cache
from threading import Lock

_lock = Lock()


def parse(text: str) -> ast.Module:
    """``ast.parse``. Python 3.11 miscounts its recursion when two threads build trees at once, and raises SystemError."""
    with _lock:
        return ast.parse(text)


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> ast.expr:
    """``parse`` of one expression, remembered. Nobody changes a tree."""
    with _lock:
        return ast.parse(text, mode="eval").body


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """Every name that stands in Python text. Remembered: the same mappings are compiled again in every run."""
    return frozenset(node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name))
