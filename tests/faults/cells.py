"""Every cell of the fault table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.faults import crash, plain
from tests.faults.cell import Cell, Trouble
from tests.faults.network import Network, Strike
from tongmai.core.text import Text

READS = {"crm": ("/query",), "erp": ("Query",)}
WRITES = {"crm": ("/create", "/update"), "erp": (".Save.", ".Submit.")}
HOLD = {"seconds": 2.0}
"""Longer than the connections' read time-out."""


def network(name: str, what: Text, strikes: Sequence[Strike], **more: Any) -> Cell:
    """A cell of simulator faults."""
    sides = sorted({one.side for one in strikes})

    def trouble(deals: int, seed: int) -> Trouble:
        return Network(strikes, deals, seed)

    return Cell(name, what, " + ".join(sides), trouble, **more)


SETTLING = {"settle_seconds": 2.5}
"""Longer than a system takes to accept what we gave up on; the product's own default is longer still."""


def everywhere(
    kind: str,
    side: str,
    *,
    reads: bool = True,
    chance: float = 0.04,
    reading: float = 0.1,
    most: float = 0.0,
    **more: Any,
) -> list[Strike]:
    """A fault over the reads and the writes of one side."""
    reading = [
        Strike(side, kind, path, max(chance, reading), 0.01, most, more=more) for path in (READS[side] if reads else ())
    ]
    return [*reading, *(Strike(side, kind, path, chance, 0.01, most, more=more) for path in WRITES[side])]


def both(kind: str, **more: Any) -> list[Strike]:
    """The same on both sides."""
    return [*everywhere(kind, "crm", **more), *everywhere(kind, "erp", **more)]


def _kingdee(code: int) -> dict[str, Any]:
    status = {"ErrorCode": 500, "IsSuccess": False, "MsgCode": code, "Errors": [{"FieldName": "", "Message": "系统忙"}],
              "SuccessEntitys": [], "SuccessMessages": []}  # fmt: skip
    return {"Result": {"ResponseStatus": status}}


def _busy(side: str, path: str, code: int, chance: float = 0.06) -> Strike:
    """The vendor's own answer, HTTP 200, that says "busy" or "something went wrong here"."""
    if side == "crm":
        body: Any = {"traceId": "E-O.sim", "errorCode": code, "errorMessage": "service exception"}
    else:
        body = [[_kingdee(code)]] if path == "Query" else _kingdee(code)
    return Strike(side, "error_body", path, chance, 0.005, more={"body": body})


BURST = 10


def _bursts(side: str) -> list[Strike]:
    """Ten refusals in a row, four times."""
    more = {"crm": (503, 500, 502, 504), "erp": (502, 503, 500, 504)}[side]
    return [
        Strike(side, "status", "", 1.0, BURST, after=0.2 + 0.45 * n, more={"status": status, "times": BURST})
        for n, status in enumerate(more)
    ]


