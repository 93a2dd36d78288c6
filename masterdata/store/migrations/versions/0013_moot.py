"""What other records of two entities have answered already is no question."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

COLUMN = """
alter table hub.match_edge add column moot boolean not null default false;
comment on column hub.match_edge.moot is 'Other records of the two entities forbid it, and neither record could as well be of the other entity';
"""
VIEWS = """
drop view hub.match_review;
drop view hub.match_twin;

create view hub.match_twin as
  select e.entity, e.record_id, e.other_id, e.weight, r.entity_id, s.entity_id as twin_id
    from (select entity, one as record_id, other as other_id, weight, veto{moot} from hub.match_edge
           union all select entity, other, one, weight, veto{moot} from hub.match_edge) e
    join hub.source_record r on r.id = e.record_id
    join hub.source_record s on s.id = e.other_id
   where r.entity_id <> s.entity_id and not e.veto{open}
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


def upgrade() -> None:
    op.execute(COLUMN)
    op.execute(VIEWS.format(moot=", moot", open=" and not e.moot"))


def downgrade() -> None:
    op.execute(VIEWS.format(moot="", open=""))
    op.execute("alter table hub.match_edge drop column moot")
