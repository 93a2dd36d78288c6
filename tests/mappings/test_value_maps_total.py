"""Every shipped value map is total inward, and outward total or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.language.pieces import term, term_out
from mappings.language.valuemaps import inward_of, outward_of
from mappings.language.values import BadValueError
from tongmai.sync.content import load_content

CONTENT = load_content()
MAPS = {
    (definition.system, name): (CONTENT.mappings.surroundings[mapping], one)
    for mapping, definition in CONTENT.mappings.definitions.items()
    for name, one in CONTENT.mappings.surroundings[mapping].maps.items()
    if name in CONTENT.schema.terms
}


@pytest.mark.parametrize("which", sorted(MAPS), ids="/".join)
@given(data=st.data())
def test_a_shipped_value_map_leaves_nothing_open(which: tuple[str, str], data: st.DataObject) -> None:
    around, one = MAPS[which]
    name = which[1]
    terms = CONTENT.schema.terms[name].terms
    inward = inward_of(name, around.maps, CONTENT.schema)
    values = declared(around, name) or sorted(inward)
    value = data.draw(st.sampled_from(values))
    assert term(value, inward, name) in terms
    if one.outward is None and not one.refused:
        return  # it is only ever read
    outward, missing, several = outward_of(name, around.maps, CONTENT.schema)
    assert not missing and not several
    chosen = data.draw(st.sampled_from(sorted(terms)))
    try:
        assert term_out(chosen, outward, name)
    except BadValueError as error:
        assert error.code == "refused-term"
        reason = one.refused[chosen]
        assert reason is not None and reason.zh and reason.en, f"{which}: `{chosen}` is refused without a reason"


def declared(around: Any, name: str) -> list[str]:
    """What the manifest says that the source's fields hold which go through this map."""
    found: set[str] = set()
    for mapping, compiled in CONTENT.mappings.by_name.items():
        definition = CONTENT.mappings.definitions[mapping]
        if CONTENT.mappings.surroundings[mapping].maps is not around.maps or compiled.outbound:
            continue
        stream = around.manifest.streams.get(definition.stream) if around.manifest is not None else None
        for target in definition.targets:
            spec = CONTENT.schema.entities[compiled.entity].fields.get(target.name)
            if stream is not None and spec is not None and str(spec.type) == f"term({name})":
                for field in compiled.reads_of.get(target.name, ()):
                    known = stream.values.get(field)
                    if known and f"{field} | term({name})" == getattr(getattr(target.node, "place", None), "text", ""):
                        found |= set(known)
    return sorted(found)
