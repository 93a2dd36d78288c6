"""A company's own fields are in no manifest: they can be mapped, and a misspelt standard field is still found."""

from __future__ import annotations

from connectors import registry
from connectors.sdk.manifest import Manifest
from tests.mappings.mapping_world import World


def manifest(custom: str) -> Manifest:
    return Manifest.model_validate(
        {
            "connector": "acme",
            "label": {"zh": "某", "en": "Acme"},
            "kind": "crm",
            "streams": {"Things": {"key": "id", "custom": custom, "fields": {"id": "text", "title": "text"}}},
        }
    )


def test_names_of_the_pattern_are_known_and_others_are_not(world: World) -> None:
    world.manifest = manifest("*__c")
    world.mapping('  name: title\n  note: land__c | trim\n  count: field("staff__c") | integer\n')
    assert not world.errors()
    mapped = world.load().by_name["acme/things"].run([{"title": "T", "land__c": " x ", "staff__c": "7"}], None)[0]
    assert (mapped.fields["note"], mapped.fields["count"]) == ("x", 7)
    world.mapping("  name: titel\n  note: land__d\n")
    assert [error[3] for error in world.errors()] == ["unknown-field", "unknown-field"]


def test_a_flat_row_has_dotted_names_of_its_own(world: World) -> None:
    world.manifest = manifest("F_*")
    world.mapping("  name: title\n  note: F_ABC_Level.FNumber\n")
    assert not world.errors()
    record = {"title": "T", "F_ABC_Level.FNumber": "L1"}
    assert world.load().by_name["acme/things"].run([record], None)[0].fields["note"] == "L1"


def test_without_a_pattern_only_declared_names_are_known(world: World) -> None:
    world.manifest = manifest("")
    world.mapping("  name: title\n  note: land__c\n")
    assert [error[3] for error in world.errors()] == ["unknown-field"]


def test_the_shipped_vendors_take_their_customers_own_fields() -> None:
    assert registry.manifest("fxiaoke").streams["AccountObj"].custom == "*__c"
    assert registry.manifest("kingdee").streams["BD_Customer"].custom == "F_*"
