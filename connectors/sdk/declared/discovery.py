"""Asks a system which fields its kinds of records have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.sdk import places, wire
from connectors.sdk.contract import Detail, Discovered
from connectors.sdk.declared.answers import GoneError
from connectors.sdk.declared.caller import Caller, Heard
from connectors.sdk.declared.model import Discover
from connectors.sdk.declared.rows import listed
from connectors.sdk.declared.texts import ANSWER
from connectors.sdk.expression import compile_expression
from connectors.sdk.functions import as_text
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError


def discovered(caller: Caller, spec: Discover, streams: Sequence[str]) -> list[Discovered]:
    """One entry for each kind of record that is there. A kind that a person named and that is not there is an error."""
    named = places.filling(spec.objects, caller.names)(caller.settings) if spec.objects else None
    request = caller.request(spec)
    found = []
    for name in named or streams:
        try:
            heard = caller.call(request, {**caller.settings, "object": as_text(name), "now": now()})
        except GoneError as error:
            if named:
                raise ConfigurationError(error.what, error.why, f"correct `{name}`", code="unknown-object") from None
            continue
        found.append(_entry(caller, spec, as_text(name), heard))
    return found


def _entry(caller: Caller, spec: Discover, name: str, heard: Heard) -> Discovered:
    names = ANSWER | caller.names
    called = compile_expression(spec.name, names | {"row"})
    typed = compile_expression(spec.type, names | {"row"})
    more = {
        word: compile_expression(text, names | {"row"})
        for word, text in (
            ("label", spec.field_label),
            ("values", spec.values),
            ("length", spec.length),
            ("writable", spec.field_writable),
        )
        if text
    }
    fields: dict[str, str] = {}
    details: dict[str, Detail] = {}
    for raw in listed(compile_expression(spec.fields, names)(heard.scope), caller.name):
        scope = {**heard.scope, "row": wire.parse(bytes(raw)) if isinstance(raw, msgspec.Raw) else raw}
        one = as_text(called(scope))
        fields[one] = as_text(typed(scope))
        if more:
            details[one] = _detail({word: read(scope) for word, read in more.items()}, caller.name)
    label = as_text(compile_expression(spec.label, names)(heard.scope)) if spec.label else ""
    writable = bool(compile_expression(spec.writable, names)(heard.scope)) if spec.writable else False
    return Discovered(name, spec.key, fields, label, writable, details)


def _detail(told: dict[str, Any], name: str) -> Detail:
    values: dict[str, str] = {}
    for raw in listed(told["values"], name) if told.get("values") else ():
        one = wire.parse(bytes(raw)) if isinstance(raw, msgspec.Raw) else raw
        if isinstance(one, dict):
            values[as_text(one.get("value"))] = as_text(one.get("label"))
        else:
            values[as_text(one)] = ""
    length = told.get("length")
    writable = bool(told["writable"]) if "writable" in told else None
    return Detail(as_text(told.get("label")), values, int(length) if length else 0, writable)
