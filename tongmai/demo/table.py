"""The demo's table: every deal from signing to payment, with times."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from masterdata.store import Cursor
from tongmai.core.text import Text

_SQL = """
select i.minted->>'contract_number', coalesce(i.minted->>'order_number', ''), c.legal_name, coalesce(s.amount, o.amount),
       s.paid_amount, i.state, i.started_at,
       (select min(d.at) from hub.delivery d where d.target = 'erp_orders' and d.outcome = 'delivered' and d.operation = 'create'
           and d.entity_id = (i.made->>'sales_order')::uuid),
       (select min(v.at) from hub.entity_version v where v.entity_id = (i.made->>'sales_order')::uuid
           and v.fields->>'approval' = 'approved'),
       (select min(v.at) from hub.entity_version v where v.entity_id = (i.made->>'sales_order')::uuid
           and v.fields->>'billed_amount' <> '0'),
       (select max(v.at) from hub.entity_version v where v.entity_id = (i.made->>'sales_order')::uuid
           and 'paid_amount' = any(v.changed) and v.fields->>'paid_amount' <> '0'),
       i.ended_at
  from hub.flow_instance i
  join golden.opportunity o on o.id = i.subject
  left join golden.customer c on c.id = o.customer_id
  left join golden.sales_order s on s.id = (i.made->>'sales_order')::uuid
 where i.flow = %s order by 1
"""
_HEADS = (
    Text("contract", "合同号"),
    Text("order", "订单号"),
    Text("customer", "客户"),
    Text("amount", "金额"),
    Text("paid", "已收"),
    Text("signed", "签约"),
    Text("in the ERP", "提交 ERP"),
    Text("approved", "审核"),
    Text("billed", "应收"),
    Text("last receipt", "收款"),
    Text("done", "完成"),
    Text("state", "状态"),
)
_STATES = {
    "running": Text("under way", "进行中"),
    "cancelling": Text("being called off", "撤销中"),
    "done": Text("paid", "已回款"),
    "cancelled": Text("called off", "已撤销"),
}


def table(cursor: Cursor, flow: str) -> str:
    """Every instance of the flow on a line; times are seconds since its signing was heard of."""
    cursor.execute(_SQL, (flow,))
    rows = [[str(head) for head in _HEADS]]
    for contract, order, customer, amount, paid, state, began, *times in cursor:
        rows.append(
            [
                contract or "",
                order,
                _cut(customer or "", 24),
                f"{amount or 0:,.2f}",
                f"{paid or 0:,.2f}",
                f"{began:%H:%M:%S}",
                *(_after(began, at) for at in times),
                str(_STATES[state]),
            ]
        )
    return aligned(rows, right={3, 4, 6, 7, 8, 9, 10})


def aligned(rows: Sequence[Sequence[str]], right: set[int]) -> str:
    """Columns under each other on a terminal, where Chinese characters are two cells wide."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for column, text in enumerate(row):
            space = " " * (widths[column] - _width(text))
            cells.append(space + text if column in right else text + space)
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def _after(began: datetime, at: datetime | None) -> str:
    return f"+{(at - began).total_seconds():.1f} s" if at else "-"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _cut(text: str, cells: int) -> str:
    while _width(text) > cells:
        text = text[:-1]
    return text
