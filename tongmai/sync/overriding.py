"""What a steward does to a golden record: look at it, set a value until a day, take it back; as it was at a moment."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mappings.language.cleaning import email, phone, uscc
from mappings.language.dates import to_date, to_datetime
from mappings.language.values import BadValueError, Note, to_boolean, to_decimal, to_integer, to_text, to_url
from mappings.quality import strict_rules
from masterdata.golden import overrides
from masterdata.golden import write as golden
from masterdata.golden.rollup import rollups
from masterdata.model import Entity
from masterdata.model.entity import JSON, LINES, FieldType
from masterdata.store import Cursor, Database, connect
from masterdata.store.database import hold
from tongmai.core import clock
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.settings import database_url
from tongmai.sync import runs, targets
from tongmai.sync.content import Content, activate, load_content
from tongmai.sync.past import entity_at
from tongmai.sync.recompute import Alone, recompute, sum_up
from tongmai.sync.referrers import moves
from tongmai.sync.report import SyncReport
from tongmai.sync.session import close, database_errors
from tongmai.sync.trace import SEEK, NotFoundError, find
from tongmai.sync.triggers import Waking

TRUST = 100
_PLAIN = {
    "text": to_text,
    "integer": to_integer,
    "decimal": to_decimal,
    "boolean": to_boolean,
    "date": to_date,
    "datetime": to_datetime,
    "url": to_url,
}
_NOTED = {"uscc": uscc, "phone": phone, "email": email}


def show(cursor: Cursor, entity: str, key: str) -> dict[str, Any]:
    """A golden record with the reason of each field, and every override it ever had."""
    one = find(cursor, entity, key)
    found = golden.load(cursor, [one]).get(one)
    if found is None:
        raise NotFoundError(f"{entity} `{key}`", "it has no golden record", SEEK)
    return {
        "entity": entity,
        "id": str(one),
        "version": found.version,
        "fields": {name: {"value": value, **found.provenance.get(name, {})} for name, value in found.fields.items()},
        "overrides": overrides.history(cursor, one),
    }


def as_of(cursor: Cursor, entity: str, key: str, moment: datetime) -> dict[str, Any]:
    """The golden record as it stood at a moment: of what the key stood for then, before merges and unmerges since. Raises when
    it did not exist yet."""
    one = entity_at(cursor, entity, key, moment)
    cursor.execute(
        """select version, at, run_id, fields from hub.entity_version
            where entity_id = %s and at <= %s order by version desc limit 1""",
        (one, moment),
    )
    row = cursor.fetchone()
    if row is None:
        raise NotFoundError(
            f"{entity} `{key}` at {moment.isoformat()}",
            "there was no golden record of it yet",
            "see `tongmai trace` for its versions",
            code="no-version-then",
        )
    return {
        "entity": entity,
        "id": str(one),
        "as_of": moment.isoformat(),
        "version": row[0],
        "at": row[1].isoformat(),
        "run": row[2],
        "fields": row[3],
    }


def override(
    entity: str,
    key: str,
    field: str,
    value: str,
    *,
    until: datetime,
    why: str,
    by: str,
    trust: int = TRUST,
    url: str = "",
) -> dict[str, Any]:
    """Set a steward's value and choose the record anew at once; deliveries and flows follow as after any change."""
    if not why.strip():
        raise _bad(f"override of `{field}`", "it does not say why", "give a reason with --why")
    if until <= datetime.now(UTC):
        raise _bad(f"override of `{field}`", f"{until.isoformat()} is over already", "give a later --until")
    content = load_content()
    model = _model(content, entity)
    read = canonical(content, model, field, value, url)
    _in_use(content, model, field, read)
    with _round(content, model, url) as (alone, report):
        with alone.database.transaction() as cursor:
            hold(cursor, locks(alone), refers(alone))
            one = find(cursor, entity, key)
            if field == model.above and read == str(one):
                raise _bad(f"field `{field}`", "a record cannot be above itself", "name another record")
            before = golden.load(cursor, [one])
            number = overrides.put(cursor, one, field, read, by, why.strip(), trust, until)
            choose(alone, cursor, [one]).settle(cursor, alone)
            found = show(cursor, entity, str(one))
            now = {name: told["value"] for name, told in found["fields"].items()}
            _hold_to(content, model, field, before[one].fields if one in before else {}, now)
        _end(alone, report)
    return {**found, "override": number, "won": found["fields"][field].get("rule") == "override"}


