"""Guards of delivery, of leases and of the vendors' writers."""

from __future__ import annotations

from tests.mutants.mutant import Mutant
from tongmai.core.text import Text

_DELIVER, _OUTCOME, _PLAN = "tongmai/sync/deliver.py", "tongmai/sync/outcome.py", "tongmai/sync/plan.py"
_LEASE, _DATABASE = "masterdata/store/lease.py", "masterdata/store/database.py"
_DOCUMENT = "connectors/vendors/kingdee/document.py"
_FROZEN = '        reach("deliver.frozen")\n'

MUTANTS = (
    Mutant(
        "booked-before-the-call",
        Text("An outcome is booked after the call, not before", "结果在调用之后记账"),
        _DELIVER,
        "kills",
        {
            "            stopped = self._send_all(lanes, chunk)\n": (
                '            early = [p for p in chunk if p.operation == "update"]\n'
                "            for p in early:\n"
                '                p.written = Written(p.remote_key or "")\n'
                '                p.close("delivered", "")\n'
                "            with self.route.database.transaction() as cursor:\n"
                "                book.settle(cursor, self.route, early)\n"
                "            stopped = self._send_all(lanes, chunk)\n"
            ),
            "book.settle(cursor, self.route, [p for p in chunk if p.outcome])": (
                "book.settle(cursor, self.route, [p for p in chunk if p.outcome and p not in early])"
            ),
        },
    ),
    Mutant(
        "stale-plan-sent",
        Text("A plan is void when its golden record changed before it was frozen", "冻结前主数据已变则计划作废"),
        _DELIVER,
        "kills",
        {
            "            if p.seen == (current[p.entity_id].version": (
                "            if p.seen or p.seen == (current[p.entity_id].version"
            )
        },
    ),
    Mutant(
        "frozen-update-sent-again",
        Text("A doubtful update is not sent blindly over a later edit", "存疑更新不盲目覆盖后来的修改"),
        _PLAN,
        "kills",
        {
            "    if state is None:\n        return _doubtful(": '    if state is None or operation == "update":\n        return _doubtful('
        },
    ),
    Mutant(
        "no-intent",
        Text("The intent is frozen before the call", "调用之前先冻结意图"),
        _OUTCOME,
        "blind",
        {
            "    # By our key a create is known when it is read back": "    return\n    # By our key a create is known when it is read back"
        },
    ),
    Mutant(
        "no-key-of-our-creates",
        Text("A create is known by our key when it is read back before it is booked", "未记账的新建按我方主键认出"),
        "tongmai/sync/identify.py",
        "doubt",
        {
            "        if one.entity_id is None and one.own in created:\n            one.entity_id, one.anchor": (
                "        if False and one.own in created:\n            one.entity_id, one.anchor"
            )
        },
    ),
    Mutant(
        "no-look-up-before-create",
        Text("A target is searched before something is created there", "新建之前先在目标查找"),
        _DELIVER,
        "doubt",
        {"        for name in self.route.mapping.search:\n": "        for name in ():\n"},
    ),
    Mutant(
        "key-left-out",
        Text("What we create carries our key", "我方新建的记录带我方主键"),
        "connectors/vendors/fxiaoke/writer.py",
        "doubt",
        {
            "{self._our_key: key, **own} if self._our_key else own)": "{k: v for k, v in own.items() if k != self._our_key})"
        },
    ),
    Mutant(
        "key-random-per-attempt",
        Text("Every attempt of a write goes under the same key", "同一写入的每次尝试用同一幂等键"),
        _DELIVER,
        "blind",
        {
            "return writer.create(parcel.payload, parcel.idempotency_key)": (
                'return writer.create(parcel.payload, __import__("secrets").token_hex(12))'
            )
        },
    ),
    Mutant(
        "suspects-sent-again",
        Text("A doubt that nobody can settle waits for a person", "无法查证的存疑写入等人决定"),
        _PLAN,
        "blind",
        {
            'return _doubtful(route, parcel) if route.blind and operation == "create" else None': "return None",
        },
    ),
    Mutant(
        "no-settling-time",
        Text("A doubtful write is left to settle before it is repeated", "存疑写入静置之后才重发"),
        _DELIVER,
        "doubt",
        {'"settle": self.route.settle,': '"settle": 0,'},
    ),
    Mutant(
        "not-the-oldest-row-first",
        Text("An entity's oldest outbox row goes first", "同一实体最早的出站行先走"),
        _DELIVER,
        "doubt",
        {
            "   and not exists (select 1 from hub.outbox p where p.target = o.target and p.entity_id = o.entity_id"
            " and p.id < o.id offset 0)\n": "",
        },
    ),
    Mutant(
        "outbox-deleted-before-settle",
        Text("An outbox row goes when its outcome is booked, not before", "出站行在记账时才删除"),
        _DELIVER,
        "kills",
        {
            _FROZEN: (
                "        with self.route.database.transaction() as cursor:\n"
                '            cursor.execute("delete from hub.outbox where id = any(%s)", ([p.outbox_id for p in parcels],))\n'
                + _FROZEN
            )
        },
    ),
    Mutant(
        "outbox-not-deleted",
        Text("An outbox row goes when its outcome is booked", "记账后出站行被删除"),
        _OUTCOME,
        "kills",
        {'"delete from hub.outbox where id = any(%s)"': '"delete from hub.outbox where id = any(%s) and false"'},
    ),
    Mutant(
        "pending-counted-twice",
        Text("The ledger counts each row once", "账本每行只计一次"),
        "tongmai/sync/ledger.py",
        "doubt",
        {"else 'pending' end, count(*), 0 from hub.outbox": "else 'pending' end, 2 * count(*), 0 from hub.outbox"},
    ),
    Mutant(
        "no-lease",
        Text("One run at a time acts under a name", "同名运行同时只有一个在动作"),
        _DATABASE,
        "copies",
        {"        return self._leases.acquire(name, patience)": "        return True"},
    ),
    Mutant(
        "no-fence-in-the-transaction",
        Text("A transaction proves that its lease still holds", "事务证明租约仍然有效"),
        _LEASE,
        "zombie",
        {
            "        if not self._held:\n            return\n        cursor.execute(\n": "        return\n        cursor.execute(\n"
        },
    ),
    Mutant(
        "no-check-before-the-call",
        Text("A lease that may have run out sends nothing", "租约可能过期时不再发送"),
        _DELIVER,
        "zombie",
        {
            "        with gated(self.route.database.check_leases):\n            written": (
                "        with gated(lambda: None):\n            written"
            ),
            "        self.route.database.check_leases()\n        if parcel.operation": "        if parcel.operation",
            "                self.route.database.check_leases()\n                with gated(self.route.database.check_leases):\n": (
                "                with gated(lambda: None):\n"
            ),
        },
    ),
    Mutant(
        "we-audit-documents",
        Text("Documents are audited by people only", "单据只由人审核"),
        _DOCUMENT,
        "deals",
        {
            "        if self._submits:\n"
            '            self._steps.after_write(remote_key, lambda: self._steps.take("Submit", remote_key))\n'
            "        return Written(remote_key)\n\n    def update": (
                "        if self._submits:\n"
                '            self._steps.after_write(remote_key, lambda: self._steps.close(remote_key, "A", AUDITED))\n'
                "        return Written(remote_key)\n\n    def update"
            )
        },
    ),
    Mutant(
        "not-submitted-after-save",
        Text("A saved document is submitted", "保存之后提交"),
        _DOCUMENT,
        "deals",
        {
            "        if self._submits:\n"
            '            self._steps.after_write(remote_key, lambda: self._steps.take("Submit", remote_key))\n'
            "        return Written(remote_key)\n\n    def update": (
                "        return Written(remote_key)\n\n    def update"
            )
        },
    ),
)
