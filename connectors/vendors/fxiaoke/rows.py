"""Queries: pages of rows by ``_id``, under declared names; the tenant's names are put in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.vendors.fxiaoke.api import FxiaokeApi, Json
from connectors.vendors.fxiaoke.names import Names
from tongmai.core.errors import ProtocolError

TIME = "last_modified_time"
KEYS_AT_ONCE = 50
"""How many values one ``IN`` asks for. How many the vendor allows is not documented."""


def data_path(obj: str, action: str) -> str:
    """The tenant's own objects (``__c``) have paths of their own."""
    return f"/cgi/crm/custom/v2/data/{action}" if obj.endswith("__c") else f"/cgi/crm/v2/data/{action}"


def condition(field: str, operator: str, *values: str) -> Json:
    """One filter of a query."""
    return {"field_name": field, "operator": operator, "field_values": list(values)}


class Rows:
    """The rows that the acting employee may see. Rows come as the tenant shows them."""

    def __init__(self, api: FxiaokeApi, names: Names, settings: Mapping[str, Any]) -> None:
        self._api = api
        self._names = names
        self._size = max(1, min(int(settings["page_size"]), 1000))

    def pages(self, obj: str, filters: Sequence[Json], fields: Sequence[str] = ()) -> Iterator[tuple[list[Json], bool]]:
        """Every row that passes the filters, a page at a time, and whether it was the last page.

        Paged by ``_id`` with offset 0: the vendor ends offsets at 10,000, and rows that change do not shift pages.
        """
        after = ""
        while True:
            rows = self.query(obj, [*filters, *([condition("_id", "GT", after)] if after else [])], fields=fields)
            last = len(rows) < self._size
            if not last:
                key = str(rows[-1]["_id"])
                if key <= after:
                    raise self.shape(obj, f"`_id` does not rise between pages ({key} after {after})")
                after = key
            yield rows, last
            if last:
                return

    def by_values(self, obj: str, field: str, values: Sequence[str]) -> Iterator[Json]:
        """Every row whose field has one of the values, by ``_id`` within each batch of values."""
        for start in range(0, len(values), KEYS_AT_ONCE):
            for rows, _ in self.pages(obj, [condition(field, "IN", *values[start : start + KEYS_AT_ONCE])]):
                yield from rows

    def newest(self, obj: str) -> int | None:
        """The newest change of any visible row, by the vendor's clock."""
        rows = self.query(obj, [], order=TIME, ascending=False, limit=1, fields=["_id", TIME])
        return self.time(obj, rows[0]) if rows else None

    def query(
        self,
        obj: str,
        filters: Sequence[Json],
        *,
        order: str = "_id",
        ascending: bool = True,
        limit: int = 0,
        fields: Sequence[str] = (),
    ) -> list[Json]:
        """One page."""
        info: Json = {
            "limit": limit or self._size,
            "offset": 0,
            "filters": [{**each, "field_name": self._names.field(obj, each["field_name"])} for each in filters],
            "orders": [{"fieldName": order, "isAsc": ascending}],
        }
        if fields:
            info["fieldProjection"] = [self._names.field(obj, name) for name in fields]
        name = self._names.object(obj)
        data = {"dataObjectApiName": name, "find_explicit_total_num": False, "search_query_info": info}
        body = self._api.call(data_path(name, "query"), {"data": data}).get("data")
        rows = body.get("dataList") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("_id") for row in rows):
            raise self.shape(obj, "the answer has no data.dataList of records with `_id`")
        return rows

    def time(self, obj: str, row: Json) -> int:
        """When a row was last changed, in milliseconds."""
        value = row.get(TIME)
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdigit():
            raise self.shape(obj, f"record {row['_id']} has no {TIME} in milliseconds")
        return int(value)

    def shape(self, obj: str, why: str) -> ProtocolError:
        """The error of an answer that is not what the vendor's pages promise."""
        hint = "check the acting employee's rights to the object's system fields"
        return ProtocolError(f"{self._api.client.name}: query {obj}", why, hint, code="fxiaoke-shape")
