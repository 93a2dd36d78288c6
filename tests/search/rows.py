"""Golden records put into a hub as a sync writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

from masterdata.golden import write as golden
from masterdata.golden.write import Golden
from masterdata.store import Database, connect
from tongmai.sync.content import Content, activate, load_content

SPACE = UUID("00000000-0000-0000-0000-00000000c0de")


def number(key: str) -> UUID:
    return uuid5(SPACE, key)


@contextmanager
def hub(url: str, content: Content | None = None) -> Iterator[tuple[Database, Content]]:
    """The database with its golden tables."""
    content = content or load_content()
    with connect(url) as database:
        activate(database, content)
        yield database, content


def put(database: Database, content: Content, entity: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Write golden records (key → fields): the next version of each, where something is different."""
    model = content.schema.entities[entity]
    with database.transaction() as cursor:
        before = golden.load(cursor, [number(key) for key in rows])
        changes = []
        for key, given in rows.items():
            old = before.get(number(key), Golden(number(key)))
            fields = {name: given.get(name, old.fields.get(name)) for name in model.fields}
            names = [name for name, value in fields.items() if old.fields.get(name) != value]
            why = {name: {"connection": "crm_main", "rule": "only", "at": ""} for name in fields if fields[name]}
            if names:
                changes.append((Golden(number(key), old.version + 1, golden.digest(fields), fields, why), names))
        golden.save(database, cursor, model, "test", changes)
