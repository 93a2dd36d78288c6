"""A client that others wrote (PyPI ``fxiaoke-python``) against the simulator: they must understand each other too.

Its hosts are fixed, so an adapter on its session sends what is meant for the vendor to the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from connectors.testing.server import SimulatorServer
from connectors.vendors.fxiaoke.simulator_data import open_user_id

Serve = Callable[..., SimulatorServer]


class _ToSimulator(HTTPAdapter):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        assert parts.netloc == "open.fxiaoke.com"
        request.url = f"{self._url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@pytest.fixture
def client(serve: Serve) -> tuple[Any, SimulatorServer]:
    """The client signed in as administrator, and the simulator it talks to."""
    from fxiaoke.api import FxiaokeApi

    server = serve("fxiaoke", customers=300)
    sim: Any = server.vendor
    api = FxiaokeApi.init(sim.app_id, sim.app_secret, sim.permanent_code, open_user_id("1000"))
    api._session.requests.trust_env = False
    api._session.requests.mount("https://open.fxiaoke.com", _ToSimulator(server.url))
    return api, server


def _query(api: Any, obj: str, **query: Any) -> Any:
    from fxiaoke.op_query import queryObj

    return queryObj(api=api, dataObjectApiName=obj).query(**query)


@pytest.mark.parametrize("obj", ["AccountObj", "NewOpportunityObj", "NewOpportunityLinesObj", "LeadsObj"])
def test_it_pages_by_total_and_offset(client: tuple[Any, SimulatorServer], obj: str) -> None:
    api, server = client
    cursor = _query(api, obj, limit=20)
    rows = list(cursor)
    wanted = server.vendor.state.tables[obj].rows
    assert sorted(row["_id"] for row in rows) == sorted(wanted) and cursor.total() == len(wanted)
    assert all(row["owner"] == [open_user_id(wanted[row["_id"]]["owner"][0])] for row in rows)
    requests_made = server.control("requests")["by_path"]
    assert requests_made == {"/cgi/corpAccessToken/get/V2": 1, "/cgi/crm/v2/data/query": -(-len(wanted) // 20)}


def test_it_filters_and_projects(client: tuple[Any, SimulatorServer]) -> None:
    api, server = client
    table = server.vendor.state.tables["AccountObj"]
    newest = table.newest_time()
    window = {"field_name": "last_modified_time", "operator": "BETWEEN", "field_values": [newest - 100_000, newest]}
    rows = list(_query(api, "AccountObj", filters=[window], fieldProjection=["name", "last_modified_time"]))
    assert {row["_id"]: row["name"] for row in rows} == {
        row["_id"]: row["name"] for row in table.changed(newest - 100_000, newest)
    }
    assert rows and all(set(row) == {"_id", "name", "last_modified_time"} for row in rows)


def test_it_creates_an_order_with_details_and_gets_it(client: tuple[Any, SimulatorServer]) -> None:
    from fxiaoke.op_create import createObj
    from fxiaoke.op_get import getObj

    api, server = client
    account = min(server.vendor.state.tables["AccountObj"].rows)
    made = createObj(api=api, dataObjectApiName="SalesOrderObj").create(
        {"name": "SO-9", "account_id": account}, {"SalesOrderProductObj": [{"quantity": "2", "sales_price": "4"}]}
    )
    row = getObj(api=api, dataObjectApiName="SalesOrderObj").get(made["dataId"])
    assert (row["name"], row["account_id"]) == ("SO-9", account)
    ours = {"field_name": "order_id", "operator": "EQ", "field_values": [made["dataId"]]}
    (line,) = list(_query(api, "SalesOrderProductObj", filters=[ours]))
    assert (line["quantity"], line["subtotal"]) == ("2", "8")
    with pytest.raises(RuntimeError, match="必填字段 account_id"):
        createObj(api=api, dataObjectApiName="SalesOrderObj").create({"name": "SO-10"}, {})


def test_paging_by_offset_loses_rows_when_they_move(client: tuple[Any, SimulatorServer]) -> None:
    """Why the connector does not page so: the same fault leaves it whole (test_faults)."""
    api, server = client
    fault = {"kind": "page_shift", "path": "/query", "after": 1, "times": 0, "count": 8}
    server.control("faults", [fault])
    top = server.vendor.state.tables["AccountObj"].newest_time()
    window = {"field_name": "last_modified_time", "operator": "LTE", "field_values": [str(top)]}
    order = [{"fieldName": "last_modified_time", "isAsc": True}]
    got = {row["_id"] for row in _query(api, "AccountObj", limit=20, filters=[window], orders=order)}
    moved = {r["_id"] for r in server.vendor.state.tables["AccountObj"].changed(top + 1, None)}
    assert moved and set(server.vendor.state.tables["AccountObj"].rows) - got - moved
