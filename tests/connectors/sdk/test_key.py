"""Keys of several fields: one rule for every connector, and no two records share a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import registry
from connectors.sdk import key
from connectors.sdk.expression import compile_expression

_VALUE = st.text(alphabet=st.one_of(st.sampled_from("|\\,% aB"), st.characters()), max_size=8)
_VALUES = st.lists(_VALUE, min_size=1, max_size=4)


@given(_VALUES)
def test_a_key_gives_its_values_back(values: list[str]) -> None:
    assert key.parts(key.joined(values), len(values)) == values


@given(_VALUES, _VALUES)
def test_no_two_records_share_a_key(one: list[str], other: list[str]) -> None:
    if len(one) == len(other):
        assert (key.joined(one) == key.joined(other)) == (one == other)


@given(st.lists(_VALUE, min_size=2, max_size=4))
def test_manifests_have_the_same_rule(values: list[str]) -> None:
    names = frozenset({"v"})
    others = ", ".join(f"v[{at}]" for at in range(1, len(values)))
    made = compile_expression(f"v[0] | key_of({others})", names)({"v": values})
    assert made == key.joined(values)
    if made:
        assert compile_expression("v | key_parts", names)({"v": made}) == values


def test_another_number_of_parts_is_no_key() -> None:
    with pytest.raises(ValueError, match=r"has 2 part\(s\), not 3"):
        key.parts("a|b", 3)


def test_the_fields_of_a_key_are_named_in_one_way() -> None:
    """Declared in a manifest or in the settings of a connection: the manifest of both says the same."""
    table = {"table": "line", "key": ["order_no", "line_no"]}
    declared = registry.manifest_of("db", "sql", {"url": "sqlite://", "streams": {"line": table}})
    assert key.fields_of(declared.streams["line"].key) == ("order_no", "line_no")
    assert key.fields_of(registry.manifest("dingtalk").streams["approval"].key) == ("processCode", "processInstanceId")