def release(entity: str, key: str, field: str, by: str, url: str = "") -> dict[str, Any]:
    """Take a steward's value back; raises when none stands."""
    content = load_content()
    model = _model(content, entity)
    _known(model, field)
    with _round(content, model, url) as (alone, report):
        with alone.database.transaction() as cursor:
            hold(cursor, locks(alone), refers(alone))
            one = find(cursor, entity, key)
            if not overrides.end(cursor, one, field, by, merged=True):
                raise NotFoundError(
                    f"override of `{field}` in {entity} `{key}`",
                    "none stands",
                    "see `tongmai golden show`",
                    code="no-override",
                )
            choose(alone, cursor, [one]).settle(cursor, alone)
            found = show(cursor, entity, str(one))
        _end(alone, report)
    return found


def expire() -> dict[str, int]:
    """Close every override whose time is over and choose those records anew: entity → how many."""
    content = load_content()
    with connect(database_url()) as database, database.transaction() as cursor:
        names = overrides.expired(cursor)
    done: dict[str, int] = {}
    for name in names:
        with _round(content, _model(content, name)) as (alone, report):
            with alone.database.transaction() as cursor:
                hold(cursor, locks(alone), refers(alone))
                ids = overrides.expire(cursor, name)
                choose(alone, cursor, ids).settle(cursor, alone)
            done[name] = len(ids)
            _end(alone, report)
    return done


def choose(alone: Alone, cursor: Cursor, ids: Sequence[UUID]) -> Waking:
    """Compute golden records anew from what is stored, with all that follows a change but for flows: what they have to know
    is returned, to be settled at the end."""
    current = golden.load(cursor, ids)
    contributions = golden.load_contributions(cursor, ids)
    own = {one: contributions.get(one, []) for one in ids}
    moved = recompute(alone, cursor, alone.entity, current, own)
    heard: Collection[UUID] = set(ids)
    targets.queue(cursor, alone.entity.entity, alone.run, {one: current[one] for one in ids})
    waking = Waking()
    waking.changed(alone.entity.entity, moved, heard)
    sum_up(alone, cursor, moved, heard, waking)
    return waking


def locks(alone: Alone) -> list[str]:
    """The lanes that a change moves: its entity's, and those that sum it up."""
    above = {f"entity:{one.parent.entity}" for one in alone.sums if one.child is alone.entity}
    return [f"entity:{alone.entity.entity}", *sorted(above)]


def refers(alone: Alone) -> list[str]:
    """What a steward's value is shared with: what it refers to does not become another entity unseen meanwhile."""
    return [moves(one) for one in alone.entity.refers() if one != alone.entity.entity]


def canonical(content: Content, model: Entity, field: str, text: str, url: str = "") -> Any:
    """A steward's text as the field's canonical value. Raises ``ConfigurationError``."""
    _known(model, field)
    kind = model.fields[field].type
    if model.fields[field].sum or kind.name in (LINES, JSON):
        raise _bad(
            f"field `{field}`", f"a {kind if not model.fields[field].sum else 'sum'} cannot be set", "choose another"
        )
    if not kind.many:
        return canonical_value(content, field, kind, text, url)
    try:
        given = json.loads(text) if text.lstrip().startswith("[") else [text]
    except json.JSONDecodeError as error:
        raise _bad(f"field `{field}`", f"`{text}` is no JSON list: {error.msg}", 'write ["a", "b"]') from error
    return [canonical_value(content, field, FieldType(kind.name, kind.arg), str(each), url) for each in given]


