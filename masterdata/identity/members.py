"""Who belongs to which entity: births, seats, and what follows when records go over to another one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import sql

from masterdata.store import Cursor, Database


@dataclass
class Moves:
    """What a new partition changes. ``entity_of``: the entity of every record in it. ``over``: records that went over
    from one entity to another. ``dead``: entities that are no more; ``risen``: such that are again."""

    entity_of: dict[int, UUID] = field(default_factory=dict)
    over: dict[int, tuple[UUID, UUID]] = field(default_factory=dict)
    dead: set[UUID] = field(default_factory=set)
    risen: set[UUID] = field(default_factory=set)

    @property
    def touched(self) -> set[UUID]:
        """The living entities that lost or won records."""
        return {one for pair in self.over.values() for one in pair} - self.dead


def seat(
    database: Database,
    cursor: Cursor,
    entity: str,
    newcomers: Sequence[tuple[int, UUID | None, Callable[[int], UUID]]],
    marks: Mapping[int, bytes],
) -> dict[int, UUID]:
    """Give records that are compared for the first time a seat and a birth; note the ``marks`` of all. Returns the births.

    A newcomer is (record, the entity it belongs to already, its own id by generation). Its birth is that entity's id where no
    other record has it: what was identified before there were seats keeps its id.
    """
    births = _births(cursor, newcomers)
    staged = database.stage(
        cursor,
        "match_record",
        "n bigint, record_id bigint, birth uuid, mark bytea",
        ((number, record, births.get(record), mark) for number, (record, mark) in enumerate(marks.items())),
    )
    if births:
        staged.execute(
            """insert into hub.match_record (record_id, entity, birth, mark)
               select record_id, %(entity)s, birth, mark from {staged} where birth is not null order by n""",
            entity=entity,
        )
    if len(births) < len(marks):
        staged.execute(
            """update hub.match_record m set mark = staged.mark from {staged}
                where staged.birth is null and m.record_id = staged.record_id"""
        )
    return births


def _births(cursor: Cursor, newcomers: Sequence[tuple[int, UUID | None, Callable[[int], UUID]]]) -> dict[int, UUID]:
    if not newcomers:
        return {}
    wanted = {one for _, known, own in newcomers for one in (known, own(0)) if one is not None}
    cursor.execute("select birth from hub.match_record where birth = any(%s)", (list(wanted),))
    taken = {row[0] for row in cursor}
    births: dict[int, UUID] = {}
    for record, known, own in newcomers:
        generation = 0
        birth = known if known is not None and known not in taken else own(generation)
        while birth in taken:
            generation += 1
            birth = own(generation)
            if generation > 0:
                cursor.execute("select 1 from hub.match_record where birth = %s", (birth,))
                if cursor.fetchone():
                    taken.add(birth)
        taken.add(birth)
        births[record] = birth
    return births


def regroup(cursor: Cursor, entity: str, clusters: Iterable[Sequence[int]], run: str, act: int | None = None) -> Moves:
    """Let every record belong to its cluster's entity: the birth of its lowest seat. Returns who moved.

    Source records, contributions and those that follow a record that we wrote go along; ids that are no more point to where
    their own record went.
    """
    found = Moves()
    groups = [list(cluster) for cluster in clusters]
    members = [record for group in groups for record in group]
    cursor.execute(
        """select m.record_id, m.seat, m.birth, r.entity_id from hub.match_record m
             join hub.source_record r on r.id = m.record_id where m.record_id = any(%s)""",
        (members,),
    )
    known = {row[0]: row[1:] for row in cursor}
    for group in groups:
        home: UUID = known[min(group, key=lambda record: known[record][0])][1]
        for record in group:
            found.entity_of[record] = home
            before = known[record][2]
            if before is not None and before != home:
                found.over[record] = (before, home)
    fresh = [record for record in members if known[record][2] != found.entity_of[record]]
    if fresh:
        _settle(cursor, entity, found, fresh, {record: known[record][1] for record in members}, run, act)
    return found


def _settle(
    cursor: Cursor,
    entity: str,
    found: Moves,
    fresh: Sequence[int],
    births: Mapping[int, UUID],
    run: str,
    act: int | None,
) -> None:
    homes = [found.entity_of[record] for record in fresh]
    cursor.execute(
        """update hub.source_record r set entity_id = n.home from unnest(%s::bigint[], %s::uuid[]) n (id, home) where r.id = n.id""",
        (list(fresh), homes),
    )
    moved = sorted(found.over)
    if not moved:
        return
    _followers(cursor, found, {births[record]: found.entity_of[record] for record in moved})
    every = sorted(found.over)
    cursor.execute(
        """with n as (select * from unnest(%s::bigint[], %s::uuid[], %s::uuid[]) n (id, old, home)),
                c as (update hub.contribution c set entity_id = n.home from n where c.record_id = n.id),
                f as (update hub.finding f set entity_id = n.home from n where f.record_id = n.id)
           insert into hub.match_event (entity, record_id, came_from, went_to, run_id, act)
           select %s, id, old, home, %s, %s from n order by id""",
        (every, [found.over[one][0] for one in every], [found.over[one][1] for one in every], entity, run, act),
    )
    _redirect(cursor, entity, found, {births[record]: found.entity_of[record] for record in moved})


def _followers(cursor: Cursor, found: Moves, homes: Mapping[UUID, UUID]) -> None:
    """What we wrote of an entity goes where the record goes that was the entity's first when it was written."""
    cursor.execute(
        """update hub.source_record r set entity_id = n.home from unnest(%s::uuid[], %s::uuid[]) n (birth, home),
             (select id, entity_id from hub.source_record where anchor = any(%s) for update) o
            where r.anchor = n.birth and o.id = r.id and r.entity_id is distinct from n.home
           returning r.id, o.entity_id, n.home""",
        (list(homes), list(homes.values()), list(homes)),
    )
    found.over.update({row[0]: (row[1], row[2]) for row in cursor})


def _redirect(cursor: Cursor, entity: str, found: Moves, homes: Mapping[UUID, UUID]) -> None:
    """The ids of moved records' births: alive where such a record leads its entity, else a pointer to where it is."""
    cursor.execute(
        """update hub.entity e set redirect_to = nullif(n.home, e.id), updated_at = now(),
             digest = case when n.home = e.id then e.digest else '' end
             from unnest(%s::uuid[], %s::uuid[]) n (birth, home)
            where e.id = n.birth and e.redirect_to is distinct from nullif(n.home, e.id)
           returning e.id, e.redirect_to""",
        (list(homes), list(homes.values())),
    )
    for one, to in cursor.fetchall():
        (found.risen if to is None else found.dead).add(one)
    if found.dead:
        bury(cursor, entity, found.dead)


def bury(cursor: Cursor, entity: str, dead: Collection[UUID]) -> None:
    """What is looked up of an entity that is no more: its golden row and its keys. Its versions and overrides stay."""
    cursor.execute(sql.SQL("delete from golden.{} where id = any(%s)").format(sql.Identifier(entity)), (list(dead),))
    cursor.execute("delete from hub.match_key where entity_id = any(%s) and kind not like 'own:%%'", (list(dead),))
