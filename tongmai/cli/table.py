"""Columns of text on a terminal, also where Chinese characters take two places."""

from __future__ import annotations

from collections.abc import Sequence

from tongmai.core.text import width

WIDEST = 48


def aligned(rows: Sequence[Sequence[str]], widest: int = WIDEST) -> list[str]:
    """Rows as lines, each column as wide as its widest cell; what is wider than ``widest`` is cut, but in the last column."""
    cells = [[*(cut(cell, widest) for cell in row[:-1]), cut(row[-1], 2 * widest)] for row in rows]
    wide = [max(width(row[column]) for row in cells) for column in range(len(cells[0]))] if cells else []
    return ["  ".join(cell + " " * (wide[at] - width(cell)) for at, cell in enumerate(row)).rstrip() for row in cells]


def cut(text: str, widest: int) -> str:
    """Text that takes no more than ``widest`` columns."""
    if width(text) <= widest:
        return text
    kept, used = "", 1
    for char in text:
        used += width(char)
        if used > widest:
            break
        kept += char
    return kept + "…"
