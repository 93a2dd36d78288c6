"""Fenced blocks of a page that can be run: files to write, commands to run, lines that their output holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<kind>\w+)(?: (?P<info>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_HOLE = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. ``info`` is ``title=<file>`` or ``fails``; ``line`` is where it begins."""

    kind: str
    info: str
    body: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block that names a language."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(match["kind"], match["info"] or "", match["body"], text.count("\n", 0, match.start()) + 1)


def missing_line(expected: str, output: str) -> str:
    """The first expected line that the output does not hold, in this order; empty when all are there.

    ``…`` stands for anything on its line.
    """
    lines = iter(output.splitlines())
    for wanted in expected.splitlines():
        if not wanted.strip() or wanted.strip() == _HOLE:
            continue
        pattern = re.compile(".*".join(re.escape(part.strip(" ")) for part in wanted.split(_HOLE)))
        if not any(pattern.search(line) for line in lines):
            return wanted
    return ""
