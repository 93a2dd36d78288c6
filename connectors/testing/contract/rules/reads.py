"""Checking a connection and reading whole streams."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sdk.key import fields_of, parts
from connectors.testing.contract.rule import differ, rule
from connectors.testing.contract.stand import Stand, live, pages, records
from tongmai.core.errors import AuthenticationError, ConfigurationError, TongmaiError
from tongmai.core.text import Text


@rule(
    "check.good",
    "bronze",
    Text("`check` succeeds with good credentials", "凭据正确时 `check` 成功"),
    Text("It is the first thing anybody does with a connection.", "这是使用连接的第一步。"),
)
def check_good(stand: Stand) -> Iterator[Text]:
    if not stand.open().check().ok:
        yield Text("`check` says that the connection is not good", "`check` 认为连接异常")


@rule(
    "check.bad-credentials",
    "bronze",
    Text("Wrong credentials are told apart from everything else", "凭据错误有明确的提示"),
    Text(
        "`it does not work` costs an afternoon; `the secret is refused` costs a minute.",
        "“不能用”要花一下午，“密钥被拒绝”只要一分钟。",
    ),
    needs=("credentials",),
)
def check_bad(stand: Stand) -> Iterator[Text]:
    if not stand.fixture.bad_credentials:
        yield Text("fixtures/contract.yaml has no `bad_credentials`", "fixtures/contract.yaml 没有 `bad_credentials`")
        return
    try:
        stand.open(**stand.fixture.bad_credentials).check()
    except (AuthenticationError, ConfigurationError) as error:
        if not error.next_step:
            yield Text("the error does not say what to do next", "错误没有说明下一步")
        return
    except TongmaiError as error:
        yield Text(f"it is a {type(error).__name__}: {error.why}", f"得到的是 {type(error).__name__}：{error.why}")
        return
    yield Text("`check` succeeds with wrong credentials", "凭据错误时 `check` 仍然成功")


@rule(
    "read.full",
    "bronze",
    Text("A whole read gives every live record once", "全量读取得到每条有效记录"),
    Text("What is missing from a complete listing is taken for deleted.", "完整列表中缺少的记录会被视为已删除。"),
)
def full(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in stand.fixture.streams:
        found = pages(connection, name, full=True)
        yield from differ(f"stream {name}", f"数据流 {name}", stand.keys(name), live(found))
        broken = [record for record in records(found) if record.op == "broken"]
        if broken:
            yield Text(
                f"stream {name}: {len(broken)} broken ({broken[0].problem})",
                f"数据流 {name}：{len(broken)} 条损坏（{broken[0].problem}）",
            )
        known = stand.manifest.streams.get(name)
        if (known is None or known.deletes == "full-listing") and not (found and found[-1].complete):
            yield Text(f"stream {name}: the last page is not `complete`", f"数据流 {name}：最后一页未标记 complete")
        if any(page.complete for page in found[:-1]):
            yield Text(
                f"stream {name}: a page before the last is `complete`", f"数据流 {name}：最后一页之前出现 complete"
            )


@rule(
    "read.paged",
    "bronze",
    Text("The suite's reads take more than one page", "测试读取跨越多页"),
    Text("Paging that was never exercised is paging that loses records.", "没有验证过的翻页会丢记录。"),
    needs=("pages",),
)
def paged(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    most = max(
        (len([p for p in pages(connection, name, full=True) if p.records]) for name in stand.fixture.streams), default=0
    )
    if most < 2:
        yield Text(
            "no stream has more than one page: set a smaller page in fixtures/contract.yaml",
            "没有数据流超过一页：请在 fixtures/contract.yaml 中调小分页",
        )


@rule(
    "read.decodes",
    "bronze",
    Text("Every record decodes, and holds its key", "每条记录都能解码并含有主键"),
    Text("Mappings see what `decode` gives.", "映射看到的是 `decode` 的结果。"),
)
def decodes(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in stand.fixture.streams:
        known = stand.manifest.streams.get(name)
        for record in records(pages(connection, name, full=True)):
            if record.op != "upsert":
                continue
            data = connection.decode(name, record.raw)
            named = fields_of(known.key) if known else ()
            first = named[0] if named else ""
            value: object = data
            for step in first.split(".") if first else ():
                value = value.get(step) if isinstance(value, dict) else None
            if first and str(value) != parts(record.key, len(named))[0]:
                yield Text(
                    f"{name} {record.key}: `{first}` holds `{value}`",
                    f"{name} {record.key}：`{first}` 的值为 `{value}`",
                )
                break


@rule(
    "read.fingerprint",
    "bronze",
    Text("A fingerprint changes when, and only when, the record does", "记录变化时指纹才变化"),
    Text("Else nothing is ever unchanged, or changes are lost.", "否则要么永远在变，要么丢失变更。"),
)
def fingerprint(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name, each in stand.fixture.streams.items():
        before = {record.key: record.fingerprint for record in records(pages(connection, name, full=True))}
        again = {record.key: record.fingerprint for record in records(pages(connection, name, full=True))}
        restless = [key for key in before if again.get(key) != before[key]]
        if restless:
            yield Text(
                f"{name}: {len(restless)} changed without a change ({restless[0]})",
                f"{name}：{len(restless)} 条无变更却变化（{restless[0]}）",
            )
        if each.change and before:
            key = sorted(stand.keys(name))[0]
            stand.change(name, key)
            after = {record.key: record.fingerprint for record in records(pages(connection, name, full=True))}
            if after.get(key) == before.get(key):
                yield Text(f"{name} {key}: a change does not show", f"{name} {key}：变更没有体现")
            others = [other for other in before if other != key and after.get(other) != before[other]]
            if others:
                yield Text(f"{name}: {others[0]} changed too", f"{name}：{others[0]} 也变化了")


@rule(
    "read.by-key",
    "silver",
    Text("Records can be read by key; one that is not there is gone", "可按主键读取；不存在的视为删除"),
    Text("Webhooks, references and suspects ask for single records.", "Webhook、引用、存疑写入都按主键读取。"),
)
def by_key(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in stand.fixture.streams:
        declared = stand.manifest.streams.get(name)
        if declared is not None and declared.read is not None and declared.read.one is None:
            if not declared.read.listed:
                continue  # it can only be written
            yield Text(
                f"{name}: its `read` has no `one`: for a single record the whole list would be read",
                f"{name}：`read` 没有 `one`，读取一条记录要读整个列表",
            )
            continue
        keys = sorted(stand.keys(name))[:3]
        if keys:
            yield from differ(
                f"{name} by key", f"{name} 按主键", set(keys), live(pages(connection, name, keys=tuple(keys)))
            )
            deleted = keys[-1]
            known = stand.manifest.streams.get(name)
            if known is None or known.deletes != "never":
                stand.delete(name, deleted)
                if deleted in live(pages(connection, name, keys=(deleted,))):
                    yield Text(f"{name}: the deleted {deleted} is still given", f"{name}：已删除的 {deleted} 仍被返回")


@rule(
    "read.unknown",
    "bronze",
    Text("An unknown stream is refused in words", "未知数据流有明确错误"),
    Text("A typo must not look like an empty system.", "拼写错误不能看起来像空系统。"),
)
def unknown(stand: Stand) -> Iterator[Text]:
    try:
        found = pages(stand.open(), "no_such_stream", full=True)
    except ConfigurationError as error:
        if not error.next_step:
            yield Text("the error does not say what to do next", "错误没有说明下一步")
        return
    yield Text(f"reading it gives {len(found)} page(s)", f"读取得到 {len(found)} 页")
