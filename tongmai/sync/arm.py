"""Subscriptions and arming: a target is written to only after its own baseline was read and matched."""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID

from mappings.language.types import CompiledMapping
from masterdata.model import Entity
from masterdata.store import Cursor, Database
from masterdata.store.database import hold
from tongmai.core.errors import ConfigurationError
from tongmai.sync import targets
from tongmai.sync.direct import is_inner
from tongmai.sync.echo import TargetState
from tongmai.sync.specs import Outbound

NEWS = "not what the same stream said"


def ensure_stream(cursor: Cursor, connection: str, stream: str, role: str, entity: str) -> int:
    """The id of a stream; made at its first use. Its role follows ``connections.yaml``.

    Records that a direct sync passed on belong to its inner entity, those of another sync to theirs: neither may go on
    into the other's. Raises where that would be.
    """
    cursor.execute(
        """select entity from hub.stream s where connection = %s and stream = %s and entity <> %s
              and exists (select 1 from hub.source_record r where r.stream_id = s.id and r.entity_id is not null)""",
        (connection, stream, entity),
    )
    before = cursor.fetchone()
    if before and (is_inner(before[0]) or is_inner(entity)):
        raise ConfigurationError(
            f"{connection}: {stream}",
            f"its records went into `{before[0]}` until now; with this sync they would go into `{entity}`",
            "give the sync its old name and kind, or read under a new connection name: then all records are read anew",
            code="other-way",
        )
    cursor.execute(
        """insert into hub.stream (connection, stream, role, entity) values (%s, %s, %s, %s)
           on conflict (connection, stream) do update set role = excluded.role, entity = excluded.entity returning id""",
        (connection, stream, role, entity),
    )
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def canonical_reads(
    spec: Outbound, mapping: CompiledMapping, entity: Entity, condition: frozenset[str]
) -> frozenset[str]:
    """The canonical fields a target must hold: what its mapping reads to update a record, and the status where it follows.

    Of lines also which of their fields (``lines.price``): the target may hold more in a line than we write there.
    """
    updating = {
        name for target, names in mapping.reads_of.items() if target not in mapping.create_only for name in names
    }
    reads = {name for name in updating if name in entity.fields}
    in_lines = {
        name
        for one, names in mapping.line_reads.items()
        if one.split(".")[0] not in mapping.create_only
        for name in names
    }
    reads |= {name for name in in_lines if name.partition(".")[0] in reads and not name.startswith("head.")}
    if "status" in entity.fields and (spec.deletes == "deactivate" or "status" in condition):
        reads.add("status")
    return frozenset(reads)


def subscribe(
    cursor: Cursor, spec: Outbound, stream_id: int, reads: frozenset[str], digest: bytes
) -> tuple[bool, bool]:
    """Make or refresh the subscription; returns whether the target is armed and whether its digest is another one.

    The new digest is noted by ``requeue``, together with what follows from it.
    """
    cursor.execute("select armed_at is not null, map_digest from hub.target where name = %s for update", (spec.sync,))
    row = cursor.fetchone()
    cursor.execute(
        """insert into hub.target (name, stream_id, entity, reads, map_digest) values (%s, %s, %s, %s, %s)
           on conflict (name) do update set stream_id = excluded.stream_id, entity = excluded.entity,
             reads = excluded.reads""",
        (spec.sync, stream_id, spec.of, sorted(reads), digest),
    )
    return (bool(row[0]), bytes(row[1]) != digest) if row else (False, False)


def baseline_stands(cursor: Cursor, stream_id: int) -> bool:
    """Whether a whole listing of the target's stream is stored and none of it still waits to be matched."""
    cursor.execute(
        """select baseline_at is not null and not exists (select 1 from hub.work where stream_id = %s)
             from hub.stream where id = %s""",
        (stream_id, stream_id),
    )
    row = cursor.fetchone()
    return bool(row and row[0])


