"""Whether a file of customers holds people: then it is matched as people are, by names and birthdays, not as companies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mappings.drafting.names import likeness
from masterdata.model import Entity, Schema
from tongmai.core.csvfile import UTF8, CsvFile

COMPANIES, PEOPLE = "customer", "member"
SURE = 0.9
_PERSONAL = frozenset(
    {"given_name", "family_name", "date_of_birth", "id_number", "gender", "nickname", "open_ids", "card_number"}
)
_COMPANY = frozenset(
    {"uscc", "short_name", "english_name", "former_names", "legal_person", "contact_person", "website"}
)


def entity_of(file: Path, schema: Schema, entity: str, encoding: str = UTF8) -> str:
    """The entity by whose rules the file is matched: ``entity``, or people where its columns are those of people."""
    person, company = schema.entities.get(PEOPLE), schema.entities.get(COMPANIES)
    if entity != COMPANIES or person is None or company is None or PEOPLE not in schema.matching:
        return entity
    header = [name for name in CsvFile(file, encoding).header() if name]
    of_person = _named(header, person)
    personal = _PERSONAL & {field for fields in of_person.values() for field in fields}
    of_company = _named(header, company)
    if any(_COMPANY & fields for fields in of_company.values()):
        return entity
    if any("legal_name" in fields and "name" not in of_person[name] for name, fields in of_company.items()):
        return entity
    named = any("name" in fields for fields in of_person.values())
    return PEOPLE if {"given_name", "family_name"} <= personal or len(personal) > 1 or (named and personal) else entity


def _named(header: Sequence[str], entity: Entity) -> dict[str, set[str]]:
    """Column → the fields that its name surely means."""
    return {
        name: {
            field
            for field, spec in entity.fields.items()
            if likeness(name, "", field, (spec.label.zh, spec.label.en))[0] >= SURE
        }
        for name in header
    }
