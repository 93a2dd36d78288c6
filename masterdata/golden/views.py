"""Views for BI in the schema ``bi``: records, lines, trees, chains, histories, counts, terms and KPIs, made from what the entities
declare.

They stand on the golden tables and are made anew when their text changes. A view that somebody built upon is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from psycopg import errors, sql

from masterdata.golden import bi
from masterdata.golden.trees import DECISION_CHAIN, organization_tree, tree
from masterdata.model import Entity, Schema
from masterdata.model.kpi import Kpis
from masterdata.model.quality import DIMENSIONS
from masterdata.quality.rules import labels_of
from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError

COMMENT = "Views for BI over the golden tables"
_TREE = "层级树"


@dataclass(frozen=True, slots=True)
class View:
    """One view: its query and what it is, in both languages; ``columns``: what is told of some of them."""

    name: str
    query: str
    about: str
    columns: Mapping[str, str] = field(default_factory=dict)


def views(schema: Schema, kpis: Kpis, queries: Mapping[str, str]) -> list[View]:
    """Every view that the entities, term lists and KPIs give; ``queries``: of the KPIs without mistakes."""
    found = [_terms(schema)]
    if {"customer"} <= set(schema.entities):
        found.append(_counts(schema))
    found += [_tree(entity) for entity in schema.entities.values() if entity.above]
    if {"organization_unit", "department"} <= set(schema.entities):
        about = f"组织架构{_TREE} · Units and departments in one tree"
        found.append(View("organization_tree", organization_tree(), about))
    for entity in schema.entities.values():
        found += _records(schema, entity)
    if {"customer", "contact", "decision_role", "opportunity"} <= set(schema.entities):
        found.append(View("decision_chain", DECISION_CHAIN, "决策链 · Who decides, and whom they report to"))
    found += [each for entity in schema.entities.values() for each in _histories(schema, entity)]
    found.append(_kpi_list(kpis, queries))
    found.append(_quality(schema))
    for name, query in queries.items():
        label = kpis.found[name][0].label
        found.append(View(f"kpi_{name}", query, f"{label.zh} · {label.en}"))
    _apart(found)
    return found


def _tree(entity: Entity) -> View:
    about = f"{entity.label.zh}{_TREE} · {entity.label.en}: each with its place among those above it"
    return View(f"{entity.entity}_tree", tree(entity), about)


def _records(schema: Schema, entity: Entity) -> Iterator[View]:
    made = bi.records(schema, entity)
    about = f"{bi.RECORDS}{entity.label.zh} · Golden records: {entity.label.en}"
    yield View(entity.entity, made.text(f'golden."{entity.entity}" g'), about, made.about)
    for name in bi.lines_of(entity):
        made, label = bi.rows(schema, entity, name), entity.fields[name].label
        about = f"{bi.ROWS}{entity.label.zh}的{label.zh} · {entity.label.en}: {label.en}"
        yield View(f"{entity.entity}_{name}", made.text(f'golden."{entity.entity}" g'), about, made.about)


def _apart(found: list[View]) -> None:
    """Raises where two views would have one name, as that of an entity called like a view that there is anyway."""
    seen: set[str] = set()
    for each in found:
        if each.name in seen:
            raise ConfigurationError(
                f"view bi.{each.name}",
                f"two things would have it; one is {each.about}",
                "give the entity or its field another name",
                code="view-name-taken",
            )
        seen.add(each.name)


def fits(cursor: Cursor, wanted: list[View]) -> bool:
    """Whether the views were made of just this text."""
    cursor.execute("select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'bi'")
    row = cursor.fetchone()
    return row is not None and row[0] == _mark(wanted)


def _mark(wanted: list[View]) -> str:
    state = blake2b(digest_size=16)
    for each in wanted:
        state.update(f"{each.name}\0{each.query}\0{each.about}\0{dict(each.columns)}\0".encode())
    return f"{COMMENT} ({state.hexdigest()})"


def refresh(cursor: Cursor, wanted: list[View]) -> list[str]:
    """Make the views fit; returns the names of those that were made. Does nothing when their text is what it was."""
    if fits(cursor, wanted):
        return []
    _not_over(cursor, [each.name for each in wanted])
    for each in wanted:
        _make(cursor, each)
    _drop_others(cursor, {each.name for each in wanted})
    cursor.execute(sql.SQL("comment on schema bi is {}").format(sql.Literal(_mark(wanted))))
    return [each.name for each in wanted]


def _not_over(cursor: Cursor, names: list[str]) -> None:
    """Raises where something stands in a view's place that we have not made: ours have a comment in both languages."""
    cursor.execute(
        """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'bi' and c.relname = any(%s) and not (c.relkind = 'v' and coalesce(obj_description(c.oid) like '%% · %%', false))
            order by 1""",
        (names,),
    )
    theirs = [str(row[0]) for row in cursor]
    if theirs:
        raise ConfigurationError(
            f"view bi.{theirs[0]}",
            "somebody has something else of this name in the schema bi",
            f"give it another name: alter view bi.{theirs[0]} rename to …, or move it to a schema of your own",
            code="view-name-taken",
        )


