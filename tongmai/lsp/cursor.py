"""Where the cursor is in a mapping file, by its text: nothing needs to parse while somebody types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["nowhere", "top-key", "head", "field", "expression", "list-argument", "list-item"]
_KEY = re.compile(r"^(\s*)(?:- )?([^\s#:'\"\[{][^:#]*?)\s*:(?:\s|$)")
_WORD = re.compile(r"[^\W]\w*$")
_CALL = re.compile(r"(\w+)\(\s*([^()]*)$")


@dataclass(frozen=True)
class Cursor:
    """What is asked for. ``kind`` top-key: a key of the mapping itself; head: the value of `from`, `to`, `extends`, …;
    field: a field name on the left; expression: the right side; list-argument: inside a function's brackets.

    ``word``: what is typed of it so far. ``key``: the key of the line. ``before``: the expression up to the word.
    ``function`` and ``argument``: the call and the number of its argument. ``inside``: the list whose line it is.
    """

    kind: Kind
    word: str = ""
    key: str = ""
    before: str = ""
    function: str = ""
    argument: int = 0
    inside: str = ""

    @property
    def after_pipe(self) -> bool:
        """Whether a function is expected."""
        return self.before.rstrip().endswith("|")


def at(text: str, line: int, column: int) -> Cursor:
    """The cursor at a line and column, both from 0."""
    lines = text.split("\n")
    current = lines[line] if line < len(lines) else ""
    typed = current[:column]
    if "#" in re.sub(r"'[^']*'|\"[^\"]*\"", "", typed):
        return Cursor("nowhere")
    path = _path(lines, line)
    found = _KEY.match(typed) or (_KEY.match(typed + " ") if typed.endswith(":") else None)
    if found is None:
        return _left(typed, path, current)
    key, value = found[2].strip(), typed[found.end() :]
    if not path and not found[1]:
        return Cursor("head", _last(value), key, value[: len(value) - len(_last(value))])
    if path[:1] != ["fields"] and "fields" not in path:
        return Cursor("list-item", _last(value), key)
    return _right(value, key, _list_of(path, key))


def _left(typed: str, path: list[str], current: str) -> Cursor:
    word = _last(typed)
    if not typed.strip().removeprefix("- ") or re.fullmatch(r"\s*(- )?[\w.]*", typed):
        if not path and not typed.startswith(" "):
            return Cursor("top-key", word)
        if (path and path[0] == "fields") or "fields" in path:
            return Cursor("field", word, inside=_list_of(path, ""))
        return Cursor("list-item", word, path[-1] if path else "")
    return _right(typed.strip(), "", _list_of(path, ""))


def _right(value: str, key: str, inside: str) -> Cursor:
    word = _last(value)
    before = value[: len(value) - len(word)]
    call = _CALL.search(before + word)
    if call is not None and call[1] != "field":
        return Cursor("list-argument", word, key, before, call[1], call[2].count(","), inside)
    return Cursor("expression", word, key, before, inside=inside)


def _last(typed: str) -> str:
    found = _WORD.search(typed)
    return found[0] if found else ""


def _path(lines: list[str], line: int) -> list[str]:
    """The keys that the line stands under, outermost first, by their indentation."""
    own = lines[line] if line < len(lines) else ""
    depth = len(own) - len(own.lstrip()) if own.strip() else _blank_depth(lines, line)
    path: list[str] = []
    for above in reversed(lines[:line]):
        if not above.strip() or above.lstrip().startswith("#"):
            continue
        indent = len(above) - len(above.lstrip())
        found = _KEY.match(above) or _KEY.match(above + " ")
        if indent < depth and found is not None:
            path.insert(0, found[2].strip())
            depth = indent
        if depth == 0:
            break
    return path


def _blank_depth(lines: list[str], line: int) -> int:
    own = lines[line] if line < len(lines) else ""
    return len(own)


def _list_of(path: list[str], key: str) -> str:
    """The field of type lines whose line the cursor is in: ``fields: lines: fields: …``."""
    inner = path[1:] if path[:1] == ["fields"] else path
    return inner[0] if len(inner) > 1 and "fields" in inner[1:] else ""
