"""One walk through a list, page by page, and how to tell that rows moved while it was walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from connectors.sdk import places
from connectors.sdk.declared.caller import Caller, Heard
from connectors.sdk.declared.model import Page
from connectors.sdk.declared.request import Request
from connectors.sdk.declared.rows import listed
from connectors.sdk.declared.texts import ANSWER, READING
from connectors.sdk.expression import Expression, compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.lazy import plain
from connectors.sdk.quota import adopt, current_priority
from tongmai.core.errors import ConfigurationError, ProtocolError

_MOST_PAGES = 1_000_000
_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel\s*=\s*"?next"?', re.IGNORECASE)


@dataclass
class Walk:
    """What one walk saw. ``total``: how many rows the system says there are; ``moved``: that number changed meanwhile."""

    total: int | None = None
    moved: bool = False
    rows: int = 0
    pages: int = 0
    nothing: bool = False
    """A page had nothing where rows are expected, not even an empty list: no word on what there is."""
    first: int = -1
    """How many rows the first page had: a system may give fewer than it was asked for."""

    def note_total(self, total: Any) -> None:
        """Take down what a page says."""
        number = int(total) if isinstance(total, int) or (isinstance(total, str) and total.isdigit()) else None
        if number is None:
            return
        self.moved = self.moved or (self.total is not None and self.total != number)
        self.total = number


@dataclass
class Pager:
    """Walks one list of the manifest. ``key_of`` tells the key of a row, for overlaps and for paging by the last key."""

    caller: Caller
    request: Request
    rows: str
    page: Page | None
    key_path: str
    key_of: Any
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = ANSWER | self.caller.names
        self._rows = compile_expression(self.rows, self.names)
        page = self.page
        self._next = self._compiled(page.next if page else "")
        self._more = self._compiled(page.more if page else "")
        self._total = self._compiled(page.total if page else "")
        self._what = f"{self.caller.name}: {self.request.path}"

    def _compiled(self, text: str) -> Expression | None:
        return compile_expression(text, self.names) if text else None

    @property
    def steady(self) -> str:
        """How rows that move are noticed."""
        page = self.page
        if page is None:
            return "sorted"
        if page.by not in ("number", "offset"):
            return "repeat" if page.steady == "repeat" else "sorted"
        if page.steady:
            return page.steady
        if page.by == "offset" and page.parallel == 1:
            return "overlap"
        return "total" if page.total else "repeat"

    def walk(self, scope: dict[str, Any], walk: Walk) -> Iterator[tuple[list[Any], Heard]]:
        """Pages of rows in order. ``scope``: window, parent and settings."""
        page = self.page
        if page is None:
            heard = self.caller.call(self.request, scope)
            yield self._take(heard, walk), heard
            return
        size = self._size(page, scope)
        match page.by:
            case "number":
                yield from self._numbered(page, scope, walk, size)
            case "offset":
                yield from self._by_offset(page, scope, walk, size)
            case "last":
                yield from self._by_last(page, scope, walk, size)
            case _:
                yield from self._followed(page, scope, walk, size)

    def _take(self, heard: Heard, walk: Walk) -> list[Any]:
        found = self._rows(heard.scope)
        walk.nothing = walk.nothing or found is None
        rows = listed(found, self._what)
        walk.rows += len(rows)
        walk.pages += 1
        walk.first = len(rows) if walk.first < 0 else walk.first
        if self._total is not None:
            walk.note_total(self._total(heard.scope))
        return rows

    def _size(self, page: Page, scope: dict[str, Any]) -> int:
        size = page.size
        if isinstance(size, str):
            size = places.filling(size, READING | self.caller.names)(scope)
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ConfigurationError(
                self._what,
                f"a page size of `{size}` is not a whole number above 0",
                "correct the setting",
                code="page-size",
            )
        return size

    def _ends(self, heard: Heard, rows: list[Any], size: int, walk: Walk, reached: int = -1) -> bool:
        """Whether a page is the last one. ``reached``: how many places of the list have been asked for."""
        if self._more is not None:
            return self._more(heard.scope) not in (True, "true", 1, "1")
        if walk.total is not None and reached >= 0:
            return not rows or (walk.first == size and reached >= walk.total) or walk.rows >= walk.total
        # A first page that is short may be all there is, or all that the system gives at once: the next one tells.
        return len(rows) < min(walk.first, size) or not rows

    def _numbered(self, page: Page, scope: dict[str, Any], walk: Walk, size: int) -> Iterator[tuple[list[Any], Heard]]:
        first = 1 if page.first is None else int(page.first)

        def ask(number: int) -> Heard:
            place = {"number": number, "size": size, "offset": (number - first) * size}
            return self.caller.call(self.request, {**scope, "page": place})

        heard = ask(first)
        rows = self._take(heard, walk)
        yield rows, heard
        if page.parallel > 1 and walk.total is not None:
            numbers = range(first + 1, first + -(-walk.total // size))
            yield from self._together(ask, list(numbers), page.parallel, walk)
            return
        for number in range(first + 1, first + _MOST_PAGES):
            if self._ends(heard, rows, size, walk, (number - first) * size):
                return
            heard = ask(number)
            rows = self._take(heard, walk)
            yield rows, heard

    def _together(self, ask: Any, numbers: list[int], at_once: int, walk: Walk) -> Iterator[tuple[list[Any], Heard]]:
        """Pages asked for at once, given in order; never more than ``at_once`` ahead of what was taken."""
        with ThreadPoolExecutor(at_once, "page", adopt, (current_priority(),)) as pool:
            under_way = [pool.submit(ask, number) for number in numbers[:at_once]]
            for at in range(len(numbers)):
                heard = under_way.pop(0).result()
                if at + at_once < len(numbers):
                    under_way.append(pool.submit(ask, numbers[at + at_once]))
                yield self._take(heard, walk), heard

    def _by_offset(self, page: Page, scope: dict[str, Any], walk: Walk, size: int) -> Iterator[tuple[list[Any], Heard]]:
        first = 0 if page.first is None else int(page.first)
        overlap = self.steady == "overlap" and size > 1

        def ask(offset: int) -> Heard:
            place = {"offset": offset, "size": size, "number": offset // size + 1}
            return self.caller.call(self.request, {**scope, "page": place})

        if page.parallel > 1:
            heard = ask(first)
            yield self._take(heard, walk), heard
            offsets = list(range(first + size, first + (walk.total or 0), size))
            yield from self._together(ask, offsets, page.parallel, walk)
            return
        offset, last = first, ""
        for _ in range(_MOST_PAGES):
            heard = ask(offset)
            rows = self._take(heard, walk)
            if overlap and last and (not rows or self.key_of(rows[0]) != last) and offset > first:
                # Rows before this page went away, and all others moved up: begin a page earlier.
                offset, last = max(first, offset - size), ""
                continue
            yield rows, heard
            if self._ends(heard, rows, size, walk, offset - first + len(rows)) or (
                overlap and offset > first and len(rows) == 1
            ):
                return
            last = self.key_of(rows[-1]) if overlap else ""
            offset += len(rows) - (1 if overlap else 0)
        raise self._endless()

    def _by_last(self, page: Page, scope: dict[str, Any], walk: Walk, size: int) -> Iterator[tuple[list[Any], Heard]]:
        last = self._first(page, scope)
        for _ in range(_MOST_PAGES):
            heard = self.caller.call(self.request, {**scope, "page": {"last": last, "size": size}})
            rows = self._take(heard, walk)
            yield rows, heard
            if self._ends(heard, rows, size, walk):
                return
            reached = self.key_of(rows[-1], page.of) if page.of else self.key_of(rows[-1])
            if reached == last:
                raise self._endless()
            last = reached
        raise self._endless()

    def _followed(self, page: Page, scope: dict[str, Any], walk: Walk, size: int) -> Iterator[tuple[list[Any], Heard]]:
        """By cursor, by the next page's address in the answer, or by the Link header."""
        cursor, path = self._first(page, scope), ""
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            heard = self.caller.call(self.request, {**scope, "page": {"cursor": cursor, "size": size}}, path=path)
            rows = self._take(heard, walk)
            yield rows, heard
            if page.by == "link":
                found = _LINK.search(str(heard.scope["headers"].get("link") or ""))
                cursor = found.group(1) if found else None
            else:
                cursor = plain(self._next(heard.scope)) if self._next else None
            if cursor in (None, "", False) or (self._more is not None and self._ends(heard, rows, size, walk)):
                return
            mark = as_text(cursor)
            if mark in seen:
                raise self._endless()
            seen.add(mark)
            if page.by != "cursor":
                path = mark
        raise self._endless()

    def _first(self, page: Page, scope: dict[str, Any]) -> Any:
        if isinstance(page.first, str):
            return places.filling(page.first, READING | self.caller.names)(scope)
        return page.first

    def _endless(self) -> ProtocolError:
        return ProtocolError(
            self._what,
            "the same place comes again: the list does not end",
            "check `page` in the manifest against the vendor's documents",
            code="endless-list",
        )
