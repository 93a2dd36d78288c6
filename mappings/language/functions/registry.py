"""What a function of the language is: the checker, the compiler, the reference page and the tests all read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tongmai.core.text import Text

ParameterKind = Literal["value", "text", "word", "flag", "pattern"]
Check = Callable[[Mapping[str, list[str]]], Text | None]
"""From parameter names to the words given, to what is wrong or None."""
ONE = ("text", "number", "integer", "boolean", "date", "datetime", "uscc", "phone", "email", "url", "term")
TEXTUAL = ("text", "number", "integer", "uscc", "phone", "email", "url", "term")
NUMERIC = ("text", "number", "integer")
DAY = ("text", "date")
MOMENT = ("text", "date", "datetime")
ITEMS = ("list", "lines")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument after the piped value.

    ``value``: an expression, whose static kind is among ``takes`` (empty: any); ``text``: a quoted text; ``word``: a
    bare name, among ``choices`` if there are any; ``flag``: a word that is there or not; ``pattern``: a quoted
    regular expression, checked when the mapping is.
    """

    name: str
    kind: ParameterKind
    required: bool = True
    many: bool = False
    keyword: bool = False
    choices: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """An expression, the record it is given, and what it gives (as canonical values)."""

    expression: str
    given: dict[str, Any]
    gives: Any


@dataclass(frozen=True, slots=True)
class Function:
    """One function. ``takes``: static kinds of the piped value that make sense (empty: anything).

    ``gives``: the static kind of the result; `same` is the kind of the piped value, empty is unknown. ``call``: what
    runs, by its name in the generated code; None where the compiler writes the code itself. ``notes``: it may leave a
    finding behind and give nothing. ``direction``: `in`, `out` or `both`. ``library``: the distribution whose data
    decides the result; its version is part of a mapping's digest. ``check``: what is wrong with words and quoted texts
    that are right one by one.
    """

    name: str
    parameters: tuple[Parameter, ...]
    takes: tuple[str, ...]
    gives: str
    doc: Text
    example: Example
    call: Callable[..., Any] | None = None
    notes: bool = False
    direction: Literal["in", "out", "both"] = "both"
    library: str = ""
    check: Check | None = None

    @property
    def signature(self) -> str:
        """The function as it is written, with its parameters' names."""
        shown = []
        for each in self.parameters:
            text = f'"{each.name}"' if each.kind in ("text", "pattern") else each.name
            text = "|".join(each.choices) if 0 < len(each.choices) <= 4 else text
            text = f"{each.name}=…" if each.keyword else text + ("…" if each.many else "")
            shown.append(text if each.required else f"[{text}]")
        return f"{self.name}({', '.join(shown)})" if shown else self.name


class Topic:
    """A group of functions of one module, in the order they are declared; ``title`` is its heading in the reference."""

    def __init__(self, title: Text) -> None:
        self.title = title
        self.functions: list[Function] = []

    def add(
        self,
        takes: tuple[str, ...],
        gives: str,
        doc: Text,
        example: Example,
        *parameters: Parameter,
        name: str = "",
        notes: bool = False,
        library: str = "",
        check: Check | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare the decorated function as one of the language, under its own name unless ``name`` says another."""

        def declare(call: Callable[..., Any]) -> Callable[..., Any]:
            known = name or call.__name__
            self.functions.append(
                Function(known, parameters, takes, gives, doc, example, call, notes=notes, library=library, check=check)
            )
            return call

        return declare

    def __call__(self, function: Function) -> None:
        """Add a function that is declared in full."""
        self.functions.append(function)


def value(name: str, *takes: str, required: bool = True, many: bool = False) -> Parameter:
    """An argument that is an expression."""
    return Parameter(name, "value", required, many, takes=takes)


def count(name: str, *, required: bool = True) -> Parameter:
    """An argument that is a whole number."""
    return value(name, "integer", "number", "text", required=required)


def quoted(name: str, *, required: bool = True, keyword: bool = False) -> Parameter:
    """An argument that is a quoted text."""
    return Parameter(name, "text", required, keyword=keyword)


def word(name: str, *choices: str, required: bool = True, many: bool = False) -> Parameter:
    """An argument that is a bare name."""
    return Parameter(name, "word", required, many, choices=choices)
