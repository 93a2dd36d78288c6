"""Lists of a declared simulator: filters, order, pages."""

from __future__ import annotations

import json
import operator
from typing import Any
from urllib.parse import parse_qs

from connectors.sdk import moment, places
from connectors.testing.declared.model import Listing, Object, Simulated
from connectors.testing.declared.refused import RefusedError
from connectors.testing.simulator import Reply, Request, State, json_reply

Row = dict[str, Any]
_PLACES = frozenset({"rows", "next", "total", "more"})


class Lists:
    """Answers the lists of every object."""

    def __init__(self, spec: Simulated, state: State) -> None:
        self._spec = spec
        self._state = state
        self._cursors: dict[str, tuple[float, Any]] = {}

    def which(self, request: Request) -> tuple[str, Listing] | None:
        """The object and list that a request asks for."""
        for name, spec in self._spec.objects.items():
            for listing in spec.lists:
                path = listing.get if request.method == "GET" else listing.post if request.method == "POST" else ""
                if path and request.path == path and not (request.method == "POST" and path == spec.create):
                    return name, listing
        return None

    def answer(self, request: Request, name: str, listing: Listing) -> Reply:
        """One page."""
        spec = self._spec.objects[name]
        asked = _asked(request)
        rows = self._chosen(name, spec, listing, asked)
        start, size, many = self._place(spec, listing, asked, rows)
        some = many[start : start + size]
        more = start + size < len(many)
        onward = self._onward(spec, listing, asked, some, start + size, request) if more and some else None
        scope = {"rows": some, "next": onward, "total": len(rows), "more": more}
        told = places.shape(listing.headers, _PLACES)(scope)
        headers = tuple((name, str(value)) for name, value in told.items())
        if listing.page.by == "link" and onward:
            headers = (*headers, ("Link", f'<{onward}>; rel="next"'))
        body = places.shape(listing.answer, _PLACES)(scope)
        return json_reply(body, headers=headers)

    def _chosen(self, name: str, spec: Object, listing: Listing, asked: Row) -> list[Row]:
        rows = list(self._state.tables[name].after(None))
        if spec.gone and not listing.deleted:
            rows = [row for row in rows if not row.get(spec.gone)]
        if listing.keys and asked.get(listing.keys):
            given = asked[listing.keys]
            wanted = {str(each) for each in (given if isinstance(given, list) else str(given).split(","))}
            rows = [row for row in rows if str(row[spec.key]) in wanted]
        for field in listing.filters:
            value = asked.get(field)
            value = listing.assumed.get(field, "") if value in (None, "") else str(value)
            if value and value != listing.any:
                rows = [row for row in rows if str(row.get(field)) == value]
        for parameter, keep in ((listing.since, operator.ge), (listing.until, operator.lt)):
            if parameter and asked.get(parameter) not in (None, ""):
                try:
                    limit = moment.read(asked[parameter], listing.form)
                except ValueError as error:
                    raise RefusedError("invalid", "bad_time", f"{parameter}: {error}") from None
                rows = [row for row in rows if keep(moment.read(row[spec.stamp], spec.form), limit)]
        if listing.order == "time":
            rows.sort(key=lambda row: self._sorting(spec, row))
        return rows

    def _sorting(self, spec: Object, row: Row) -> tuple[Any, Any]:
        return moment.read(row[spec.stamp], spec.form), row[spec.key]

    def _place(self, spec: Object, listing: Listing, asked: Row, rows: list[Row]) -> tuple[int, int, list[Row]]:
        """Where the page begins, how long it is, and in which rows."""
        page = listing.page
        size = _number(asked.get(page.size), page.default) if page.size else page.default
        if page.by == "none":
            return 0, len(rows), rows
        if page.clamp:
            size = min(size, page.most)
        if size < 1 or size > page.most:
            raise RefusedError("invalid", "page_size", f"{page.size} must be 1 to {page.most}")
        at = asked.get(page.at)
        match page.by:
            case "number":
                return (_number(at, page.first) - page.first) * size, size, rows
            case "offset":
                return _number(at, 0), size, rows
            case "last":
                left = [row for row in rows if at in (None, "") or str(row[spec.key]) > str(at)]
                return 0, size, left
            case _:
                return self._after(spec, listing, at, rows), size, rows

    def _after(self, spec: Object, listing: Listing, cursor: Any, rows: list[Row]) -> int:
        if cursor in (None, ""):
            return 0
        made, last = self._cursors.get(str(cursor), (0.0, None))
        lives = listing.page.lives
        if last is None or (lives is not None and made + lives.total_seconds() < self._state.clock.now()):
            raise RefusedError("invalid", "cursor", "the cursor is not known (any more)")
        place = (lambda row: self._sorting(spec, row)) if listing.order == "time" else (lambda row: (row[spec.key],))
        return next((at for at, row in enumerate(rows) if place(row) > tuple(last)), len(rows))

    def _onward(
        self, spec: Object, listing: Listing, asked: Row, some: list[Row], reached: int, request: Request
    ) -> Any:
        page = listing.page
        match page.by:
            case "number":
                return _number(asked.get(page.at), page.first) + 1
            case "offset":
                return reached
            case "last":
                return some[-1][spec.key]
        last = self._sorting(spec, some[-1]) if listing.order == "time" else (some[-1][spec.key],)
        mark = f"c{len(self._cursors) + 1:08x}"
        self._cursors[mark] = (self._state.clock.now(), last)
        if page.by == "cursor":
            return mark
        kept = "&".join(part for part in request.query.split("&") if part and not part.startswith(f"{page.at}="))
        return f"{request.path}?{kept}{'&' if kept else ''}{page.at}={mark}"


def _asked(request: Request) -> Row:
    asked: Row = {name: values[-1] for name, values in parse_qs(request.query).items()}
    if request.method == "POST" and request.body:
        try:
            body = json.loads(request.body)
        except ValueError:
            raise RefusedError("invalid", "bad_json", "the body is not JSON") from None
        asked.update(body if isinstance(body, dict) else {})
    return asked


def _number(value: Any, default: int) -> int:
    if value in (None, ""):
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise RefusedError("invalid", "number", f"`{value}` is no number") from None
