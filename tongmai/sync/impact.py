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
    held = _held(cursor, content, term)
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
        "quarantined": len(entries),
        "entries": entries,
    }


def _held(cursor: Cursor, content: Content, term: TermFile) -> int:
    """Golden records that have a value of the list."""
    total = 0
    for entity in content.schema.entities.values():
        for name, spec in entity.fields.items():
            if spec.type.name != "term" or spec.type.arg != term.list:
                continue
            cursor.execute(
                """select count(*) from hub.entity e join hub.entity_version v on v.entity_id = e.id and v.version = e.version
                    where e.entity = %s and e.redirect_to is null and jsonb_typeof(v.fields->%s) in ('string', 'array')""",
                (entity.entity, name),
            )
            row = cursor.fetchone()
            total += int(row[0]) if row else 0
    return total
