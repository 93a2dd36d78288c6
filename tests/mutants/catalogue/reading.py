"""Guards of reading and applying."""

from __future__ import annotations

from tests.mutants.mutant import Mutant
from tongmai.core.text import Text

SPLIT = 'cursor.execute("commit; begin")'
"""Cuts a transaction in two at this place: what stands before it is committed, whatever comes after."""

_INGEST, _APPLY = "tongmai/sync/ingest.py", "tongmai/sync/apply.py"

MUTANTS = (
    Mutant(
        "fingerprint-ignored",
        Text("What has the same fingerprint is not stored again", "指纹相同的记录不再入库"),
        _INGEST,
        "rounds",
        {"r.fingerprint <> staged.fingerprint or r.deleted end)": "true end)"},
    ),
    Mutant(
        "no-lookback",
        Text("A read goes back behind its checkpoint: late commits are seen", "读取从检查点往回看，晚提交的不漏"),
        "tongmai/sync/reading.py",
        "reading",
        {"lookback=spec.read.lookback,": "lookback=spec.read.lookback * 0,"},
    ),
    Mutant(
        "checkpoint-by-our-clock",
        Text("A checkpoint is a time that the vendor showed, not one of ours", "检查点取自对方时间，不取本机时钟"),
        "connectors/vendors/fxiaoke/hooks.py",
        "reading",
        {
            "checkpoint=Mark(high, mark.details).text() if last else None": (
                'checkpoint=Mark(int(__import__("time").time() * 1000), mark.details).text() if last else None'
            )
        },
    ),
    Mutant(
        "checkpoint-above-what-was-seen",
        Text("A checkpoint is never above a value really seen", "检查点不高于真正读到的值"),
        "connectors/vendors/kingdee/hooks.py",
        "reading",
        {
            "checkpoint=seen.isoformat() if last and seen is not None": (
                "checkpoint=(seen + timedelta(minutes=10)).isoformat() if last and seen is not None"
            )
        },
    ),
    Mutant(
        "checkpoint-before-records",
        Text("Checkpoint and records are one transaction", "检查点与记录同一事务"),
        _INGEST,
        "reading",
        {
            "            changed = self._store(cursor, self._batch)\n": (
                "            if checkpoint is not None:\n"
                '                cursor.execute("update hub.stream set checkpoint = %s where id = %s",'
                " (checkpoint, self.stream_id))\n"
                f"            {SPLIT}\n"
                "            changed = self._store(cursor, self._batch)\n"
            )
        },
    ),
    Mutant(
        "work-deleted-early",
        Text("A work row goes in the transaction that does the work", "待办行随其处理在同一事务删除"),
        _APPLY,
        "kills",
        {
            "        map_records(lane, subjects)\n": (
                '        cursor.execute("delete from hub.work where record_id = any(%s)", ([s.record_id for s in subjects],))\n'
                f"        {SPLIT}\n"
                "        map_records(lane, subjects)\n"
            )
        },
    ),
    Mutant(
        "outbox-in-its-own-transaction",
        Text("A golden change and its outbox rows are one transaction", "主数据变更与出站行同一事务"),
        _APPLY,
        "kills",
        {
            "    targets.queue(cursor, lane.entity.entity, lane.run, {one: current[one] for one in speaking}, states)\n": (
                '    lane.__dict__["late"] = {one: current[one] for one in speaking}\n'
            ),
            '        reach("apply.before-commit")\n': (
                f"        {SPLIT}\n"
                '        reach("apply.before-commit")\n'
                '        targets.queue(cursor, lane.entity.entity, lane.run, lane.__dict__.pop("late", {}))\n'
            ),
        },
    ),
    Mutant(
        "any-listing-believed",
        Text("A listing in which most records are missing deletes nothing", "缺失大半记录的清单不导致删除"),
        _INGEST,
        "reading",
        {"gone <= known * SHARE": "gone <= known"},
    ),
    Mutant(
        "no-echo-mark",
        Text("Our own write coming back does not vote", "我方写入被读回时不参与取值"),
        "tongmai/sync/echo.py",
        "rounds",
        {"    return frozenset(echoes)\n": "    return frozenset()\n"},
    ),
    Mutant(
        "own-value-written-back",
        Text("What an object said itself is not written back into it", "对象自己的值不写回该对象"),
        "tongmai/sync/echo.py",
        "rounds",
        {
            "    return not said_there(provenance, name, home)\n": "    return True\n",
        },
    ),
    Mutant(
        "own-connection-told-nothing",
        Text("What one object of a system said is news for its others", "系统中一个对象的值对其另一对象是新消息"),
        "tongmai/sync/echo.py",
        "objects",
        {'.partition("/")[0]) == home for': '.partition("/")[0])[0] == home[0] for'},
    ),
    Mutant(
        "references-not-woken",
        Text("Who waits for a record is woken when it arrives", "等待引用的记录在对方到达时被唤醒"),
        "tongmai/sync/references.py",
        "deals",
        {
            "    if not keys:\n        return\n    cursor.execute(\n        f": "    return\n    cursor.execute(\n        f"
        },
    ),
    Mutant(
        "cancelled-receipts-counted",
        Text("Sums count living children only", "汇总只计有效单据"),
        "masterdata/golden/rollup.py",
        "deals",
        {"\"and status is distinct from 'inactive'\"": '""'},
    ),
)
