"""What the manifest cannot say: records within a record stand in a list of their own, each with its address."""

from __future__ import annotations

from typing import Any

from tongmai.core.errors import ProtocolError


def row(stream: str, row: dict[str, Any]) -> dict[str, Any]:
    """The records selected with a record as a plain list, without addresses: they hold the API's version.

    A list that is not whole is never taken for one that is.
    """
    return {name: _listed(stream, row, name, value) for name, value in row.items()}


def _listed(stream: str, row: dict[str, Any], name: str, value: Any) -> Any:
    if name == "attributes" or not isinstance(value, dict):
        return value
    if "records" not in value:
        return {member: inner for member, inner in value.items() if member != "attributes"}
    if value.get("done") is not True:
        raise ProtocolError(
            f"{stream} {row.get('Id')}",
            f"it has more `{name}` ({value.get('totalSize')}) than Salesforce gives within a record",
            "read them as a stream of their own",
            code="salesforce-lines",
        )
    return [{member: each[member] for member in each if member != "attributes"} for each in value["records"]]
