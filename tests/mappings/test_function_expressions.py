"""Any call of any function: found wrong, or compiled and then without surprises at run time."""

from __future__ import annotations

import random
from typing import Any

from function_calls import anything
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapping_world import World

from mappings.language.functions import ALL, Function, Parameter

CALLS_EACH = 12
_POOLS = {
    "value": ("1", "-2", "2.5", "0", "a", "b.c", "[a, b]", "none", "true", '"x"', '"2026-01-02"', '"CNY"'),
    "text": ('"x"', '"{}"', '"{}-{}"', '"YYYY-MM-DD"', '"Asia/Shanghai"', '"."', '""'),
    "pattern": ('"[0-9]+"', '"(a+)+$"', '"(.)(.)"', '""'),
    "word": ("a", "kind", "plants", "spelling", "fx", "weekends", "state", "thing", '"b.c"'),
    "flag": ("descending", "optional"),
}
_NAMED = {"table": ("plants",), "list": ("state", "spelling"), "rates": ("fx",), "calendar": ("weekends",)}
_VALUES = """
state: {in: {O: open}, out: {open: O}, refused: [shut, gone]}
spelling: {alias: {x: y}}
plants: {table: {x: {c: d}}}
fx: {rates: {USD: 7}}
"""


def _argument(parameter: Parameter, chance: random.Random) -> str:
    if chance.random() < 0.15:
        return chance.choice(_POOLS[chance.choice(list(_POOLS))])
    if parameter.keyword:
        return f"{parameter.name}={chance.choice(_POOLS['text'])}"
    if parameter.kind == "flag":
        return parameter.name
    return chance.choice(parameter.choices[:8] or _NAMED.get(parameter.name) or _POOLS[parameter.kind])


def _expressions(function: Function, chance: random.Random) -> list[str]:
    """Calls with arguments that mostly fit."""
    made = []
    for _ in range(CALLS_EACH):
        words = []
        for parameter in function.parameters:
            if not parameter.required and chance.random() < 0.5:
                break
            words.append(_argument(parameter, chance))
        value = chance.choice(["a", "a", "a", "b.c", '"x"', "1", "none", "[a, b]"])
        made.append(f"({value} | {function.name}({', '.join(words)})) | to_json")
    return made


def test_calls_are_refused_or_run_without_surprise(world: World) -> None:
    functions = [each for each in ALL if each.direction != "out" and each.name != "ref"]
    written = [each for function in functions for each in _expressions(function, random.Random(function.name))]
    fields = "\n".join(f"  f{number}: {{type: text, label: {{zh: 甲, en: A}}}}" for number in range(len(written)))
    world.write(
        world.entities / "thing" / "entity.yaml", f"entity: thing\nlabel: {{zh: 物, en: Thing}}\nfields:\n{fields}\n"
    )
    world.write(world.folder / "acme" / "terms.yaml", _VALUES)
    quoted = ["'" + each.replace("'", "''").replace("()", "") + "'" for each in written]
    world.mapping("\n".join(f"  f{number}: {each}" for number, each in enumerate(quoted)))
    wrong = {each.mark.line - 5 for each in world.load().findings if each.severity == "error"}
    assert all(0 <= each < len(quoted) for each in wrong)
    good = [number for number in range(len(quoted)) if number not in wrong]
    silent = {functions[number // CALLS_EACH].name for number in range(len(quoted))} - {
        functions[number // CALLS_EACH].name for number in good
    }
    assert silent == set(), "no call of these was right"
    compiled = world.compiled("\n".join(f"  f{number}: {quoted[number]}" for number in good))

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.fixed_dictionaries({"a": anything, "b": anything, "kind": anything}))
    def run(record: dict[str, Any]) -> None:
        mapped = compiled.run([record], None)[0]
        assert [(each.field, each.message) for each in mapped.errors if each.code == "unexpected-value"] == []

    run()
