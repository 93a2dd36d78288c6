"""The proof that a mapping which `reverses` another gives back what it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from mappings.language.cases import CaseResult, TestFile
from mappings.language.definition import Definition
from mappings.language.types import CompiledMapping
from tongmai.core.text import Text

_ID = "00000000-0000-4000-8000-"


def round_trips(
    back: Definition, inbound: CompiledMapping, outbound: CompiledMapping, tests: TestFile
) -> Iterator[CaseResult]:
    """For each record of the base's tests: mapped in, written out and read again, the fields that go out are the same."""
    reversed_ = [one for one in inbound.reads_of if one not in back.data.drop and _goes_out(one, outbound)]
    for line, case in tests.cases:
        mapped = inbound.run([case.given], None)[0]
        if mapped.errors or mapped.filtered:
            continue
        keys: dict[str, str] = {}
        canonical = {"id": f"{_ID}000000000000", **deepcopy(mapped.fields)}
        for name, reference in mapped.references.items():
            entity_id = f"{_ID}{len(keys) + 1:012x}"
            keys[entity_id] = reference.key
            _put(canonical, name, entity_id)
        result = CaseResult(outbound.name, f"{case.case} ↔", f"{tests.file}:{line}")

        def resolve(entity_id: str, stream: str, field: str = "", known: Mapping[str, str] = keys) -> str | None:
            return known.get(entity_id)

        sent = outbound.run([canonical], resolve)[0]
        if sent.filtered:
            continue
        if sent.errors:
            first = sent.errors[0]
            result.differences.append(Text(f"{first.field}: {first.message}", f"{first.field}：{first.message}"))
        else:
            again = inbound.run([_flat(sent.fields)], None)[0]
            for name in sorted({*mapped.references, *again.references}):
                if name.partition("[")[0] in reversed_:
                    there, here = mapped.references.get(name), again.references.get(name)
                    _compare(name, there.key if there else None, here.key if here else None, result)
            for name in reversed_:
                _compare(name, mapped.fields.get(name), again.fields.get(name), result)
        yield result


def _goes_out(name: str, outbound: CompiledMapping) -> bool:
    return any(name in reads for reads in outbound.reads_of.values())


def _compare(name: str, was: Any, now: Any, result: CaseResult) -> None:
    if was != now:
        result.differences.append(
            Text(f"{name}: was {was!r}, comes back as {now!r}", f"{name}：原为 {was!r}，读回为 {now!r}")
        )


def _put(record: dict[str, Any], name: str, value: str) -> None:
    """A reference where it belongs: a field, or ``lines[2].product``."""
    whole, _, inside = name.partition("[")
    if not inside:
        record[name] = value
        return
    index, _, field = inside.partition("].")
    record[whole][int(index)][field] = value


def _flat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as its system gives it back: nested members under dotted names too."""
    out: dict[str, Any] = dict(payload)
    for name, value in payload.items():
        if isinstance(value, dict):
            out |= {f"{name}.{below}": one for below, one in _flat(value).items()}
        elif isinstance(value, list):
            out[name] = [_flat(one) if isinstance(one, dict) else one for one in value]
    return out
