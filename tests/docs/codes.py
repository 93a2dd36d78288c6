"""Every error code that the source can give, found in its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tongmai.core.settings import product_root

ROOMS = ("tongmai", "connectors", "mappings", "masterdata")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(-?…)?")
_POSITION = {"BadValueError": 0, "Issue": 1, "distrust": 3, "RefusedError": 1, "Refused": 1}


def codes_in_source() -> dict[str, str]:
    """Code → where it first stands. A computed code ends with ``…``: ``http-…``."""
    found: dict[str, str] = {}
    for room in ROOMS:
        for file in sorted((product_root() / room).rglob("*.py")):
            # What a simulated system says is not ours; what is wrong with its file is.
            simulated = file.name.startswith("simulator") or "testing/declared" in file.as_posix()
            for code, line in _codes(file, simulated):
                found.setdefault(code, f"{file.relative_to(product_root())}:{line}")
    return found


def _codes(file: Path, simulated: bool) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from ((code, node.lineno) for code in _texts(keyword.value))
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            position = _POSITION.get(name, -1)
            if 0 <= position < len(node.args) and not simulated:
                yield from ((code, node.lineno) for code in _texts(node.args[position]))
            if name == "append" and not simulated and node.args and isinstance(node.args[0], ast.Tuple):
                yield from ((code, node.lineno) for code in _texts(node.args[0].elts[0]))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("default_code", "code"):
            yield from ((code, node.lineno) for code in _texts(node.value))


def _texts(node: ast.expr) -> Iterator[str]:
    """The words an expression may give: a constant, both sides of a choice, an f-string's beginning."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _CODE.fullmatch(node.value):
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        family = f"{node.values[0].value}…"
        if _CODE.fullmatch(family):
            yield family
