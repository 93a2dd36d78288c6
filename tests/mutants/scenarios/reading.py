"""Reading by cursor: rows that commit late, a vendor's clock that is behind ours, a kill in the middle. Nothing is lost."""

from __future__ import annotations

import json

from tests.mutants.stage import books, holds, killed, run, systems
from tests.sync.conftest import Systems


def play() -> None:
    with systems(20) as both:
        for server, obj in ((both.crm, "AccountObj"), (both.erp, "BD_Customer")):
            newest = server.vendor.state.tables[obj].newest_time()
            assert newest is not None
            server.control("clock", {"freeze": newest / 1000 + 5})
        run("crm_customers")
        run("erp_customers_in")
        accounts, customers = sorted(both.accounts()), sorted(both.customers())
        # The vendor's clock is far behind ours, and stands 5 seconds above the newest change.
        both.edit_account(accounts[0], tel="021-55551001")
        both.edit_customer(customers[0], FTEL="021-55551002")
        _read(both)
        _late(both, accounts[1], customers[1])
        _torn(both, accounts[2], accounts[3])
        books(both)
        _half_a_listing(both)


def _read(both: Systems) -> None:
    run("crm_customers")
    run("erp_customers_in")
    _heard(both)


def _late(both: Systems, crm_key: str, erp_key: str) -> None:
    """A change becomes visible only after a newer one has been read."""
    for server, obj, key, fields in (
        (both.crm, "AccountObj", crm_key, {"tel": "021-55551003"}),
        (both.erp, "BD_Customer", erp_key, {"FTEL": "021-55551004"}),
    ):
        state = server.vendor.state
        with state.lock:
            newest = state.tables[obj].newest_time()
            assert newest is not None
            server.vendor.touch(obj, key, newest - 20_000, fields)  # type: ignore[attr-defined]
    _read(both)


def _torn(both: Systems, first: str, second: str) -> None:
    """Two changes, ten minutes apart, are read together by a run that is killed before it commits."""
    both.crm.control("clock", {"advance": 600})
    both.edit_account(first, tel="021-55551005")
    both.crm.control("clock", {"advance": 600})
    both.edit_account(second, tel="021-55551006")
    killed("crm_customers", "ingest.before-commit")
    _read(both)


def _half_a_listing(both: Systems) -> None:
    """Half of the accounts are missing from a whole listing: a person has to say that they are really gone."""
    accounts = sorted(both.accounts())
    deletes = [{"op": "delete", "key": key} for key in accounts[: len(accounts) // 2]]
    both.crm.control("records/AccountObj", deletes)
    report = run("crm_customers", full=True, well=False)
    off = both.query("select count(*) from hub.source_record where deleted")
    holds("a broken listing deletes nothing", report.error and off == [(0,)], f"{report.error_code}, deleted: {off}")


def _heard(both: Systems) -> None:
    """What we stored of every record is what its system shows now."""
    for stream, rows, name in (("AccountObj", both.accounts(), "tel"), ("BD_Customer", both.customers(), "FTEL")):
        stored = dict(
            both.query(
                """select r.source_key, i.raw from hub.source_record r join hub.stream s on s.id = r.stream_id
                     join hub.inbox i on i.id = r.inbox_id where s.stream = %s and not r.deleted""",
                stream,
            )
        )
        holds("nothing is lost: every record was heard", stored.keys() == rows.keys(), stream)
        for key, raw in stored.items():
            ours = json.loads(bytes(raw)).get(name) or ""
            theirs = rows[key].get(name) or ""
            holds("nothing is lost: every change was heard", ours == theirs, f"{stream} {key}: {ours} / {theirs}")
