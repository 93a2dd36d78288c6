"""Personal data goes only where the connection says that it may: found before anything is sent."""

from __future__ import annotations

from mappings.language import CompiledMapping
from mappings.language.definition import Each
from masterdata.model import Entity
from tongmai.core.yamlfile import Document
from tongmai.sync.content import Content
from tongmai.sync.specs import Outbound


def check_personal(content: Content, spec: Outbound, mapping: CompiledMapping, document: Document) -> None:
    """Notes the fields of a sync that send personal data to a connection that is not declared to receive it."""
    connection = content.specs.connections.get(spec.write.connection)
    entity = content.schema.entities.get(mapping.entity)
    if connection is None or entity is None or "personal" in connection.receives:
        return
    sent = _sent(content, mapping, entity)
    if not sent:
        return
    ways = ", ".join(f"{source} → {target}" for source, target in sent)
    document.add(
        document.mark("write", "connection"),
        "sync.personal-data",
        f"personal data goes to `{spec.write.connection}`, which is not declared to receive it ({ways});"
        f" write `receives: [personal]` at the connection, or take the fields out of `{spec.map}`",
        f"个人信息将写入 `{spec.write.connection}`，而该连接未声明可接收（{ways}）；"
        f"请在连接上写 `receives: [personal]`，或从 `{spec.map}` 中去掉这些字段",
    )


def _sent(content: Content, mapping: CompiledMapping, entity: Entity) -> list[tuple[str, str]]:
    """(Personal field, where it goes), by whatever function or fragment; lists line field by line field."""
    found: list[tuple[str, str]] = []
    definition = content.mappings.definitions[mapping.name]
    lists = {target.path[0] for target in definition.targets if isinstance(target.node, Each)}
    for target, reads in mapping.reads_of.items():
        own = (
            reads
            if target not in lists
            else frozenset(name for name in reads if name in entity.fields and not entity.fields[name].fields)
        )
        found += [(f"{entity.entity}.{name}", target) for name in sorted(own) if _is_personal(entity, name)]
    for target, reads in mapping.line_reads.items():
        for name in sorted(reads):
            field = name.removeprefix("head.")
            if _is_personal(entity, field):
                found.append((f"{entity.entity}.{field}", target))
    for name, field in sorted(mapping.sends):
        other = content.schema.entities.get(name)
        if other is not None and field in other.fields and other.fields[field].personal:
            found.append((f"{name}.{field}", "remote_key"))
    return list(dict.fromkeys(found))


def _is_personal(entity: Entity, name: str) -> bool:
    """A field of the entity, or `lines.field` of its lines."""
    top, _, inner = name.partition(".")
    field = entity.fields.get(top)
    if field is None:
        return False
    if inner:
        line = field.fields.get(inner)
        return field.personal or (line is not None and line.personal)
    return field.personal