def canonical_value(content: Content, field: str, kind: FieldType, text: str, url: str = "") -> Any:
    """A text as one value of a type. Raises ``ConfigurationError``."""
    notes: list[Note] = []
    if kind.name == "term":
        allowed = content.schema.terms[kind.arg].terms
        if text not in allowed:
            near = nearest(text, allowed)
            step = f"did you mean `{near}`?" if near else f"allowed: {', '.join(allowed)}"
            raise _bad(f"field `{field}`", f"`{text}` is no term of `{kind.arg}`", step)
        return text
    if kind.name == "ref":
        with connect(url or database_url()) as database, database.transaction() as cursor:
            return str(find(cursor, kind.arg, text))
    try:
        value = _NOTED[kind.name](text, notes) if kind.name in _NOTED else _PLAIN[kind.name](text)
    except BadValueError as error:
        raise _bad(f"field `{field}`", str(error), f"give a {kind}") from error
    if value is None:
        why = notes[0][1] if notes else "it is empty"
        raise _bad(f"field `{field}`", why, f"give a {kind}; what is to be empty is emptied in its source")
    return value


def _hold_to(content: Content, model: Entity, field: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """A steward is bound by what would send a source's record to quarantine: strict rules of the entity, steps between terms.
    What was broken before stays what it was."""
    today = clock.now().date().isoformat()
    for rule, holds in strict_rules(model, content.schema):
        if holds([now], today)[0] is False and holds([before], today)[0] is not False:
            raise _bad(
                f"override of `{field}`",
                f"{rule.label.en} / {rule.label.zh} (`{rule.holds}` does not hold)",
                "correct what it contradicts first, or give another value",
            )
    for watched in content.watched(model.entity):
        terms, had, word = watched.terms, before.get(field), now.get(field)
        strict = watched.field == field and terms.otherwise == "quarantine"
        if strict and had in terms.terms and word not in (had, None) and not terms.allows(str(had), str(word)):
            allowed = ", ".join(terms.terms[str(had)].next or ()) or "nothing"
            step = "take one step after the other" if allowed != "nothing" else "nothing follows it: correct its source"
            raise _bad(f"override of `{field}`", f"it is `{had}`; after that comes {allowed}", step)


def _in_use(content: Content, model: Entity, field: str, value: Any) -> None:
    kind = model.fields[field].type
    if kind.name != "term":
        return
    terms = content.schema.terms[kind.arg]
    for word in value if isinstance(value, list) else [value]:
        if terms.terms[word].retired:
            other = terms.means(word)
            step = f"use `{other}`" if other != word else "choose one that is in use"
            raise _bad(f"field `{field}`", f"`{word}` of `{kind.arg}` is retired", step)


def _known(model: Entity, field: str) -> None:
    if field not in model.fields:
        near = nearest(field, model.fields)
        raise ConfigurationError(
            f"entity {model.entity}: no field `{field}`",
            f"it has {', '.join(model.fields)}",
            f"did you mean `{near}`?" if near else "name a field of the entity",
            code="no-field",
        )


def _model(content: Content, entity: str) -> Entity:
    found = content.schema.entities.get(entity)
    if found is None:
        near = nearest(entity, content.schema.entities)
        raise ConfigurationError(
            f"entity `{entity}`",
            f"there is none of that name (there are: {', '.join(content.schema.entities)})",
            f"did you mean `{near}`?" if near else "name an entity of masterdata/entities",
            code="unknown-entity",
        )
    return found


def _bad(what: str, why: str, step: str) -> ConfigurationError:
    return ConfigurationError(what, why, step, code="bad-option")


@contextmanager
def _round(content: Content, model: Entity, url: str = "") -> Iterator[tuple[Alone, SyncReport]]:
    with database_errors("golden"), connect(url or database_url()) as database:
        current = activate(database, content)
        triggers, sums = content.triggers(model.entity), tuple(rollups(content.schema))
        run = runs.begin(database, "golden", current, "cli", "", 0)
        yield Alone(database, model, run, current, triggers, sums), SyncReport("golden", run)


def _end(alone: Alone, report: SyncReport) -> None:
    count = queued(alone.database, alone.run)
    report.outbound.update(queued=count, pending=count)
    close(alone.database, report)


def queued(database: Database, run: str) -> int:
    """How many deliveries a run has put into outboxes."""
    with database.transaction() as cursor:
        cursor.execute("select coalesce(sum(queued), 0) from hub.outbox_book where run_id = %s", (run,))
        row = cursor.fetchone()
    return int(row[0]) if row else 0
