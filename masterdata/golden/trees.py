"""The views of what refers to its own kind: customers in their tree, contacts in the chain that decides. Rings end."""

from __future__ import annotations

from masterdata.model import Entity

_TREE = """
with recursive alive as ({alive}),
up as (
  select id, array[id] as path, parent_id as next from alive
  union all
  select u.id, u.path || u.next, a.parent_id
    from up u join alive a on a.id = u.next
   where u.next <> all (u.path)),
whole as (
  select distinct on (u.id) u.id, u.path, u.next,
         case when u.next = any (u.path) then u.path[array_position(u.path, u.next):] end as ring
    from up u order by u.id, cardinality(u.path) desc),
rooted as (
  select w.id, w.ring is not null as in_ring,
         case when w.ring is null then w.path
              else w.path[:array_position(w.path, (select r from unnest(w.ring) r order by r limit 1))] end as upward
    from whole w)
select {told}, r.upward[cardinality(r.upward)] as root_id,
       cardinality(r.upward) - 1 as level,
       array(select x.one from unnest(r.upward) with ordinality x (one, place) order by x.place desc) as path,
       {names}r.in_ring{more}
  from alive a join rooted r on r.id = a.id
"""
"""``in_ring``: the parents of the record come back to one of them; the ring is cut above its lowest id."""
_ALIVE = """
  select c.id, {columns}, nullif(coalesce(p.redirect_to, c.{above}), c.id) as parent_id
    from golden."{entity}" c
    join hub.entity e on e.id = c.id and e.redirect_to is null
    left join hub.entity p on p.id = c.{above}"""
_NAMES = """array(select n.{name} from unnest(r.upward) with ordinality x (one, place)
               join alive n on n.id = x.one order by x.place desc) as path_names,
       """


def tree(entity: Entity) -> str:
    """The query of every record with its place among those above it; without names where these are personal."""
    named = next((name for name in ("legal_name", "name") if name in entity.fields), "")
    name = named if named and not entity.fields[named].personal else ""
    shown = [*([name] if name else []), *(["type"] if "type" in entity.fields else [])]
    columns = ", ".join(f"c.{each}" for each in shown) or "null as none"
    alive = _ALIVE.format(columns=columns, entity=entity.entity, above=entity.column(entity.above))
    told = ", ".join(["a.id", *(f"a.{each}" for each in shown), f'a.parent_id as "{entity.column(entity.above)}"'])
    return _TREE.format(alive=alive, told=told, names=_NAMES.format(name=name) if name else "", more="")


def organization_tree() -> str:
    """The query of our own organisation: units, and departments below their department or else their unit."""
    units = _ALIVE.format(
        columns="c.name, 'organization_unit' as kind, c.type, c.number, c.head_id, c.valid_from, c.valid_to, c.status",
        entity="organization_unit",
        above="parent_id",
    )
    departments = """
  select c.id, c.name, 'department', null, c.number, c.head_id, null, null, c.status,
         coalesce(nullif(coalesce(p.redirect_to, c.parent_id), c.id), u.redirect_to, c.organization_unit_id)
    from golden.department c
    join hub.entity e on e.id = c.id and e.redirect_to is null
    left join hub.entity p on p.id = c.parent_id
    left join hub.entity u on u.id = c.organization_unit_id"""
    return _TREE.format(
        alive=f"{units}\n  union all{departments}",
        told="a.id, a.name, a.kind, a.type, a.number, a.parent_id, a.head_id",
        names=_NAMES.format(name="name"),
        more=""", a.valid_from, a.valid_to,
       a.status is distinct from 'inactive' and coalesce(a.valid_from <= current_date, true)
         and coalesce(a.valid_to >= current_date, true) as current""",
    )


DECISION_CHAIN = """
with recursive part as (
  select d.id, coalesce(rc.redirect_to, d.customer_id) as customer_id, d.opportunity_id,
         coalesce(rp.redirect_to, d.contact_id) as contact_id, d.role, d.stance, d.influence,
         coalesce(rr.redirect_to, d.reports_to_id, c.reports_to_id) as reports_to_id, d.valid_from, d.valid_to
    from golden.decision_role d
    left join golden.contact c on c.id = d.contact_id
    left join hub.entity rc on rc.id = d.customer_id
    left join hub.entity rp on rp.id = d.contact_id
    left join hub.entity rr on rr.id = coalesce(d.reports_to_id, c.reports_to_id)
   where d.status is distinct from 'inactive' and d.contact_id is not null
  union all
  select c.id, c.customer_id, null, c.id, c.role, null, null, c.reports_to_id, null, null
    from golden.contact c join hub.entity e on e.id = c.id and e.redirect_to is null
   where c.role is not null and c.status is distinct from 'inactive'
     and not exists (select 1 from golden.decision_role d where d.contact_id = c.id
                        and d.customer_id is not distinct from c.customer_id and d.status is distinct from 'inactive')),
edge as (
  select distinct on (contact_id) contact_id, nullif(reports_to_id, contact_id) as above from part
   order by contact_id, (valid_to is null or valid_to >= current_date) and (valid_from is null or valid_from <= current_date) desc,
            valid_from desc nulls last, id),
up as (
  select contact_id, array[contact_id] as path, above as next from edge
  union all
  select u.contact_id, u.path || u.next, e.above
    from up u left join edge e on e.contact_id = u.next
   where u.next is not null and u.next <> all (u.path)),
deepest as (
  select distinct on (contact_id) contact_id, path, next from up order by contact_id, cardinality(path) desc)
select p.id, p.customer_id, p.opportunity_id, p.contact_id, c.title, c.department, p.role, p.stance, p.influence,
       p.reports_to_id, cardinality(d.path) - 1 as level,
       array(select x.one from unnest(d.path) with ordinality x (one, place) order by x.place desc) as path,
       d.next is not null as in_ring, p.valid_from, p.valid_to,
       (p.valid_from is null or p.valid_from <= current_date) and (p.valid_to is null or p.valid_to >= current_date) as current
  from part p
  join deepest d on d.contact_id = p.contact_id
  left join golden.contact c on c.id = p.contact_id
"""
"""A role of ``decision_role`` says more than a contact's own; contacts without one have theirs. Names stay in golden.contact."""
