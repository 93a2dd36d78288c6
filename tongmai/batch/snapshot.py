"""Snapshots of how common values and keys are: taken of a file or of all that the hub knows, and used for matching."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from masterdata.matching.columns import Columns
from masterdata.matching.scorer import Scorer
from masterdata.matching.snapshot import combined, snapshot
from masterdata.matching.stored import read, written
from masterdata.matching.weights import Weights
from masterdata.model import Schema
from masterdata.store import Cursor, Database
from masterdata.store.database import hold
from tongmai.batch.labels import decided
from tongmai.batch.records import fields_of
from tongmai.batch.run import scorer_of
from tongmai.core.errors import ConfigurationError, StateError

Progress = Callable[[str, str, int], None]
LOT = 10_000
_READ: dict[str, tuple[str, Weights]] = {}

# Deleted records say nothing any more; what we wrote ourselves repeats what it was made of.
_FIELDS = """
select c.fields from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.entity e on e.id = c.entity_id
 where e.entity = %s and not c.deleted and r.anchor is null
"""


def hub_scorer(cursor: Cursor, schema: Schema, entity: str) -> Scorer:
    """The entity's rules with its shipped or the site's weights and, if one was taken, the current snapshot."""
    scorer = scorer_of(schema, entity)
    taken = current(cursor, entity)
    return scorer if taken is None else with_snapshot(scorer, taken)


def with_snapshot(scorer: Scorer, taken: Weights) -> Scorer:
    """The same rules and weights, with a snapshot's frequencies, number of records and caps."""
    return Scorer(scorer.rules, combined(scorer.weights, taken))


def current(cursor: Cursor, entity: str) -> Weights | None:
    """The snapshot in use; read once by this process, since it may be large."""
    row = cursor.execute("select version from hub.match_snapshot where entity = %s and current", (entity,)).fetchone()
    if row is None:
        return None
    known = _READ.get(entity)
    if known is None or known[0] != row[0]:
        found = cursor.execute(
            "select content from hub.match_snapshot where entity = %s and version = %s", (entity, row[0])
        ).fetchone()
        assert found is not None
        known = _READ[entity] = (row[0], read(str(found[0])))
    return known[1]


def take(database: Database, schema: Schema, entity: str, progress: Progress) -> Weights:
    """Take a snapshot of all records of an entity in the hub; it is the current one from now on."""
    scorer = scorer_of(schema, entity)
    columns = Columns(scorer)
    with database.transaction() as cursor:
        columns.add(_contributions(cursor, entity, set(fields_of(scorer.rules)), progress))
    columns.close()
    if not columns.size:
        raise _nothing(entity)
    found = snapshot(columns)
    with database.transaction() as cursor:
        hold(cursor, [f"match-snapshot:{entity}"])
        cursor.execute("update hub.match_snapshot set current = false where entity = %s and current", (entity,))
        cursor.execute(
            """insert into hub.match_snapshot (entity, version, records, content) values (%s, %s, %s, %s)
               on conflict (entity, version) do update set current = true, taken_at = now()""",
            (entity, found.version, found.records, written(found, entity, f"{found.records:,} records of the hub")),
        )
    return found


def load_hub(
    database: Database, schema: Schema, entity: str, progress: Progress
) -> tuple[Columns, dict[tuple[int, int], bool]]:
    """(every record of an entity in the hub, what stewards said of pairs of them), to learn from."""
    scorer = scorer_of(schema, entity)
    columns, ids, wanted = Columns(scorer), list[int](), set(fields_of(scorer.rules))
    with database.transaction() as cursor:
        known = decided(cursor, entity)
        with cursor.connection.cursor(name="records") as lots:
            lots.execute(
                _FIELDS.replace("select c.fields", "select c.record_id, c.fields", 1) + " order by 1", (entity,)
            )
            while rows := lots.fetchmany(LOT):
                ids += [row[0] for row in rows]
                columns.add({name: value for name, value in row[1].items() if name in wanted} for row in rows)
                progress(entity, "read", len(ids))
    columns.close()
    if not columns.size:
        raise _nothing(entity)
    number = {record: at for at, record in enumerate(ids)}
    return columns, {(number[a], number[b]): same for (a, b), same in known.items() if a in number and b in number}


def _nothing(entity: str) -> StateError:
    return StateError(
        f"the hub has no record of `{entity}`",
        "there is nothing to learn from, or to take stock of",
        "run the syncs that bring records first",
        code="no-records",
    )


def _contributions(cursor: Cursor, entity: str, wanted: set[str], progress: Progress) -> Iterator[Mapping[str, Any]]:
    """The compared fields of every record, some at a time."""
    with cursor.connection.cursor(name="snapshot") as lots:
        lots.execute(_FIELDS, (entity,))
        count = 0
        while rows := lots.fetchmany(LOT):
            for (fields,) in rows:
                yield {name: value for name, value in fields.items() if name in wanted}
            count += len(rows)
            progress(entity, "read", count)


def load_snapshot(file: Path) -> Weights:
    """A snapshot from a file that ``tongmai match snapshot`` wrote."""
    try:
        found = read(file.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{file.name} is no snapshot", f"{type(error).__name__}: {error}",
            "write one with `tongmai match snapshot --in RECORDS --out FILE`", code="no-snapshot",
        ) from None  # fmt: skip
    if not found.caps:
        raise ConfigurationError(
            f"{file.name} is no snapshot",
            "it says nothing of how common values and keys are",
            "write one with `tongmai match snapshot --in RECORDS --out FILE`",
            code="no-snapshot",
        )
    return found