NETWORK: tuple[Cell, ...] = (
    network(
        "timeout-before-accept",
        Text("The system takes nothing and never answers", "系统未受理，也不应答"),
        both("timeout_before", chance=0.03, most=0.02, **HOLD),
    ),
    network(
        "timeout-after-accept-crm",
        Text("The CRM does what was asked; the answer never comes", "CRM 已受理，但应答未返回"),
        everywhere("timeout_after", "crm", chance=0.05, most=0.03, **HOLD),
    ),
    network(
        "timeout-after-accept-erp",
        Text("The ERP does what was asked; the answer never comes", "ERP 已受理，但应答未返回"),
        everywhere("timeout_after", "erp", chance=0.08, most=0.03, **HOLD),
    ),
    network(
        "late-accept-crm",
        Text("The CRM gives up on a write and does it seconds later", "CRM 断开连接，数秒后才受理"),
        everywhere("late_accept", "crm", reads=False, chance=0.03, seconds=1.5),
        settings=SETTLING,
    ),
    network(
        "late-accept-erp",
        Text("The ERP gives up on a write and does it seconds later", "ERP 断开连接，数秒后才受理"),
        everywhere("late_accept", "erp", reads=False, chance=0.03, seconds=1.5),
        settings=SETTLING,
    ),
    network(
        "reset-mid-body",
        Text("The connection is reset in the middle of an answer", "应答传到一半时连接被重置"),
        both("reset_body", chance=0.05),
    ),
    network(
        "too-many-requests",
        Text("HTTP 429, with and without Retry-After", "HTTP 429，带与不带 Retry-After"),
        [
            *both("status", status=429, chance=0.05),
            Strike("crm", "status", "", 0.05, 0.01, 0.02, more={"status": 429, "retry_after": 1}),
            Strike("erp", "status", "", 0.05, 0.01, 0.02, more={"status": 429, "retry_after": 1}),
        ],
    ),
    network(
        "server-error-bursts",
        Text("Bursts of HTTP 500, 502, 503, 504", "成串的 HTTP 500、502、503、504"),
        [*_bursts("crm"), *_bursts("erp")],
    ),
    network(
        "error-in-200-crm",
        Text("HTTP 200 with the CRM's own codes -1, 50009, 30004", "HTTP 200，内含 CRM 错误码 -1、50009、30004"),
        [_busy("crm", path, code) for path in (*READS["crm"], *WRITES["crm"]) for code in (-1, 50009, 30004)],
    ),
    network(
        "error-in-200-erp",
        Text("HTTP 200 with the ERP's own codes 4, 13, 14", "HTTP 200，内含 ERP 错误码 4、13、14"),
        [_busy("erp", path, code) for path in WRITES["erp"] for code in (4, 13, 14)]
        + [_busy("erp", "Query", code) for code in (13, 14)],
    ),
    network(
        "truncated-json",
        Text("Half of the JSON", "JSON 只有一半"),
        both("truncate", chance=0.05),
    ),
    network(
        "web-page",
        Text("A web page instead of JSON", "返回网页而不是 JSON"),
        both("html", status=200, chance=0.05),
    ),
    network(
        "expired-token",
        Text("Tokens and sessions end in the middle", "令牌和会话中途失效"),
        both("expired_token", chance=0.03, reading=0.05, most=0.03),
    ),
    network(
        "page-shift",
        Text("Records move between pages while they are read", "翻页时记录在页间移动"),
        [
            Strike("crm", "page_shift", "/query", 0.2, 0.02, in_body="NewOpportunityObj", more={"count": 5}),
            Strike("crm", "page_shift", "/query", 0.2, 0.02, in_body="SalesOrderObj", more={"count": 5}),
            Strike("erp", "page_shift", "Query", 0.2, 0.02, in_body="SAL_SaleOrder", more={"count": 5}),
        ],
    ),
    network(
        "same-time",
        Text("Many records share the newest time of change", "大量记录的修改时间相同"),
        [
            Strike("crm", "tie", "/query", 0.2, 0.02, in_body="NewOpportunityObj", more={"count": 8}),
            Strike("crm", "tie", "/query", 0.2, 0.01, in_body="SalesOrderObj", more={"count": 8}),
            Strike("erp", "tie", "Query", 0.5, 0.01, in_body="SAL_SaleOrder", more={"count": 8}),
        ],
    ),
    network(
        "late-commit",
        Text("Changes appear below the time already read", "变更的时间早于已读到的时间"),
        [
            Strike("crm", "late_commit", "/query", 0.2, 0.01, in_body="NewOpportunityObj", more={"seconds": 2}),
            Strike("crm", "late_commit", "/query", 0.2, 0.01, in_body="AccountObj", more={"seconds": 2}),
            # Few orders are two seconds older than the newest one where a whole run takes six.
            Strike("erp", "late_commit", "Query", 0.5, 0.01, in_body="SAL_SaleOrder", more={"seconds": 0.3}),
        ],
        late_signing=True,
    ),
    network(
        "slow-drip",
        Text("Answers come in small pieces", "应答一点一点返回"),
        both("slow_drip", chance=0.03, most=0.05, seconds=0.6),
    ),
    network(
        "die",
        Text("A system dies in the middle of a call and is started again", "系统在调用中途崩溃，随后重启"),
        [
            Strike(side, "die", path, 0.02, 0.004, 0.006)
            for side in ("crm", "erp")
            for path in (*READS[side], *WRITES[side])
        ],
    ),
)

CELLS: tuple[Cell, ...] = (*NETWORK, *crash.CELLS, *plain.CELLS)


def cell(name: str) -> Cell:
    """A cell by its name."""
    found = next((one for one in CELLS if one.name == name), None)
    if found is None:
        raise SystemExit(f"there is no cell `{name}` (there are: {', '.join(one.name for one in CELLS)})")
    return found
