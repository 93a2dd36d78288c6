"""Every construct of the reference runs as its page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mappings.language import load_mappings
from mappings.language.constructs import CONSTRUCTS, ENTITY, TERMS, VALUES, Construct
from mappings.language.reference import language_page
from masterdata.model import load_schema
from tongmai.core.settings import product_root


def test_the_page_is_the_registry() -> None:
    written = (product_root() / "docs" / "reference" / "mapping-language.md").read_text(encoding="utf-8")
    assert written == language_page(), "run: make docs"


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.name.en)
def test_a_construct_does_what_its_example_says(construct: Construct, tmp_path: Path) -> None:
    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")

    write("entities/order/entity.yaml", ENTITY)
    write("entities/order/terms.yaml", TERMS)
    write("product/shop/terms.yaml", VALUES)
    for name, text in construct.files.items():
        write(f"{'site' if name == 'variables.yaml' else 'product'}/{name}", text)
    name = "shop/orders.out" if construct.outbound else "shop/orders"
    write(f"product/{name}.yaml", construct.mapping())
    loaded = load_mappings(
        [tmp_path / "product", tmp_path / "site"], load_schema([tmp_path / "entities"]), lambda _: None
    )
    assert not [one.render() for one in loaded.findings if one.severity == "error"]
    mapped = loaded.by_name[name].run([construct.given], None)[0]
    assert mapped.filtered == construct.left_out
    told = {(one.field, one.code) for one in mapped.errors}
    assert told == ({construct.error} if construct.error[0] else set())
    if construct.finding[0]:
        assert construct.finding in {(one.field, one.code) for one in mapped.findings}
    got: dict[str, Any] = dict(mapped.fields)
    for field, reference in mapped.references.items():
        got[field] = {
            "entity": reference.entity,
            "key": reference.key,
            "stream": reference.stream,
            "optional": reference.optional,
        }
    assert {field: got.get(field) for field in construct.gives} == construct.gives
