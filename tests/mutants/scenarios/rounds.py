"""Customers in two systems, edited on both sides: every edit arrives, nothing echoes, and what is quiet stays quiet."""

from __future__ import annotations

from tests.mutants.stage import books, holds, run, settle, systems
from tests.sync.conftest import Systems

ROUND = ("crm_customers", "erp_customers", "erp_customers_in", "crm_customers_back")


def play() -> None:
    with systems(20) as both:
        settle(ROUND, 3)
        _quiet(both)
        _edits_arrive(both)
        _not_told_its_own(both)
        settle(ROUND, 2)
        _quiet(both)
        books(both)


def _counts(both: Systems) -> tuple[int, ...]:
    stored = both.query(
        """select (select count(*) from hub.inbox), (select count(*) from hub.entity_version),
                  (select coalesce(sum(queued), 0) from hub.outbox_book)"""
    )[0]
    return (*map(int, stored), len(both.writes(both.crm)), len(both.writes(both.erp)))


def _quiet(both: Systems) -> None:
    before = _counts(both)
    for name in ROUND:
        run(name, full=name in ("crm_customers", "erp_customers_in"))
    after = _counts(both)
    holds(
        "what did not change travels nowhere",
        after == before,
        f"inbox, versions, queued, writes to CRM and ERP: {before} became {after}",
    )


def _made_by_us(both: Systems) -> tuple[str, str]:
    """A customer with one CRM account, and the ERP customer that we created for it."""
    crm_key, erp_key = both.query(
        """select min(r.source_key), t.remote_key from hub.target_state t join hub.source_record r on r.entity_id = t.entity_id
             join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj'
             join hub.delivery d on d.remote_key = t.remote_key and d.operation = 'create' and d.target = t.target
             join golden.customer g on g.id = t.entity_id and g.phones is not null
            where t.target = 'erp_customers' group by t.entity_id, t.remote_key having count(*) = 1 order by 1 limit 1"""
    )[0]
    return crm_key, erp_key


def _edits_arrive(both: Systems) -> None:
    crm_key, erp_key = _made_by_us(both)
    crm_writes, erp_writes = len(both.writes(both.crm)), len(both.writes(both.erp))
    both.edit_account(crm_key, tel="021-55550177")  # telephones belong to the CRM
    both.edit_customer(erp_key, FName="改名之后有限公司")  # names belong to the ERP
    settle(ROUND, 2)
    account, customer = both.accounts()[crm_key], both.customers()[erp_key]
    holds("an edit reaches the other system", customer["FTEL"] == "+862155550177", customer["FTEL"])
    holds("an edit reaches the other system", account["name"] == "改名之后有限公司", account["name"])
    new = both.writes(both.crm)[crm_writes:], both.writes(both.erp)[erp_writes:]
    sent = [sum(one["op"] == "update" for one in side) for side in new]
    holds("no loop: one edit is one write", sent == [1, 1], f"updates of CRM and ERP: {sent}")
    both.edit_account(crm_key, tel="")
    settle(ROUND, 2)
    customer = both.customers()[erp_key]
    holds("our own write does not vote: what its owner cleared stays cleared", not customer["FTEL"], customer["FTEL"])


def _not_told_its_own(both: Systems) -> None:
    """A clerk opens a second record of a customer and notes it in the name: the ERP's own word is not written into the ERP."""
    code, name = both.query(
        """select g.uscc, g.legal_name from golden.customer g join hub.target_state t on t.entity_id = g.id and t.target = 'erp_customers'
            where g.uscc is not null and exists (select 1 from hub.source_record r join hub.stream s on s.id = r.stream_id
              and s.stream = 'BD_Customer' and r.entity_id = g.id and r.source_key = t.remote_key) order by 1 limit 1"""
    )[0]
    writes = len(both.writes(both.erp))
    fields = {"FName": f"{name}（另起户头）", "FSOCIALCRECODE": code}
    both.erp.control("records/BD_Customer", {"op": "insert", "fields": fields})
    settle(("erp_customers_in", "erp_customers"), 2)
    one = both.query(
        """select count(distinct r.entity_id) from hub.source_record r join hub.contribution c on c.record_id = r.id
            where c.fields->>'uscc' = %s""",
        code,
    )
    holds("two records with one code and one name are one customer", one == [(1,)], one)
    new = both.writes(both.erp)[writes:]
    told = [one for one in new if one["op"] == "update" and "另起户头" in str(one["payload"])]
    holds("a system is not told what it said itself", not told, told)
