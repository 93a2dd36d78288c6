"""The same mapping in a Rust JSONata, in jmespath and in an Airbyte manifest, where they are installed (`make peers`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.engines.task import LEVELS, STATES, TRADES

Row = dict[str, Any]
Engine = Callable[[list[Row]], list[Row]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _object(values: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{code}": "{term}"' for code, term in values.items()) + "}"


def jsonata() -> Engine:
    """One JSONata expression, compiled once. What ours refuses it refuses too (for the whole record: it has no guards);
    its numbers are floats, where ours are exact."""
    import jsonatapy

    text = f"""(
  $levels := {_object(LEVELS)}; $states := {_object(STATES)}; $trades := {_object(TRADES)};
  $text := function($v) {{ ($t := $trim($string($v)); $t = "" ? null : $t) }};
  $amount := function($v) {{ $v = null or $v = "" ? null : $number($v) }};
  $whole := function($v) {{ ($n := $number($v); $n = $floor($n) ? $n : $error("no whole number")) }};
  $truth := function($v) {{ $type($v) = "boolean" ? $v : $error("neither true nor false") }};
  $day := function($v, $form) {{ $match($v, $form) ? $replace($v, "/", "-") : $error("no date") }};
  $term := function($terms, $v) {{ ($t := $lookup($terms, $v); $exists($t) ? $t : $error("unknown term")) }};
  {{
    "name": $text(name), "short_name": $text(shortName), "number": $text(no), "owner": $text(owner.name),
    "note": $text(remark), "street": $text(address.street), "city": $text(address.city),
    "place": $text(address.city & address.street), "contact": $text(contacts[0].name), "source": $lowercase($text(channel)),
    "email": $text(mail), "tag": $text(tags[0]), "credit": $amount(creditLimit), "balance": $amount(balance),
    "discount": $amount(discount), "revenue": $amount(revenueWan) * 10000, "employees": $whole(staff),
    "orders": $whole(orderCount), "score": $whole(score), "verified": $truth(verified), "listed": $truth(listed),
    "founded": $day(founded, /^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$/),
    "signed": $day(signed, /^[0-9]{{4}}\\/[0-9]{{2}}\\/[0-9]{{2}}$/), "changed": $fromMillis(updatedAt),
    "level": $term($levels, level), "state": $term($states, state), "trade": $term($trades, trade),
    "kind": isGroup = true ? "group" : "single"
  }}
)"""
    compiled = jsonatapy.compile(text)
    return lambda rows: [compiled.evaluate(row) for row in rows]


def jmespath() -> Engine:
    """A multi-select hash with functions of our own, which it needs for everything but paths."""
    import jmespath as library
    from jmespath import functions

    class Own(functions.Functions):  # type: ignore[misc]
        @functions.signature({"types": []})
        def _func_text(self, value: Any) -> Any:
            return None if value is None else (str(value).strip() or None)

        @functions.signature({"types": []})
        def _func_lower(self, value: Any) -> Any:
            return value and value.strip().lower()

        @functions.signature({"types": []})
        def _func_decimal(self, value: Any) -> Any:
            return None if value in (None, "") else _plain(Decimal(value))

        @functions.signature({"types": []})
        def _func_wan(self, value: Any) -> Any:
            return None if value in (None, "") else _plain(Decimal(value) * 10_000)

        @functions.signature({"types": []})
        def _func_whole(self, value: Any) -> Any:
            return None if value in (None, "") else int(value)

        @functions.signature({"types": []})
        def _func_day(self, value: Any) -> Any:
            return date.fromisoformat(value.replace("/", "-")).isoformat() if value else None

        @functions.signature({"types": []})
        def _func_moment(self, value: Any) -> Any:
            return (_EPOCH + timedelta(milliseconds=value)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

        @functions.signature({"types": []}, {"types": ["string"]})
        def _func_term(self, value: Any, name: str) -> Any:
            return _TERMS[name][value]

        @functions.signature({"types": []})
        def _func_truth(self, value: Any) -> Any:
            if value is None or isinstance(value, bool):
                return value
            raise ValueError("neither true nor false")

        @functions.signature({"types": []})
        def _func_kind(self, value: Any) -> Any:
            return "group" if value is True else "single"

    fields = {
        "name": "text(name)", "short_name": "text(shortName)", "number": "text(no)", "owner": "text(owner.name)",
        "note": "text(remark)", "street": "text(address.street)", "city": "text(address.city)",
        "place": "text(join('', [address.city, address.street]))", "contact": "text(contacts[0].name)",
        "source": "lower(channel)", "email": "text(mail)", "tag": "text(tags[0])", "credit": "decimal(creditLimit)",
        "balance": "decimal(balance)", "discount": "decimal(discount)", "revenue": "wan(revenueWan)",
        "employees": "whole(staff)", "orders": "whole(orderCount)", "score": "whole(score)", "verified": "truth(verified)",
        "listed": "truth(listed)", "founded": "day(founded)", "signed": "day(signed)", "changed": "moment(updatedAt)",
        "level": "term(level, 'level')", "state": "term(state, 'state')", "trade": "term(trade, 'trade')",
        "kind": "kind(isGroup)",
    }  # fmt: skip
    text = "{" + ", ".join(f"{name}: {expression}" for name, expression in fields.items()) + "}"
    compiled, options = library.compile(text), library.Options(custom_functions=Own())
    return lambda rows: [compiled.search(row, options) for row in rows]


def airbyte() -> Engine:
    """The `AddFields` of a declarative manifest: a template a field."""
    from airbyte_cdk.sources.declarative.transformations import AddFields
    from airbyte_cdk.sources.declarative.transformations.add_fields import AddedFieldDefinition

    texts = {
        "name": "record['name'] | trim", "short_name": "record['shortName'] | trim", "number": "record['no'] | string",
        "owner": "record['owner']['name'] | trim", "note": "record['remark'] | trim",
        "street": "record['address']['street'] | trim", "city": "record['address']['city'] | trim",
        "place": "record['address']['city'] ~ record['address']['street']",
        "contact": "record['contacts'][0]['name'] | trim", "source": "record['channel'] | lower",
        "email": "record['mail'] | trim", "tag": "record['tags'][0]", "credit": "record['creditLimit']",
        "balance": "record['balance']", "discount": "record['discount']",
        "revenue": "(record['revenueWan'] | float) * 10000", "employees": "record['staff']",
        "orders": "record['orderCount'] | int", "score": "record['score']", "verified": "record['verified']",
        "listed": "record['listed']", "founded": "record['founded']", "signed": "record['signed'] | replace('/', '-')",
        "changed": "record['updatedAt']", "level": f"{LEVELS!r}[record['level']]",
        "state": f"{STATES!r}[record['state']]", "trade": f"{TRADES!r}[record['trade']]",
        "kind": "'group' if record['isGroup'] else 'single'",
    }  # fmt: skip
    fields = [
        AddedFieldDefinition(path=["out", name], value="{{ " + text + " }}", value_type=None, parameters={})
        for name, text in texts.items()
    ]
    adding = AddFields(fields=fields, parameters={})

    def run(rows: list[Row]) -> list[Row]:
        out = []
        for row in rows:
            copy = dict(row)
            adding.transform(copy, config={}, stream_state={}, stream_slice=None)
            out.append(copy["out"])
        return out

    return run


_TERMS = {"level": LEVELS, "state": STATES, "trade": TRADES}


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return re.sub(r"\.?0+$", "", text) if "." in text else text
