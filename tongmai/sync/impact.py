"""What a proposal for the dictionary touches: mappings, syncs, stored and quarantined records."""

from __future__ import annotations

from typing import Any

from masterdata.model.terms import TermFile
from masterdata.store import Cursor
from tongmai.core.text import display_path
from tongmai.sync.content import Content
from tongmai.sync.proposals import refuse_mistakes, touched_entries, unknown
from tongmai.sync.specs import Direct, Inbound, Outbound


def impact(cursor: Cursor, content: Content, term: TermFile, text: str) -> dict[str, Any]:
    """What changes with the proposal. A mapping is touched when it would be compiled to something else, so that what it has
    stored is mapped again; raises when the proposal would make mistakes."""
    then = refuse_mistakes(content, term, text)
    mappings = [
        name
        for name, compiled in content.mappings.by_name.items()
        if name in then.mappings.by_name and then.mappings.by_name[name].digest != compiled.digest
    ]
    syncs = []
    for name, spec in content.specs.syncs.items():
        if not isinstance(spec, Inbound | Outbound | Direct) or spec.map not in mappings:
            continue
        records = 0
        if isinstance(spec, Inbound | Direct):
            cursor.execute(
                """select count(*) from hub.source_record r join hub.stream s on s.id = r.stream_id
                    where s.connection = %s and s.stream = %s and r.map_digest is not null and not r.deleted""",
                (spec.read.connection, spec.read.stream),
            )
        else:
            cursor.execute("select count(*) from hub.target_state where target = %s and not gone", (name,))
        row = cursor.fetchone()
        records = int(row[0]) if row else 0
        way = "in" if isinstance(spec, Inbound) else "direct" if isinstance(spec, Direct) else "out"
        syncs.append({"sync": name, "way": way, "mapping": spec.map, "records": records})
    fields = [
        f"{entity.entity}.{name}"
        for entity in content.schema.entities.values()
        for name, spec in entity.fields.items()
        if spec.type.name == "term" and spec.type.arg == term.list
    ]
    held, holding = _held(cursor, content, term)
    entries = touched_entries(unknown(cursor, content), content, term)
    return {
        "list": term.list,
        "term": term.term,
        "new": term.adds,
        "fields": fields,
        "mappings": [{"mapping": name, "file": display_path(content.mappings.by_name[name].file)} for name in mappings],
        "syncs": syncs,
        "records": sum(one["records"] for one in syncs if one["way"] != "out"),
        "delivered": sum(one["records"] for one in syncs if one["way"] == "out"),
        "golden": held,
        "holding": holding,
        "overrides": _set(cursor, content, term) if term.retired else 0,
        "quarantined": len(entries),
        "entries": entries,
    }


def _held(cursor: Cursor, content: Content, term: TermFile) -> tuple[int, int]:
    """(golden records that have a value of the list, those that have this very term)."""
    total = holding = 0
    for entity in content.schema.entities.values():
        for name, spec in entity.fields.items():
            if spec.type.name != "term" or spec.type.arg != term.list:
                continue
            cursor.execute(
                """select count(*), count(*) filter (where v.fields->%s ? %s)
                     from hub.entity e join hub.entity_version v on v.entity_id = e.id and v.version = e.version
                    where e.entity = %s and e.redirect_to is null and jsonb_typeof(v.fields->%s) in ('string', 'array')""",
                (name, term.term, entity.entity, name),
            )
            row = cursor.fetchone()
            total, holding = (total + int(row[0]), holding + int(row[1])) if row else (total, holding)
    return total, holding


def _set(cursor: Cursor, content: Content, term: TermFile) -> int:
    """Stewards' values that are this very term: nobody maps them again, they stand until they end."""
    fields = [
        (entity.entity, name)
        for entity in content.schema.entities.values()
        for name, spec in entity.fields.items()
        if spec.type.name == "term" and spec.type.arg == term.list
    ]
    cursor.execute(
        """select count(*) from hub.override o join hub.entity e on e.id = o.entity_id
             join unnest(%s::text[], %s::text[]) f (entity, field) on f.entity = e.entity and f.field = o.field
            where o.ended_at is null and o.value ? %s""",
        ([one[0] for one in fields], [one[1] for one in fields], term.term),
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0