def arm(database: Database, spec: Outbound, run: str) -> int:
    """Arm the target and queue every entity for it, in one transaction; returns how many were queued."""
    with database.transaction() as cursor:
        # Whoever writes golden records now either sees the target armed or is seen here.
        hold(cursor, [f"entity:{spec.of}"])
        cursor.execute("update hub.target set armed_at = now() where name = %s and armed_at is null", (spec.sync,))
        _link(database, cursor, spec)
        return queue_all(cursor, spec, run)


def _link(database: Database, cursor: Cursor, spec: Outbound) -> None:
    """What the baseline matched before this target existed: its records are linked, never created again.

    Of several records of one entity the lowest key is the one we write to; the others' notes are put aside.
    """
    cursor.execute(
        """select s.entity, s.connection, s.stream, r.source_key, coalesce(c.fields->>'status', 'active') <> 'inactive',
                  coalesce((select jsonb_object_agg(k.name, c.fields->k.name) from unnest(t.reads) k (name)
                             where c.fields ? k.name), '{}')
             from hub.target t
             join hub.stream s on s.id = t.stream_id
             join hub.source_record r on r.stream_id = t.stream_id
             join hub.contribution c on c.record_id = r.id and not c.deleted
            where t.name = %s and exists (
              select 1 from hub.source_record o join hub.contribution d on d.record_id = o.id and not d.deleted
               where o.entity_id = r.entity_id and o.stream_id = r.stream_id and o.source_key < r.source_key)""",
        (spec.sync,),
    )
    second = [(spec.sync, targets.aside(*row[:4]), TargetState(row[3], active=row[4], known=row[5])) for row in cursor]
    targets.save(database, cursor, second)
    cursor.execute(
        """insert into hub.target_state (target, entity_id, remote_key, active, known)
           select distinct on (r.entity_id) t.name, r.entity_id, r.source_key,
                  coalesce(c.fields->>'status', 'active') <> 'inactive',
                  coalesce((select jsonb_object_agg(k.name, c.fields->k.name) from unnest(t.reads) k (name)
                             where c.fields ? k.name), '{}')
             from hub.target t
             join hub.source_record r on r.stream_id = t.stream_id
             join hub.contribution c on c.record_id = r.id and not c.deleted
            where t.name = %s
            order by r.entity_id, r.source_key
           on conflict do nothing""",
        (spec.sync,),
    )


def digest(spec: Outbound, mapping: CompiledMapping) -> bytes:
    """16 bytes that change when other records or other values could be wanted in the target.

    ``NEWS`` names the rule of what is news (ADR 23): with another one every entity is looked at again, once.
    """
    rules = "\x1f".join((spec.when, spec.create, spec.deletes, NEWS))
    return blake2b(mapping.digest + rules.encode(), digest_size=16).digest()


def look_again(database: Database, spec: Outbound, run: str, mapping: CompiledMapping, *, changed: bool) -> None:
    """What waited for a reference looks again; a changed mapping or condition lets every entity be looked at."""
    with database.transaction() as cursor:
        # Runs that change records queue them for this target too, in another order.
        hold(cursor, [f"entity:{spec.of}"])
        cursor.execute("update hub.outbox set state = 'open' where target = %s and state = 'waiting'", (spec.sync,))
        if changed:
            requeue(cursor, spec, run, digest(spec, mapping))


def requeue(cursor: Cursor, spec: Outbound, run: str, digest: bytes) -> int:
    """A changed mapping or condition lets every entity be looked at; returns how many were queued."""
    cursor.execute("update hub.target set map_digest = %s where name = %s", (digest, spec.sync))
    return queue_all(cursor, spec, run)


def queue_all(cursor: Cursor, spec: Outbound, run: str) -> int:
    """Queue every entity of the target's kind; those that are right already will be suppressed."""
    cursor.execute(
        "select id from hub.entity where entity = %s and redirect_to is null order by created_at, id", (spec.of,)
    )
    ids: list[UUID] = [row[0] for row in cursor]
    return targets.enqueue(cursor, spec.sync, run, ids)
