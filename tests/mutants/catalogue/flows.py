"""Guards of flows."""

from __future__ import annotations

from tests.mutants.catalogue.reading import SPLIT
from tests.mutants.mutant import Mutant
from tongmai.core.text import Text

_ENGINE = "tongmai/flows/engine.py"

MUTANTS = (
    Mutant(
        "number-in-its-own-transaction",
        Text("A sequence moves in the transaction that uses the number", "序列号与用号在同一事务"),
        "tongmai/flows/numbers.py",
        "killed_deals",
        {"    first = int(row[0]) - len(takers) + 1\n": f"    {SPLIT}\n    first = int(row[0]) - len(takers) + 1\n"},
    ),
    Mutant(
        "step-saved-without-its-record",
        Text("A step and the record it makes are one transaction", "步骤与其生成的记录同一事务"),
        _ENGINE,
        "killed_deals",
        {
            "            self._store(cursor, found, world)\n            self._save(cursor, found)\n": (
                f"            self._save(cursor, found)\n            {SPLIT}\n"
                '            reach("flow.before-commit")\n            self._store(cursor, found, world)\n'
            )
        },
    ),
    Mutant(
        "two-live-instances",
        Text("A subject has one live instance of a flow", "同一对象同一流程只有一个进行中实例"),
        "masterdata/store/migrations/versions/0002_flows.py",
        "deals",
        {
            "create unique index flow_instance_live on hub.flow_instance (flow, subject) where ended_at is null;\n": "",
        },
    ),
    Mutant(
        "trigger-fires-at-every-change",
        Text(
            "A flow starts when its subject becomes so, not while it stays so", "对象变成该状态时才触发，保持时不触发"
        ),
        "tongmai/sync/triggers.py",
        "deals",
        {
            'return now and not (before.version and self.becomes([{**before.fields, "id": str(before.entity_id)}])[0])': (
                "return now"
            )
        },
    ),
    Mutant(
        "cancelled-but-not-switched-off",
        Text("What is called off is switched off where it was made", "撤销时已生成的单据被作废"),
        "tongmai/flows/instance.py",
        "deals",
        {'"cancelled" if self.state in ("cancelling", "cancelled") else "running"': '"running"'},
    ),
    Mutant(
        "old-records-start-flows",
        Text("What was so from the beginning starts no flow", "初次全量读入的记录不触发流程"),
        "tongmai/sync/apply.py",
        "deals",
        {'listed = float("inf") if claimed[0][-1] is None else claimed[0][-1]': "listed = 0"},
    ),
)
