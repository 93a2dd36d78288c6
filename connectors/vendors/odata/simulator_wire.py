"""How the simulated service writes entities in both versions, and what its metadata says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]


def put_in(version: str, row: Row, name: str) -> Row:
    """The row with typed values for a query."""
    return {**row, "Changed": int(row["changed"])} if name == "Orders" else dict(row)


def entity(version: str, name: str, row: Row, base: str, expand: list[str], etags: bool) -> Row:
    """The row as its version writes it."""
    etag = f'W/"{row["changed"]}"'
    key = row.get("OrderID", row.get("ID"))
    found: Row = {}
    for field, value in row.items():
        if field == "changed":
            continue
        if field == "Items":
            found |= _items(version, value, "Items" in expand, f"{base}/{name}({shown_key(key)})/Items")
        elif field == "Changed":
            found[field] = f"/Date({value}+0000)/" if version == "v2" else _iso(value)
        elif field in ("Amount", "Big"):
            found[field] = str(value)
        else:
            found[field] = value
    if version == "v2":
        uri = f"{base}/{name}({shown_key(key)})"
        found["__metadata"] = {"uri": uri, "type": f"SIM.{name}", **({"etag": etag} if etags else {})}
    elif etags:
        found["@odata.etag"] = etag
    return found


def _items(version: str, items: list[Row], expanded: bool, uri: str) -> Row:
    if version == "v2":
        return {"Items": {"results": items} if expanded else {"__deferred": {"uri": uri}}}
    return {"Items": items} if expanded else {}


def shown_key(key: Any) -> str:
    """A key as it stands in an address."""
    return f"'{key}'" if isinstance(key, str) else str(key)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_TYPES = """<EntityType Name="Order"><Key><PropertyRef Name="OrderID"/></Key>
<Property Name="OrderID" Type="Edm.String" Nullable="false" MaxLength="10"/><Property Name="Title" Type="Edm.String"/>
<Property Name="Reference" Type="Edm.String"/><Property Name="Amount" Type="Edm.Decimal" Precision="16" Scale="3"/>
<Property Name="Big" Type="Edm.Int64"/><Property Name="Closed" Type="Edm.Boolean"/>
<Property Name="Changed" Type="Edm.DateTimeOffset"/></EntityType>
<EntityType Name="Tag"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false"/>
<Property Name="Name" Type="Edm.String"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="Orders" EntityType="SIM.Order"{orders}/><EntitySet Name="Tags" EntityType="SIM.Tag"/>
</EntityContainer></Schema>"""
METADATA = {
    "v2": '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"'
    ' xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices><Schema Namespace="SIM" '
    'xmlns="http://schemas.microsoft.com/ado/2008/09/edm">'
    + _TYPES.replace("{orders}", ' sap:label="Sales order"')
    + "</edmx:DataServices></edmx:Edmx>",
    "v4": '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    '<edmx:DataServices><Schema Namespace="SIM" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
    + _TYPES.replace("{orders}", "")
    + "</edmx:DataServices></edmx:Edmx>",
}
