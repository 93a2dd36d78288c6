"""Reading from the simulated system: queries with their pages, what was changed and deleted, descriptions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from typing import Any

from connectors.vendors.salesforce import simulator_soql as soql
from connectors.vendors.salesforce.simulator_data import Organisation, moment, stamp
from connectors.vendors.salesforce.simulator_fields import CHILDREN, KINDS, Field, Kind, kind
from connectors.vendors.salesforce.simulator_refused import RefusedError

Row = dict[str, Any]
_SMALLEST, _LARGEST = 200, 2000
_MOST_IDS = 600_000


class Queries:
    """Answers queries. A page's locator holds the ids found when the query was asked."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._open: dict[str, tuple[float, soql.Query, list[str], int]] = {}

    def ask(self, text: str, base: str, batch: int, everything: bool) -> Row:
        """The first page. ``base``: the path that addresses begin with."""
        query = self.parsed(text)
        keys = [row["Id"] for row in self.found(query, everything)]
        if query.count:
            return {"totalSize": len(keys), "done": True, "records": []}
        size = min(max(batch, _SMALLEST), _LARGEST)
        if len(keys) <= size:
            return {"totalSize": len(keys), "done": True, "records": self._shown(query, keys, base)}
        locator = f"01g5g{len(self._open) + 1:010d}AAA"
        self._open[locator] = (self._org.now(), query, keys, size)
        return self._page(locator, 0, base)

    def more(self, mark: str, base: str) -> Row:
        """The page of a locator."""
        locator, _, start = mark.partition("-")
        opened, _, keys, _ = self._open.get(locator, (0.0, None, [], 0))
        lives = float(self._org.state.switches["locator_minutes"]) * 60
        if not start.isdigit() or int(start) >= len(keys) or opened + lives < self._org.now():
            raise RefusedError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(locator, int(start), base)

    def object_of(self, mark: str) -> str:
        """The object that a locator's query asks for; empty when there is none."""
        known = self._open.get(mark.partition("-")[0])
        return known[1].kind.name if known else ""

    def parsed(self, text: str) -> soql.Query:
        """The query of a text."""
        return soql.parse(text, self._parent)

    def _page(self, locator: str, start: int, base: str) -> Row:
        _, query, keys, size = self._open[locator]
        end = start + size
        page: Row = {"totalSize": len(keys), "done": end >= len(keys)}
        if end < len(keys):
            page["nextRecordsUrl"] = f"{base}/query/{locator}-{end}"
        return {**page, "records": self._shown(query, keys[start:end], base)}

    def found(self, query: soql.Query, everything: bool, among: Iterable[Row] | None = None) -> list[Row]:
        """The rows that a query asks for, in its order."""
        rows = self._org.table(query.kind).after(None) if among is None else among
        chosen = [row for row in rows if (everything or not row.get("IsDeleted")) and query.holds(row)]
        for value, down, last in reversed(query.order):
            chosen.sort(key=cmp_to_key(lambda a, b, v=value, d=down, n=last: _order(v(a), v(b), d, n)))  # type: ignore[misc]
        end = None if query.limit is None else query.offset + query.limit
        return chosen[query.offset : end]

    def shown(self, query: soql.Query, row: Row, base: str) -> Row:
        """A record as an answer holds it."""
        made: Row = {"attributes": attributes(query.kind, row["Id"], base)}
        for path in query.paths:
            if len(path) == 1:
                known = query.kind.field(path[0])
                assert known is not None
                made[known.name] = row.get(known.name)
                continue
            link = query.kind.related(path[0])
            assert link is not None
            above = kind(link.target)
            far = self._parent(link.target, row.get(link.name) or "")
            assert above is not None
            known = above.field(path[1])
            assert known is not None
            if not far:
                made[link.relation] = None
            elif made.get(link.relation) is None:
                made[link.relation] = {
                    "attributes": attributes(above, far["Id"], base),
                    known.name: far.get(known.name),
                }
            else:
                made[link.relation][known.name] = far.get(known.name)
        for name, inner in query.children.items():
            object_, column = CHILDREN[query.kind.name][name]
            among = [each for each in self._org.state.tables[object_].after(None) if each.get(column) == row["Id"]]
            rows = self.found(inner, False, among)
            records = [self.shown(inner, each, base) for each in rows]
            made[name] = {"totalSize": len(rows), "done": True, "records": records} if rows else None
        return made

    def _shown(self, query: soql.Query, keys: list[str], base: str) -> list[Row]:
        rows = self._org.table(query.kind).rows
        return [self.shown(query, rows[key], base) for key in keys if key in rows]

    def _parent(self, name: str, key: str) -> Row:
        return self._org.state.tables[name].rows.get(key, {})


def attributes(of: Kind, key: str, base: str) -> Row:
    """What tells a record's type and address."""
    return {"type": of.name, "url": f"{base}/sobjects/{of.name}/{key}"}


def _order(a: Any, b: Any, down: bool, last: bool) -> int:
    if a is None or b is None:
        if a is None and b is None:
            return 0
        first = -1 if a is None else 1
        return -first if last else first
    sign = int(a > b) - int(a < b)
    return -sign if down else sign


def changes(org: Organisation, of: Kind, asked: dict[str, str], gone: bool) -> Row:
    """The list of changed or deleted ids of a stretch of time, which counts in whole minutes."""
    now = datetime.fromtimestamp(org.now(), UTC)
    start, end = (_minute(asked, name) for name in ("start", "end"))
    days = 15 if gone else 30
    if start < now - timedelta(days=days):
        raise RefusedError(
            "INVALID_REPLICATION_DATE", f"startDate before org replication enabled date or {days} days ago"
        )
    if end - start < timedelta(minutes=1):
        raise RefusedError("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
    if end > now and not org.state.switches["end_ahead"]:
        raise RefusedError("INVALID_REPLICATION_DATE", "endDate cannot be in the future")
    covered = stamp(min(end, now).timestamp())
    if not gone:
        keys = [
            row["Id"]
            for row in org.table(of).after(None)
            if not row.get("IsDeleted") and start <= moment(row["SystemModstamp"]) < end
        ]
        if len(keys) > _MOST_IDS:
            raise RefusedError("EXCEEDED_ID_LIMIT", "too many ids in this stretch of time")
        return {"ids": keys, "latestDateCovered": covered}
    told = [(at, key) for at, key in org.deleted[of.name] if start.timestamp() <= at < end.timestamp()]
    return {
        "deletedRecords": [{"id": key, "deletedDate": stamp(at)} for at, key in told],
        "earliestDateAvailable": stamp((now - timedelta(days=15)).timestamp()),
        "latestDateCovered": covered,
    }


def _minute(asked: dict[str, str], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise RefusedError("INVALID_REPLICATION_DATE", f"{name}: no time") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found.replace(second=0, microsecond=0)


def described(of: Kind, added: Iterable[Field] = ()) -> Row:
    """All that is known of an object. ``added``: what an administrator gave it."""
    fields = [each.described() for each in (*of.fields.values(), *added)]
    return {**of.described(), "fields": fields, "recordTypeInfos": [], "childRelationships": []}


def everything_described() -> Row:
    """The list of all objects."""
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [each.described() for each in KINDS.values()]}
