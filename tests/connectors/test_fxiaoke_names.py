"""A tenant may call objects and fields otherwise than the manifest: settings say how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk import Connector, ReadRequest, Record
from connectors.testing.server import SimulatorServer
from tongmai.core.errors import ConfigurationError, RemoteRefusedError

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
ORDER, ORDER_LINES = "SalesOrderObj", "SalesOrderProductObj"


def _shown(connection: Connector, stream: str) -> dict[str, dict[str, Any]]:
    pages = connection.read(ReadRequest(stream, full=True))
    return {record.key: connection.decode(stream, record.raw) for page in pages for record in page.records}


def _only(connection: Connector, stream: str) -> Record:
    (record,) = [record for page in connection.read(ReadRequest(stream, full=True)) for record in page.records]
    return record


def test_a_field_is_asked_for_and_written_by_the_tenants_name(serve: Serve, connect: Connect) -> None:
    # The simulated tenant keeps in `remark` what this connection calls `erp_number__c`, and in the lines in `name`
    # what it calls `remark`.
    server = serve("fxiaoke")
    names = {f"{ORDER}.erp_number__c": "remark", f"{ORDER}.name": "erp_number__c", f"{ORDER_LINES}.remark": "name"}
    connection = connect(server, field_names=names)
    writer = connection.writer(ORDER)
    account = min(server.vendor.state.tables["AccountObj"].rows)
    lines = [{"quantity": "2", "remark": "第一行"}]
    payload = {"account_id": account, "erp_number__c": "XSDD1", "name": "SO-1", ORDER_LINES: lines}
    key = writer.create(payload, "K-1").key
    row = server.vendor.state.tables[ORDER].rows[key]
    assert (row["remark"], row["erp_number__c"], row["tongmai_key__c"]) == ("XSDD1", "SO-1", "K-1")
    assert server.vendor.state.tables[ORDER_LINES].numbered(key)[0]["name"] == "第一行"
    writer.update(key, {"erp_number__c": "XSDD2"})
    shown = _shown(connection, ORDER)[key]
    assert (shown["erp_number__c"], shown["name"], shown["remark"]) == ("XSDD2", "SO-1", "XSDD2")
    assert [line["remark"] for line in shown[ORDER_LINES]] == ["第一行"]
    found = writer.find("name", ["SO-1", "XSDD2"])
    assert [(value, record.key, record.fields["name"]) for value, (record,) in found.items()] == [("SO-1", key, "SO-1")]


def test_a_declared_name_never_shows_the_value_of_another_field(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, field_names={"AccountObj.tel": "fax"})
    assert all(row["tel"] for row in server.vendor.state.tables["AccountObj"].rows.values())
    assert all("tel" not in row for row in _shown(connection, "AccountObj").values()), "no account has a fax"


def test_labels_follow_their_field_and_stay_out_of_the_fingerprint(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, field_names={"ContractObj.account_id": "new_opportunity_id"})
    deal = next(iter(server.vendor.state.tables["NewOpportunityObj"].rows.values()))
    fields = {"account_id": deal["account_id"], "new_opportunity_id": deal["_id"]}
    server.control("records/ContractObj", {"op": "insert", "fields": fields})
    before = _only(connection, "ContractObj")
    assert connection.decode("ContractObj", before.raw)["account_id__r"] == deal["name"]
    renamed = {"op": "update", "key": deal["_id"], "fields": {"name": "改名"}}
    server.control("records/NewOpportunityObj", renamed)
    after = _only(connection, "ContractObj")
    assert after.raw != before.raw and after.fingerprint == before.fingerprint


def test_an_object_has_the_tenants_name_on_the_wire(serve: Serve, connect: Connect) -> None:
    # What this connection calls ContractObj is the tenant's own `project__c`, which has paths of its own.
    server = serve("fxiaoke")
    connection = connect(server, object_names={"ContractObj": "project__c"})
    key = connection.writer("ContractObj").create({"name": "HT-1"}, "C-1").key
    assert server.vendor.state.tables["project__c"].rows[key]["name"] == "HT-1"
    assert _shown(connection, "ContractObj")[key]["tongmai_key__c"] == "C-1"
    connection.writer("ContractObj").deactivate(key)
    assert server.vendor.state.tables["project__c"].rows[key]["life_status"] == "invalid"
    paths = server.control("requests")["by_path"]
    assert paths["/cgi/crm/custom/v2/data/create"] == 1 and "/cgi/crm/v2/data/create" not in paths


def test_a_tenant_without_the_detail_object(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, object_names={ORDER_LINES: "", "LeadsObj": ""})
    writer = connection.writer(ORDER)
    account = min(server.vendor.state.tables["AccountObj"].rows)
    key = writer.create({"account_id": account}, "K-1").key
    assert ORDER_LINES not in _shown(connection, ORDER)[key]
    with pytest.raises(RemoteRefusedError, match="has no SalesOrderProductObj"):
        writer.create({"account_id": account, ORDER_LINES: [{"quantity": "1"}]}, "K-2")
    with pytest.raises(ConfigurationError, match="no such object"):
        _shown(connection, "LeadsObj")


def test_our_key_and_field_names_agree(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, our_key="remark", field_names={f"{ORDER}.tongmai_key__c": "erp_number__c"})
    account = min(server.vendor.state.tables["AccountObj"].rows)
    key = connection.writer(ORDER).create({"account_id": account}, "K-1").key
    assert server.vendor.state.tables[ORDER].rows[key]["erp_number__c"] == "K-1"
    assert list(connection.writer(ORDER).find("tongmai_key__c", ["K-1"])) == ["K-1"]
    other = connection.writer("ContractObj").create({"account_id": account}, "K-2").key
    assert server.vendor.state.tables["ContractObj"].rows[other]["remark"] == "K-2"
    assert _shown(connection, "ContractObj")[other]["tongmai_key__c"] == "K-2"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"object_names": {"ContractObjj": "x"}}, "did you mean `ContractObj`"),
        ({"object_names": ["x"]}, "names to names"),
        ({"object_names": {"ContractObj": 1}}, "names to names"),
        ({"field_names": {"SalesOrderObj.order_amuont": "x"}}, "did you mean `order_amount`"),
        ({"field_names": {"SalesOrderOb.name": "x"}}, "did you mean `SalesOrderObj`"),
        ({"field_names": {"SalesOrderObj": "x"}}, "Object.field"),
        ({"field_names": {"SalesOrderObj.remark": ""}}, "Object.field"),
        ({"field_names": {"SalesOrderObj._id": "x"}}, "in every tenant"),
        ({"field_names": {"ContractObj.name": "x", "ContractObj.remark": "x"}}, "two fields of ContractObj"),
        ({"our_key": "x", "field_names": {"AccountObj.remark": "x"}}, "two fields of AccountObj"),
    ],
)
def test_wrong_names_are_told_before_any_call(
    serve: Serve, connect: Connect, settings: dict[str, Any], text: str
) -> None:
    server = serve("fxiaoke")
    with pytest.raises(ConfigurationError, match=text) as caught:
        connect(server, **settings)
    assert caught.value.code == "connection-settings"
    assert server.control("requests")["total"] == 0


def test_a_name_the_tenant_does_not_know_says_which_setting(serve: Serve, connect: Connect) -> None:
    connection = connect(serve("fxiaoke"), object_names={"ContractObj": "SaleContractObj"})
    with pytest.raises(Exception, match="object_names"):
        _shown(connection, "ContractObj")


def test_two_values_for_one_field_of_the_tenant_are_not_sent(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server, our_key="remark").writer("AccountObj")
    with pytest.raises(ConfigurationError, match="tongmai_key__c, remark are the field `remark`"):
        writer.create({"name": "某某", "remark": "会盖住编号"}, "K-1")
    assert server.control("ledger")["total"] == 0
