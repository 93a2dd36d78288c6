"""Open questions by equations alone, redirects of an entity, a short list of what the search index has still to take in."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

# Every search reads the list of pending entries whole: a short one makes writing cheaper by half and searching hardly dearer.
INDEX = "alter index hub.search_tokens set (fastupdate = on, gin_pending_list_limit = 256)"
REDIRECTS = "create index if not exists redirect_entity on hub.redirect (entity_id, at)"
VIEWS = """
drop view hub.match_review;
drop view if exists hub.match_twin;

create view hub.match_twin as
  select e.entity, e.record_id, e.other_id, e.weight, r.entity_id, s.entity_id as twin_id
    from (select entity, one as record_id, other as other_id, weight, veto from hub.match_edge
           union all select entity, other, one, weight, veto from hub.match_edge) e
    join hub.source_record r on r.id = e.record_id
    join hub.source_record s on s.id = e.other_id
   where r.entity_id <> s.entity_id and not e.veto
     and not exists (
       select 1 from (select one, other, same, ended_at from hub.match_decision
                       union all select other, one, same, ended_at from hub.match_decision) d
         join hub.source_record x on x.id = d.one
         join hub.source_record y on y.id = d.other
        where d.ended_at is null and not d.same and x.entity_id = r.entity_id and y.entity_id = s.entity_id);
comment on view hub.match_twin is 'Pairs of records of different entities that may be one, each from both sides: nothing forbids it, and nobody has said of two
records of these entities that they are not. Equations only: the planner looks up a few by index, or meets them all by hashing';

create view hub.match_review as
  select entity, record_id as one, other_id as other, weight,
         least(entity_id, twin_id) as entity_id, greatest(entity_id, twin_id) as twin_id
    from hub.match_twin where record_id < other_id;
comment on view hub.match_review is 'The same pairs, each once: what a steward is asked';
"""
BEFORE = """
drop view hub.match_review;
drop view hub.match_twin;

create view hub.match_review as
  select e.entity, e.one, e.other, e.weight, least(r.entity_id, s.entity_id) as entity_id, greatest(r.entity_id, s.entity_id) as twin_id
    from hub.match_edge e
    join hub.source_record r on r.id = e.one
    join hub.source_record s on s.id = e.other
   where r.entity_id <> s.entity_id and not e.veto and not exists (
     select 1 from hub.match_decision d
       join hub.source_record x on x.id = d.one
       join hub.source_record y on y.id = d.other
      where d.ended_at is null and not d.same
        and ((d.one = e.one and d.other = e.other)
          or (x.entity_id = r.entity_id and y.entity_id = s.entity_id)
          or (x.entity_id = s.entity_id and y.entity_id = r.entity_id)));
"""


def upgrade() -> None:
    op.execute(VIEWS)
    op.execute(INDEX)
    op.execute(REDIRECTS)


def downgrade() -> None:
    op.execute("drop index hub.redirect_entity")
    op.execute("alter index hub.search_tokens set (fastupdate = off)")
    op.execute("alter index hub.search_tokens reset (gin_pending_list_limit)")
    op.execute(BEFORE)
