"""Records that a mapping leaves out after it had let them in; what a run mapped again from what is stored."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
alter table hub.source_record add column left_out_at timestamptz;
comment on column hub.source_record.left_out_at is 'since when the mapping leaves out this record, which it had let in before';

alter table hub.ledger add column was text;
comment on column hub.ledger.was is 'what had become of this version before a changed mapping left it out';

create table hub.mapped_again (
  run_id      text not null,
  stream_id   integer not null,
  outcome     text not null,
  count       bigint not null,
  primary key (run_id, stream_id, outcome)
);
comment on table hub.mapped_again is 'How many stored records a run mapped anew (a changed mapping, a reference that arrived, a replay) and what became of them; the books of the runs that had read them follow';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop table hub.mapped_again; alter table hub.ledger drop column was;"
        " alter table hub.source_record drop column left_out_at"
    )
