"""What the manifest cannot say: form values are texts within texts, lists and single answers differ, forms can be listed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.sdk import moment, wire
from connectors.sdk.contract import Discovered
from connectors.sdk.declared.caller import Caller
from connectors.sdk.declared.model import ReadRequestSpec
from connectors.sdk.lazy import plain
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError, RemoteRefusedError

_NOT_IN_BOTH = ("leader", "dept_order", "dept_order_list", "leader_in_dept", "manager_userid", "role_list")
"""Members of a person that only a department's list has, or only the answer for one: a record is the same however read."""
_CRM_NAMES = {
    "gmtCreate": "createTime",
    "gmtModified": "modifyTime",
    "procInstStatus": "processInstanceStatus",
    "procOutResult": "processOutResult",
}
_CRM_ONLY_OF_ONE = ("appUuid", "formCode")
_TIMES = {"startedAt": "createTime", "finishedAt": "finishTime"}
_STRUCTURED = ("[", "{")


def row(stream: str, row: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """A record as a mapping can use it."""
    if stream == "user":
        kept = {name: value for name, value in row.items() if name not in _NOT_IN_BOTH}
        return {**kept, "extension": decoded(kept.get("extension"))}
    if stream == "crm_customer":
        return {_CRM_NAMES.get(name, name): value for name, value in row.items() if name not in _CRM_ONLY_OF_ONE}
    if stream == "hr_roster":
        return {**row, "roster": {field["fieldCode"]: _roster(field) for field in row.get("fieldDataList") or ()}}
    if stream == "approval":
        times = {name: _instant(row.get(seen), settings) for name, seen in _TIMES.items()}
        filled = form(row.get("formComponentValues") or ())
        return {**row, **times, "form": filled, "our_key": filled.get(settings["key_field"]) or None}
    return row


def payload(write: str, payload: dict[str, Any], operation: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as the vendor takes it: `form` (label: value) becomes the list of values, all of them texts."""
    if write != "approval":
        return payload
    made = {name: value for name, value in payload.items() if name not in ("form", "our_key")}
    values = [_written(name, value) for name, value in (payload.get("form") or {}).items() if value is not None]
    if settings["key_field"] and payload.get("our_key"):
        values.append({"name": settings["key_field"], "value": str(payload["our_key"])})
    if not isinstance(made.get("processCode"), str):
        raise RemoteRefusedError("approval", "the payload has no `processCode`", "map it", code="dingtalk-no-process")
    return {**made, "formComponentValues": [*(made.get("formComponentValues") or ()), *values]}


def form(values: Any) -> dict[str, Any]:
    """The values of a form by label; a range of dates has a label for each end, a table is a list of rows by label."""
    found: dict[str, Any] = {}
    for each in values:
        label, value = decoded(each.get("name")), decoded(each.get("value"))
        if isinstance(label, list) and isinstance(value, list):
            found.update(zip((str(one) for one in label), value, strict=False))
        elif each.get("name"):
            table = each.get("componentType") == "TableField" and isinstance(value, list)
            found[str(each["name"])] = [_line(line) for line in value] if table else value
    return found


def decoded(text: Any) -> Any:
    """JSON inside a text, where there is some; any other text as it is."""
    if not isinstance(text, str) or not text.startswith(_STRUCTURED):
        return text
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def discover(caller: Caller) -> list[Discovered]:
    """The approval forms that the operator may use, and the CRM's customers, each with the fields it has now."""
    if not caller.settings["operator_user_id"]:
        raise ConfigurationError(
            caller.name, "forms are listed for a person", "set operator_user_id", code="dingtalk-operator"
        )
    found = [_form(caller, each) for each in _templates(caller)]
    meta = _ask(caller, "/v1.0/crm/personalCustomers/objectMeta", relationType=caller.settings["crm_type"])
    fields = {f"data.{each['name']}": str(each["type"]) for each in meta.get("fields") or ()}
    return [*found, Discovered("crm_customer", ("instanceId",), fields, str(meta.get("name") or ""))]


def _templates(caller: Caller) -> list[Any]:
    """Every form, page by page."""
    found: list[Any] = []
    token: Any = 0
    while token is not None:
        asked = {"userId": caller.settings["operator_user_id"], "maxResults": 100, "nextToken": token}
        result = _ask(caller, "/v1.0/workflow/processes/userVisibilities/templates", **asked)["result"]
        found += result.get("processList") or []
        following = result.get("nextToken")
        token = following if following not in ("", token) else None
    return found


def _form(caller: Caller, template: Mapping[str, Any]) -> Discovered:
    """One form as a stream of its own name: the process code goes into `process_codes`."""
    code = str(template["processCode"])
    content = _ask(caller, "/v1.0/workflow/forms/schemas/processCodes", processCode=code)["result"]["schemaContent"]
    fields = {}
    for item in content.get("items") or ():
        label = decoded(item["props"].get("label"))
        for name in label if isinstance(label, list) else [label]:
            fields[f"form.{name}"] = str(item["componentName"])
    return Discovered(
        f"approval/{code}", ("processCode", "processInstanceId"), fields, str(template["name"]), writable=True
    )


def _ask(caller: Caller, path: str, **query: Any) -> Any:
    request = caller.request(ReadRequestSpec(get=path, query={name: str(value) for name, value in query.items()}))
    return plain(caller.call(request, {**caller.settings, "now": now(), "page": {}}).scope["body"])


def _instant(text: Any, settings: Mapping[str, Any]) -> str | None:
    """A time of an approval as a real one: its Z is not to be believed."""
    if not text:
        return None
    try:
        return str(moment.write(moment.read(text, "%Y-%m-%dT%H:%MZ", settings["approval_zone"]), "iso"))
    except ValueError:
        return None  # `createTime` as a cursor is judged by the engine; the text itself stays in the record


def _roster(field: Mapping[str, Any]) -> Any:
    """What a roster field shows, and the stored value where that is another; a list where there are several."""
    shown = [one.get("label") or one.get("value") for one in field.get("fieldValueList") or ()]
    return shown if len(shown) > 1 else shown[0] if shown else None


def _line(line: Any) -> Any:
    """One row of a table by label, in either of the forms in which it is seen."""
    cells = line.get("rowValue") if isinstance(line, Mapping) else line
    if not isinstance(cells, list):
        return line
    return {str(cell.get("label") or cell.get("name")): decoded(cell.get("value")) for cell in cells}


def _written(name: str, value: Any) -> dict[str, str]:
    """One value of a form: every one is a text, a table's rows are lists of pairs."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        value = [[_written(label, cell) for label, cell in line.items() if cell is not None] for line in value]
    text = value if isinstance(value, str) else wire.canonical(value).decode()
    return {"name": name, "value": text}