def _make(cursor: Cursor, view: View) -> None:
    name = sql.Identifier("bi", view.name)
    create = sql.SQL("create or replace view {} as ").format(name) + sql.SQL(view.query)
    try:
        with cursor.connection.transaction():
            cursor.execute(create)
    except errors.InvalidTableDefinition:  # its columns are others now
        _drop(cursor, view.name)
        cursor.execute(create)
    comments = [sql.SQL("comment on view {} is {}").format(name, sql.Literal(view.about))]
    comments += [
        sql.SQL("comment on column {} is {}").format(sql.Identifier("bi", view.name, column), sql.Literal(about))
        for column, about in view.columns.items()
    ]
    cursor.execute(sql.SQL("; ").join(comments))


def _drop_others(cursor: Cursor, names: set[str]) -> None:
    """Views of ours that nothing declares any more; others in the schema are somebody's own."""
    cursor.execute(
        """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'bi' and c.relkind = 'v' and obj_description(c.oid) like '%% · %%'
              and (c.relname like 'kpi\\_%%' or c.relname like '%%\\_history' or obj_description(c.oid) ^@ any(%s)
                or obj_description(c.oid) like '%%' || %s || ' · %%')""",
        ([bi.RECORDS, bi.ROWS], _TREE),
    )
    for name in sorted({str(row[0]) for row in cursor} - names):
        _drop(cursor, name)


def _drop(cursor: Cursor, name: str) -> None:
    try:
        with cursor.connection.transaction():
            cursor.execute(sql.SQL("drop view {}").format(sql.Identifier("bi", name)))
    except errors.DependentObjectsStillExist as error:
        detail = (error.diag.message_detail or "").splitlines()
        raise ConfigurationError(
            f"view bi.{name}",
            f"its columns change, and something is built upon it: {detail[0] if detail else error}",
            "drop what stands on it, run again, then make it anew",
            code="view-in-use",
        ) from None


def _terms(schema: Schema) -> View:
    rows = [
        (
            name,
            terms.version,
            position,
            word,
            term.zh,
            term.en,
            terms.owner.zh if terms.owner else "",
            term.retired,
            term.instead,
        )
        for name, terms in schema.terms.items()
        for position, (word, term) in enumerate(terms.terms.items(), 1)
    ]
    text = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
    columns = "list, version, position, term, zh, en, owner, retired, instead"
    query = f"select {columns} from (values {text}) as t ({columns})"
    return View("term", query, "数据字典 · The dictionary's terms in their order")


def _kpi_list(kpis: Kpis, queries: Mapping[str, str]) -> View:
    rows = [
        (name, kpi.label.zh, kpi.label.en, kpi.of, kpi.unit, kpi.better, kpi.owner.zh, kpi.version, f"bi.kpi_{name}")
        for name, (kpi, _) in kpis.found.items()
        if name in queries
    ]
    columns = "kpi, zh, en, entity, unit, better, owner, version, view"
    text = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
    empty = f"select {', '.join(f'null::text as {one}' for one in columns.split(', '))} where false"
    query = f"select {columns} from (values {text}) as k ({columns})" if rows else empty
    return View("kpi", query, "指标定义 · What each KPI is, and its view")


