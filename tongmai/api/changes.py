"""The feed of changes: versions and redirects in an order that no late commit can fall behind.

A transaction's number is given at its first write, its rows are seen at its commit. What stands in the feed is only of
transactions below the oldest one that still runs: nothing can come before it any more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from masterdata.store import Cursor
from tongmai.api.problem import ApiError
from tongmai.api.scope import Scope
from tongmai.core.text import Text
from tongmai.sync.content import Content

REDIRECT = 2**62
"""Redirects of a transaction come after the versions of the same entity in it: their number is added to this."""
LAST = UUID(int=2**128 - 1)
_ROWS = """
select * from (
  (select v.xid::text::numeric as xid, v.entity_id, v.version::bigint as number, e.entity, v.at, v.fields, v.changed, null::uuid as went_to
     from hub.entity_version v join hub.entity e on e.id = v.entity_id
    where (v.xid, v.entity_id, v.version) > (%(xid)s::text::xid8, %(id)s, least(%(number)s, 2147483647)::integer)
      and v.xid < pg_snapshot_xmin(pg_current_snapshot()) and e.entity = any(%(entities)s)
    order by v.xid, v.entity_id, v.version limit %(limit)s)
  union all
  (select r.xid::text::numeric, r.entity_id, %(redirect)s + r.id, r.entity, r.at, null, null, r.went_to
     from hub.redirect r
    where (r.xid, r.entity_id, r.id) > (%(xid)s::text::xid8, %(id)s, %(number)s - %(redirect)s)
      and r.xid < pg_snapshot_xmin(pg_current_snapshot()) and r.entity = any(%(entities)s)
    order by r.xid, r.entity_id, r.id limit %(limit)s)) x
 order by xid, entity_id, number limit %(limit)s
"""


class Place(NamedTuple):
    """Where a reader stands."""

    xid: int = 0
    id: UUID = UUID(int=0)
    number: int = 0

    def text(self) -> str:
        """What readers are given; they should not look inside."""
        return base64.urlsafe_b64encode(f"{self.xid}.{self.id}.{self.number}".encode()).decode().rstrip("=")


def place(text: str) -> Place:
    """Back from its text; empty: the beginning."""
    if not text:
        return Place()
    try:
        xid, one, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(".")
        found = Place(int(xid), UUID(one), int(number))
        if not (0 <= found.xid < 2**63 and 0 <= found.number < 2**63):
            raise ValueError
    except (ValueError, binascii.Error):
        raise ApiError(
            422,
            Text("parameter `after`", "参数 `after`"),
            Text("it is no cursor of this feed", "不是本变更流的游标"),
            Text(
                "give the `next` of an earlier answer, or leave it out to begin",
                "请给出之前应答中的 `next`，或不写以从头开始",
            ),
            code="api-bad-cursor",
        ) from None
    return found


def changes(
    cursor: Cursor, content: Content, scope: Scope, entities: Sequence[str], after: Place, limit: int
) -> tuple[list[dict[str, Any]], Place, bool]:
    """(changes, where to go on, whether there is more). A change of what the scope may not see is passed over."""
    ended = _same_database(cursor, after)
    values = {
        "xid": str(after.xid), "id": after.id, "number": after.number, "redirect": REDIRECT, "entities": list(entities),
        "limit": limit,
    }  # fmt: skip
    cursor.execute(_ROWS, values)
    rows = cursor.fetchall()
    found = []
    for _, one, number, name, at, fields, changed, went_to in rows:
        after = Place(after.xid, one, int(number))
        head = {"entity": name, "id": one, "at": at}
        if fields is None:
            found.append({**head, "kind": "redirect", "redirect_to": went_to})
            continue
        model = content.schema.entities[name]
        seen = scope.visible(model)
        names = [each for each in changed if each in seen]
        if names or number == 1:
            shown, masked = scope.shown(model, fields)
            found.append(
                {**head, "kind": "version", "version": number, "changed": names, "fields": shown, "masked": masked}
            )
    more = len(rows) == limit
    if rows:
        after = Place(int(rows[-1][0]), after.id, after.number)
    if not more and ended > after.xid:  # what was passed over, of other entities, is not to be passed over again
        after = Place(ended, LAST, 2**63 - 1)
    return found, after, more


def _same_database(cursor: Cursor, after: Place) -> int:
    """The newest transaction of which, and of all before it, everything is told. A cursor from beyond the newest one is of
    another server: a dump was restored in between."""
    cursor.execute(
        """select pg_snapshot_xmax(pg_current_snapshot())::text::numeric,
                  pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1"""
    )
    row = cursor.fetchone()
    assert row is not None
    if after.xid >= row[0]:
        raise ApiError(
            410,
            Text("parameter `after`", "参数 `after`"),
            Text("it is of another database server than this one", "该游标来自另一个数据库服务器"),
            Text("read all records anew, then the feed from its beginning", "请重新读取全部记录，再从头读取变更流"),
            code="api-old-cursor",
        )
    return int(row[1])
