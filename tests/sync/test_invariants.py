"""Whatever people, networks and kills do: once all is quiet, nothing is lost, nothing doubled, nothing echoes."""

from __future__ import annotations

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mappings.language.cleaning import company_name, phone
from masterdata.store import connect
from tests.sync.conftest import Systems
from tests.sync.test_two_way import ROUND
from tongmai.core.errors import TongmaiError
from tongmai.sync import apply, deliver, ingest
from tongmai.sync.ledger import recount_all
from tongmai.sync.run import SyncOptions, run_sync

STEPS = 40
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "11,23").split(",")]
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "timeout_before"},
    {"kind": "timeout_after"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 500},
    {"kind": "truncate"},
    {"kind": "reset_body"},
)
PLACES = ("ingest.inside-copy", "ingest.before-commit", "apply.before-commit", "deliver.frozen",
          "deliver.before-remote", "deliver.after-remote")  # fmt: skip
CRM, ERP = "AccountObj", "BD_Customer"


class World:
    """People on both sides, the network between, and somebody who pulls the plug; all drawn from one seed."""

    def __init__(self, systems: Systems, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.systems = systems
        self.rng = random.Random(seed)
        self.monkeypatch = monkeypatch
        self.number = 0
        self.deleted: set[str] = set()
        self.names: dict[str, str] = {}  # what a clerk said last; names belong to the ERP
        self.phones: dict[str, str] = {}  # what a seller said last; telephones belong to the CRM

    def step(self) -> None:
        """One thing that happens."""
        doing: list[tuple[int, Callable[[], str]]] = [
            (5, self.edit_account),
            (5, self.edit_customer),
            (4, self.edit_both),
            (2, self.insert_account),
            (2, self.insert_customer),
            (1, self.insert_both),
            (1, self.delete),
            (4, self.fault),
            (12, self.sync),
            (4, self.killed_sync),
            (3, self.side_by_side),
        ]
        weights = [weight for weight, _ in doing]
        (what,) = self.rng.choices([one for _, one in doing], weights)
        print(f"{what.__name__} {what()}")  # shown when the test fails

    def fresh(self) -> int:
        self.number += 1
        return self.number

    def account(self) -> str:
        return self.rng.choice(sorted(self.systems.accounts()))

    def customer(self) -> str:
        return self.rng.choice(sorted(self.systems.customers()))

    def edit_account(self, key: str = "") -> str:
        key = key or self.account()
        fields = (
            {"tel": f"021-555{self.fresh():05}"}
            if self.rng.random() < 0.6
            else {"name": f"销售改{self.fresh()}有限公司"}
        )
        self.systems.edit_account(key, **fields)
        self.phones |= {key: fields["tel"]} if "tel" in fields else {}
        return f"{key} {fields}"

    def edit_customer(self, key: str = "") -> str:
        key = key or self.customer()
        fields = (
            {"FTEL": f"+8610555{self.fresh():05}"}
            if self.rng.random() < 0.3
            else {"FName": f"财务改{self.fresh()}有限公司"}
        )
        self.systems.edit_customer(key, **fields)
        self.names |= {key: fields["FName"]} if "FName" in fields else {}
        return f"{key} {fields}"

    def edit_both(self) -> str:
        pairs = self.systems.query(
            """select c.remote_key, e.remote_key from hub.target_state c join hub.target_state e using (entity_id)
                where c.target = 'crm_customers_back' and e.target = 'erp_customers' order by 1, 2"""
        )
        pairs = [(c, e) for c, e in pairs if c in self.systems.accounts() and e in self.systems.customers()]
        if not pairs:
            return "-"
        crm_key, erp_key = self.rng.choice(pairs)
        return f"{self.edit_account(crm_key)} {self.edit_customer(erp_key)}"

    def insert_account(self, name: str = "") -> str:
        name = name or f"新客户{self.fresh()}有限公司"
        fields = {"name": name, "tel": f"021-666{self.fresh():05}"}
        return str(self.systems.crm.control(f"records/{CRM}", {"op": "insert", "fields": fields})["keys"][0])

    def insert_customer(self, name: str = "") -> str:
        fields = {"FName": name or f"新户头{self.fresh()}有限公司"}
        return str(self.systems.erp.control(f"records/{ERP}", {"op": "insert", "fields": fields})["keys"][0])

    def insert_both(self) -> str:
        name = f"两边都有{self.fresh()}有限公司"
        return f"{self.insert_account(name)} {self.insert_customer(name)}"

    def delete(self) -> str:
        if self.rng.random() < 0.5:
            key = self.account()
            self.systems.crm.control(f"records/{CRM}", {"op": "delete", "key": key})
        else:
            key = self.customer()
            self.systems.erp.control(f"records/{ERP}", {"op": "delete", "key": key})
        self.deleted.add(key)
        return key

    def fault(self) -> str:
        server = self.rng.choice([self.systems.crm, self.systems.erp])
        paths = (
            ["/create", "/update", "/query"] if server is self.systems.crm else [".Save", ".Submit", "Query", "Cancel"]
        )
        fault = {**self.rng.choice(FAULTS), "path": self.rng.choice(paths), "after": self.rng.randrange(3)}
        server.control("faults", [fault])
        return str(fault)

    def run(self, name: str, options: SyncOptions | None = None) -> str:
        try:
            report = run_sync(name, options)
        except (TongmaiError, KeyboardInterrupt) as error:
            return f"{name} {type(error).__name__}"
        assert report.balanced, report.problems
        return f"{name} {report.error_code or 'ok'}"

    def sync(self) -> str:
        name = self.rng.choice(ROUND)
        inbound = name in ("crm_customers", "erp_customers_in")
        return self.run(name, SyncOptions(full=inbound and self.rng.random() < 0.2))

    def killed_sync(self) -> str:
        place, times = self.rng.choice(PLACES), self.rng.randrange(1, 4)
        met: list[str] = []

        def reach(name: str) -> None:
            if name == place:
                met.append(name)
                if len(met) == times:
                    raise KeyboardInterrupt

        with self.monkeypatch.context() as patch:
            for module in (apply, deliver, ingest):
                patch.setattr(module, "reach", reach)
            return f"{place}:{times} {self.run(self.rng.choice(ROUND))}"

    def side_by_side(self) -> str:
        names = [self.rng.choice(ROUND) for _ in range(2)]
        told: list[str] = []
        threads = [threading.Thread(target=lambda name=name: told.append(self.run(name))) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 2, "a run ended by an error that is not ours"
        return " | ".join(told)

    def writes(self) -> int:
        return len(self.systems.writes(self.systems.crm)) + len(self.systems.writes(self.systems.erp))

    def settle(self) -> None:
        """Everything calms down: a whole listing of both, then rounds until nothing is written any more."""
        for server in (self.systems.crm, self.systems.erp):
            server.control("faults", [])
        for name in ("crm_customers", "erp_customers_in"):
            assert run_sync(name, SyncOptions(full=True)).ok
        for _ in range(5):
            before = self.writes()
            for name in ROUND:
                report = run_sync(name)
                assert report.ok, report.as_json()
            if self.writes() == before:
                return
        raise AssertionError("it never becomes quiet")


@pytest.mark.parametrize("systems", [20], indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_lost_nothing_doubled_no_echo(systems: Systems, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRFLOW_CONN_CRM_MAIN", "AIRFLOW_CONN_ERP_MAIN"):
        settings = json.loads(os.environ[name])
        settings["extra"] |= {"retries": 1, "retry_wait": 0.01}
        monkeypatch.setenv(name, json.dumps(settings))
    world = World(systems, seed, monkeypatch)
    for _ in range(STEPS):
        world.step()
    world.settle()

    assert systems.query("select (select count(*) from hub.work), (select count(*) from hub.outbox)") == [(0, 0)]
    with connect(systems.url) as database, database.transaction() as cursor:
        assert not [row["problems"] for row in recount_all(cursor) if row["problems"]]
    never_twice(systems, world.deleted)
    once_in_each_target(systems)
    converged(systems)
    accounts, customers = systems.accounts(), systems.customers()
    for key, name in world.names.items():
        assert key not in customers or customers[key]["FName"] == name, key
    for key, tel in world.phones.items():
        assert key not in accounts or accounts[key]["tel"] == tel, key


def never_twice(systems: Systems, deleted: set[str]) -> None:
    """No entity was created twice: the systems' own ledgers are the judge.

    A record that people deleted before we could know that it had been made is made again.
    """
    for server, field in ((systems.crm, "tongmai_key__c"), (systems.erp, "FNumber")):
        creates = [w for w in systems.writes(server) if w["op"] == "create" and w["key"] not in deleted]
        made = Counter(w["payload"][field] for w in creates)
        assert not [key for key, count in made.items() if count > 1]
    ours = systems.query("select count(*) from hub.entity where version < 1")
    assert ours == [(0,)]
    for row in (systems.accounts(), systems.customers()):
        names = Counter(str(one.get("name") or one.get("FName")) for one in row.values())
        fresh = [name for name, count in names.items() if count > 1 and name.startswith(("新", "两边"))]
        assert not fresh, fresh


def once_in_each_target(systems: Systems) -> None:
    """Every living golden customer is linked to one record of each target, which is there unless people deleted it."""
    for target, there in (("crm_customers_back", systems.accounts()), ("erp_customers", systems.customers())):
        rows = systems.query(
            """select g.id::text, t.remote_key, t.gone from golden.customer g
                 left join hub.target_state t on t.entity_id = g.id and t.target = %s where g.status is distinct from 'inactive'""",
            target,
        )
        assert rows
        assert not [row for row in rows if row[1] is None], target
        assert not [row for row in rows if not row[2] and row[1] not in there], target
        linked = [row[1] for row in rows if not row[2]]
        assert len(linked) == len(set(linked)), target


def converged(systems: Systems) -> None:
    """Where a customer has one living record on each side, both hold the same name and telephone."""
    pairs = systems.query(
        """select min(r.source_key) filter (where s.stream = 'AccountObj'), min(r.source_key) filter (where s.stream = 'BD_Customer')
             from hub.source_record r join hub.stream s on s.id = r.stream_id
            where not r.deleted and r.entity_id is not null group by r.entity_id
           having count(*) filter (where s.stream = 'AccountObj') = 1 and count(*) filter (where s.stream = 'BD_Customer') = 1"""
    )
    accounts, customers = systems.accounts(), systems.customers()
    assert pairs
    for crm_key, erp_key in pairs:
        account, customer = accounts[crm_key], customers[erp_key]
        if account["life_status"] != "normal":
            continue
        assert company_name(account["name"]) == company_name(customer["FName"]), (crm_key, erp_key)
        if account.get("tel"):
            assert phone(account["tel"], []) == phone(customer["FTEL"], []), (crm_key, erp_key)