def _quality(schema: Schema) -> View:
    """Every figure that was kept, with what each rule says now; a rule that is gone keeps its name."""
    rows = [
        (name, rule, text.zh, text.en)
        for name in sorted(schema.quality)
        for rule, text in labels_of(schema, name).items()
    ]
    rows += [("", "", "", "")]  # so that there is a row
    rows += [(name, "", entity.label.zh, entity.label.en) for name, entity in schema.entities.items()]
    labels = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
    words = ", ".join(
        f"({_literal(name)}, {_literal(text.zh)}, {_literal(text.en)})" for name, text in DIMENSIONS.items()
    )
    query = f"""select q.entity, e.zh as entity_zh, e.en as entity_en, q.at,
  case when s.connection = '' then 'golden' else s.connection || '.' || s.stream end as source,
  nullif(s.connection, '') as connection, nullif(s.stream, '') as stream,
  case when s.rule <> '' then 'rule' when s.dimension <> '' then 'dimension' else 'whole' end as level,
  nullif(s.dimension, '') as dimension, d.zh as dimension_zh, d.en as dimension_en,
  nullif(s.rule, '') as rule, r.zh as rule_zh, r.en as rule_en, s.checked, s.failed, s.score, s.cost,
  not exists (select 1 from hub.quality_run n where n.entity = q.entity and (n.at, n.id) > (q.at, q.id)) as newest
  from hub.quality_score s join hub.quality_run q on q.id = s.run
  left join (values {labels}) as e (entity, rule, zh, en) on e.entity = q.entity and e.rule = ''
  left join (values {labels}) as r (entity, rule, zh, en) on r.entity = q.entity and r.rule = s.rule and s.rule <> ''
  left join (values {words}) as d (dimension, zh, en) on d.dimension = s.dimension"""
    return View(
        "data_quality", query, "数据质量 · Data quality: scores of every run by entity, source, dimension and rule"
    )


def _literal(value: str | int) -> str:
    """As SQL says it; a bool is an int and written as one in Python only."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'::text"


def _counts(schema: Schema) -> View:
    """What there is of each customer, counted: a column for each entity that refers to customers."""
    columns, joins = ["c.id", "c.legal_name"], list[str]()
    for entity in schema.entities.values():
        for name, spec in entity.fields.items():
            if str(spec.type) != "ref(customer)" or entity.entity == "customer":
                continue
            own = f"{entity.entity}_count" if name == "customer" else f"{entity.entity}_{name}_count"
            alias = f"n{len(joins)}"
            alive = "and status is distinct from 'inactive'" if "status" in entity.fields else ""
            joins.append(
                f'left join (select coalesce(e.redirect_to, g."{name}_id") as customer, count(*) as n from golden."{entity.entity}" g'
                f' left join hub.entity e on e.id = g."{name}_id" where g."{name}_id" is not null {alive} group by 1) {alias}'
                f" on {alias}.customer = c.id"
            )
            columns.append(f'coalesce({alias}.n, 0) as "{own}"')
    query = f"select {', '.join(columns)} from golden.customer c join hub.entity x on x.id = c.id and x.redirect_to is null "
    return View("customer_360", query + " ".join(joins), "客户360 · What there is of each customer, counted")


def _histories(schema: Schema, entity: Entity) -> list[View]:
    """From when to when a record had each term, of every field whose list says which terms may follow."""
    found = []
    for name, spec in entity.fields.items():
        terms = schema.terms.get(spec.type.arg) if spec.type.name == "term" and not spec.type.many else None
        if terms is None or not any(term.next is not None for term in terms.terms.values()):
            continue
        query = f"""select s.id, s.term as "{name}", s.at as valid_from,
  lead(s.at) over w as valid_to, extract(epoch from coalesce(lead(s.at) over w, now()) - s.at) / 86400 as days, s.version
  from (select v.entity_id as id, v.version, v.at, v.fields->>'{name}' as term,
               lag(v.fields->>'{name}') over (partition by v.entity_id order by v.version) as before
          from hub.entity_version v join hub.entity e on e.id = v.entity_id
         where e.entity = {_literal(entity.entity)} and e.redirect_to is null) s
 where s.term is distinct from s.before
window w as (partition by s.id order by s.version)"""
        whose = "" if spec.label.zh.startswith(entity.label.zh) else entity.label.zh
        about = f"{whose}{spec.label.zh}历史 · {entity.label.en}, {spec.label.en}: from when to when"
        found.append(View(f"{entity.entity}_{name}_history", query, about))
    return found
