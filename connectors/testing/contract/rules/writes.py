"""Writing: once, and only what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connectors.sdk.contract import Writer, Written
from connectors.testing.contract.fixture import WriteFixture, filled
from connectors.testing.contract.rule import rule
from connectors.testing.contract.stand import Stand, pages, records
from tongmai.core.errors import OutcomeUnknownError, RemoteRefusedError, RetryableError, TongmaiError
from tongmai.core.text import Text

_WRITES = ("writes",)
_STATUS_ONLY = re.compile(r"(HTTP )?\d{0,5}")


def payload(stand: Stand, fixture: WriteFixture, key: str, part: str = "create") -> dict[str, Any]:
    """A payload of the fixture."""
    made: dict[str, Any] = filled(getattr(fixture, part), stand.first, n=stand.number(), key=key)
    return made


def key_of(stand: Stand) -> str:
    """A new key of ours."""
    return f"TM-{stand.number()}"


def entries(stand: Stand, name: str, op: str = "create") -> list[dict[str, Any]]:
    """Accepted writes of an object."""
    obj = stand.fixture.writes[name].object or name
    return [entry for entry in stand.system.ledger() if entry["object"] == obj and entry["op"] == op]


@rule(
    "write.create",
    "gold",
    Text("A created record can be read back under the key we were told", "新建的记录可按返回的主键读回"),
    Text("The crosswalk rests on that key.", "主键对照依赖于它。"),
    needs=_WRITES,
)
def create(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        key = key_of(stand)
        written = connection.writer(name).create(payload(stand, fixture, key), key)
        stream = stand.manifest.writes[name].stream if name in stand.manifest.writes else name
        known = stand.manifest.streams.get(stream)
        readable = known is None or known.read is None or known.read.listed or known.read.one is not None
        found = records(pages(connection, stream, keys=(written.key,))) if readable else []
        if readable and [r.key for r in found if r.op == "upsert"] != [written.key]:
            yield Text(
                f"{name}: {written.key} cannot be read back from {stream}",
                f"{name}：无法从 {stream} 读回 {written.key}",
            )
        if len(entries(stand, name)) != 1:
            yield Text(
                f"{name}: the system took {len(entries(stand, name))} creates",
                f"{name}：系统受理了 {len(entries(stand, name))} 次新建",
            )
            continue


@rule(
    "write.update",
    "gold",
    Text("An update changes what it names, and nothing else", "更新只改变指定字段"),
    Text("Fields that others own must survive.", "他人负责的字段必须保留。"),
    needs=_WRITES,
)
def update(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        if not fixture.update:
            continue
        key = key_of(stand)
        writer = connection.writer(name)
        made = writer.create(payload(stand, fixture, key), key)
        stream = stand.manifest.writes[name].stream if name in stand.manifest.writes else name

        def read() -> dict[str, Any]:
            found = records(pages(connection, stream, keys=(made.key,)))  # noqa: B023
            return connection.decode(stream, found[0].raw) if found else {}  # noqa: B023

        before = read()
        change = payload(stand, fixture, key, "update")
        told = writer.update(made.key, change)
        after = read()
        if told.key != made.key:
            yield Text(f"{name}: the key became {told.key}", f"{name}：主键变为 {told.key}")
        if before == after:
            yield Text(f"{name}: nothing changed", f"{name}：没有变化")
        known = stand.manifest.streams.get(stream)
        lost = [
            member
            for member, value in before.items()
            if member not in change
            and value not in (None, "")
            and after.get(member) in (None, "")
            and not (known and member in known.volatile)
        ]
        if lost:
            yield Text(f"{name}: lost {', '.join(lost[:5])}", f"{name}：丢失 {', '.join(lost[:5])}")


@rule(
    "write.find",
    "gold",
    Text("What was created is found by our key, and what was not is not", "可按我方主键找到且不误报"),
    Text("Before a create, and after a doubtful one, we look.", "新建前和存疑后都要查找。"),
    needs=("writes", "our_key"),
)
def find(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        declared = stand.manifest.writes[name]
        if not declared.our_key or declared.our_key not in declared.search:
            continue
        writer = connection.writer(name)
        key, other = key_of(stand), key_of(stand)
        made = writer.create(payload(stand, fixture, key), key)
        found = writer.find(declared.our_key, [key, other])
        if [each.key for each in found.get(key, [])] != [made.key]:
            yield Text(f"{name}: {key} gives {found.get(key)}", f"{name}：{key} 得到 {found.get(key)}")
        if found.get(other):
            yield Text(f"{name}: {other} is found, and was never written", f"{name}：从未写入的 {other} 被找到")


@rule(
    "write.enforced",
    "gold",
    Text(
        "Where the manifest says that our key is enforced, a second create makes no second record",
        "声明主键唯一时重复新建不会产生第二条",
    ),
    Text("Effectively-once rests on it.", "“效果恰好一次”依赖于它。"),
    needs=("writes", "enforced"),
)
def enforced(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        if not stand.manifest.writes[name].key_enforced:
            continue
        writer = connection.writer(name)
        key = key_of(stand)
        data = payload(stand, fixture, key)
        first = writer.create(data, key)
        try:
            again: Written | None = writer.create(data, key)
        except RemoteRefusedError:
            again = None
        if again is not None and again.key != first.key:
            yield Text(
                f"{name}: {first.key} and {again.key} both have {key}", f"{name}：{first.key} 与 {again.key} 都有 {key}"
            )
        if len(entries(stand, name)) > 1:
            yield Text(
                f"{name}: the system made {len(entries(stand, name))} records",
                f"{name}：系统新建了 {len(entries(stand, name))} 条",
            )


@rule(
    "write.doubtful",
    "gold",
    Text("A write whose answer is lost is called doubtful, and is not repeated", "应答丢失的写入标记为存疑且不重发"),
    Text("Repeated blindly, it doubles; called failed, it is lost.", "盲目重发会重复，当作失败会丢失。"),
    needs=("writes", "http"),
)
def doubtful(stand: Stand) -> Iterator[Text]:
    for name, fixture in stand.fixture.writes.items():
        for kind in ("timeout_after", "reset_body", "truncate"):
            connection = stand.open()
            writer = connection.writer(name)
            before = len(entries(stand, name))
            key = key_of(stand)
            stand.system.faults(
                [{"kind": kind, "path": fixture.faults, "in_body": _mark(stand, name, key), "seconds": 4}]
            )
            try:
                writer.create(payload(stand, fixture, key), key)
                outcome = "no error"
            except OutcomeUnknownError:
                outcome = ""
            except TongmaiError as error:
                outcome = type(error).__name__
            struck = stand.system.fired()
            stand.system.faults([])
            taken = len(entries(stand, name)) - before
            if struck and outcome:
                yield Text(f"{name}, {kind}: {outcome}", f"{name}，{kind}：{outcome}")
            if taken != 1:
                yield Text(
                    f"{name}, {kind}: the system took it {taken} times", f"{name}，{kind}：系统受理了 {taken} 次"
                )
            declared = stand.manifest.writes[name]
            if (
                struck
                and declared.our_key in declared.search
                and len(writer.find(declared.our_key, [key]).get(key, [])) != 1
            ):
                yield Text(
                    f"{name}, {kind}: it is not found by {key} afterwards", f"{name}，{kind}：之后按 {key} 找不到"
                )


def _mark(stand: Stand, name: str, key: str) -> str:
    """What the body of this create holds, so that a fault does not strike a look-up or a login."""
    return key if stand.manifest.writes[name].our_key else ""


@rule(
    "write.not-sent",
    "gold",
    Text("A write that never left may be tried again", "未发出的写入可以重试"),
    Text("It must not wait for a person as a doubtful one does.", "不应像存疑写入那样等待人工。"),
    needs=("writes", "http"),
)
def not_sent(stand: Stand) -> Iterator[Text]:
    name, fixture = next(iter(stand.fixture.writes.items()))
    connection = stand.open(retries=0)
    connection.check()
    stand.system.stop()
    key = key_of(stand)
    try:
        connection.writer(name).create(payload(stand, fixture, key), key)
    except RetryableError:
        return
    except TongmaiError as error:
        yield Text(f"{type(error).__name__}: {error.why}", f"{type(error).__name__}：{error.why}")
        return
    yield Text("the system is down, and the write succeeds", "系统已停止，写入却成功")


@rule(
    "write.busy",
    "gold",
    Text(
        "A write that was refused for being too fast is repeated, and taken once", "因过快被拒的写入会重试且只受理一次"
    ),
    Text("Nothing was taken: waiting is all that is needed.", "尚未受理：等待即可。"),
    needs=("writes", "http"),
)
def busy(stand: Stand) -> Iterator[Text]:
    for name, fixture in stand.fixture.writes.items():
        key = key_of(stand)
        fault = stand.fixture.slow_down or {"kind": "status", "status": 429, "retry_after": 1}
        stand.system.faults([{**fault, "path": fixture.faults, "in_body": _mark(stand, name, key), "times": 1}])
        before = len(entries(stand, name))
        stand.open().writer(name).create(payload(stand, fixture, key), key)
        stand.system.faults([])
        if len(entries(stand, name)) - before != 1:
            yield Text(
                f"{name}: taken {len(entries(stand, name)) - before} times",
                f"{name}：受理 {len(entries(stand, name)) - before} 次",
            )


@rule(
    "write.refused",
    "gold",
    Text("What the system refuses is refused in its own words", "被拒的写入带有系统原话"),
    Text("A person has to mend the record: without the reason nobody can.", "没有原因，无人能修正。"),
    needs=("writes", "refuses"),
)
def refused(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        if not fixture.refused:
            continue
        key = key_of(stand)
        try:
            connection.writer(name).create(payload(stand, fixture, key, "refused"), key)
        except RemoteRefusedError as error:
            if _STATUS_ONLY.fullmatch(error.why) or not error.next_step:
                yield Text(f"{name}: it only says `{error}`", f"{name}：只说了 `{error}`")
        except TongmaiError as error:
            yield Text(
                f"{name}: it is a {type(error).__name__}: {error.why}",
                f"{name}：得到的是 {type(error).__name__}：{error.why}",
            )
        else:
            yield Text(f"{name}: it was taken", f"{name}：被受理了")


@rule(
    "write.off-and-on",
    "gold",
    Text("A record is switched off and on again; twice is no error", "可停用和启用；重复执行不报错"),
    Text("Deletes travel as switching off, and may be repeated after a crash.", "删除以停用传递，崩溃后可能重复。"),
    needs=("writes", "off"),
)
def off_and_on(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        if not stand.manifest.writes[name].deactivate:
            continue
        if fixture.off is None:
            yield Text(
                f"{name}: fixtures/contract.yaml does not say how `off` looks in the system",
                f"{name}：fixtures/contract.yaml 没有写停用后在系统中的样子（`off`）",
            )
            continue
        writer: Writer = connection.writer(name)
        key = key_of(stand)
        made = writer.create(payload(stand, fixture, key), key)
        if _off(stand, name, made.key):
            yield Text(f"{name}: it is off as soon as it is made", f"{name}：新建后即为停用")
        for act, off in (
            (writer.deactivate, True),
            (writer.deactivate, True),
            (writer.activate, False),
            (writer.activate, False),
        ):
            try:
                act(made.key)
            except TongmaiError as error:
                yield Text(f"{name}: {act.__name__}: {error}", f"{name}：{act.__name__}：{error}")
            if _off(stand, name, made.key) != off:
                word, word_zh = ("on", "启用") if off else ("off", "停用")
                yield Text(
                    f"{name}: after `{act.__name__}` the system still has it {word}",
                    f"{name}：{act.__name__} 之后系统中仍为{word_zh}",
                )


def _off(stand: Stand, name: str, key: str) -> bool:
    """Whether the system itself has the record switched off."""
    fixture = stand.fixture.writes[name]
    obj = fixture.object or name
    if fixture.off == "gone":
        return key not in stand.system.keys(obj)
    assert fixture.off is not None
    row = stand.system.record(obj, key)
    return row is not None and all(row.get(member) == value for member, value in fixture.off.items())


@rule(
    "write.batch",
    "gold",
    Text("One bad record of a batch fails alone", "批量中的坏记录只影响自己"),
    Text("Its 199 neighbours are somebody's orders.", "其余 199 条是别人的订单。"),
    needs=("batch", "refuses"),
)
def batch(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, fixture in stand.fixture.writes.items():
        declared = stand.manifest.writes[name].calls
        if declared is None or declared.create_many is None or not fixture.refused:
            continue
        keys = [key_of(stand) for _ in range(5)]
        items = [(payload(stand, fixture, key, "refused" if at == 2 else "create"), key) for at, key in enumerate(keys)]
        outcomes = connection.writer(name).create_many(items)  # type: ignore[attr-defined]
        good = [at for at, each in enumerate(outcomes) if isinstance(each, Written)]
        if good != [0, 1, 3, 4] or not isinstance(outcomes[2], RemoteRefusedError):
            yield Text(f"{name}: {[str(each) for each in outcomes]}", f"{name}：{[str(each) for each in outcomes]}")
        if len(entries(stand, name)) != 4:
            yield Text(
                f"{name}: the system took {len(entries(stand, name))} of 4",
                f"{name}：系统受理了 {len(entries(stand, name))}/4",
            )
