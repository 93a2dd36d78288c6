"""Every code of a finding in a file that the source can give, found in its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tongmai.core.findings import AREAS
from tongmai.core.settings import product_root

_ROOMS = ("tongmai", "connectors", "mappings", "masterdata")
_WHOLE = re.compile(rf"({'|'.join(AREAS)})\.[a-z]+(-[a-z]+)*")
_PLAIN = re.compile(r"[a-z]+(-[a-z]+)*")
_CALLS = {"find": 1, "wrong": 1, "doubt": 1, "problem": 2, "_say": 2, "_find": 1}
"""Functions of the mapping language that note a mistake, and where its code stands among their arguments."""
_NO_CODES = frozenset({"mapping.test", "entity.yaml", "terms.yaml"})
"""An area, and names of files."""
_MODELS = ("unknown-key", "missing-key", "bad-value")


def finding_codes() -> dict[str, str]:
    """Code → where it first stands. What a model refuses, and codes made of a parameter's name, are counted too."""
    found: dict[str, str] = {}
    for room in _ROOMS:
        for file in sorted((product_root() / room).rglob("*.py")):
            if "core/findings" in file.as_posix() or "cli/reference" in file.as_posix():
                continue
            for code, line in _codes(file):
                found.setdefault(code, f"{file.relative_to(product_root())}:{line}")
    return found


def _codes(file: Path) -> Iterator[tuple[str, int]]:
    language = "mappings/language" in file.as_posix()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _WHOLE.fullmatch(node.value) and node.value not in _NO_CODES:
                yield node.value, node.lineno
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            yield from ((code, node.lineno) for code in _called(node, name, file.name, language))
        elif isinstance(node, ast.JoinedStr) and ast.unparse(node) == "f'{area}.guarantee'":
            yield "sync.guarantee", node.lineno


def _called(node: ast.Call, name: str, file: str, language: bool) -> Iterator[str]:
    if language and name in _CALLS and _CALLS[name] < len(node.args):
        area = "table" if file == "tables.py" else "mapping"
        yield from (f"{area}.{word}" for word in _words(node.args[_CALLS[name]]))
    if name == "_declared" and file == "special.py":
        yield from (f"mapping.unknown-{word}" for word in _words(node.args[2]))
    if name == "_finding" and file == "unused.py":
        yield from (f"{word}.unused" for word in _words(node.args[1]) if word != "mapping")
    if name == "check" and isinstance(node.func, ast.Attribute) and len(node.args) >= 3:
        area_node = node.args[2]
        if isinstance(area_node, ast.Constant) and str(area_node.value).partition(".")[0] in AREAS:
            yield from (f"{area_node.value}.{word}" for word in _MODELS)


def _words(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PLAIN.fullmatch(node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _words(node.body)
        yield from _words(node.orelse)
