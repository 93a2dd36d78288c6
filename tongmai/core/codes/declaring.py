"""Codes of connectors that are declared in YAML, of the contract suite, and of drift."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "answer-shape": Text("An answer to a write cannot be judged by the manifest's error table. Correct `errors`; the write is looked up.", "写入的应答无法按清单的错误表判断。请修正 `errors`；该写入会先查证。"),
    "bad-fixture": Text("A connector's fixtures/contract.yaml has mistakes.", "连接器的 fixtures/contract.yaml 有错误。"),
    "bad-quality": Text("A connector's quality.yaml has mistakes.", "连接器的 quality.yaml 有错误。"),
    "bad-simulator": Text("A simulator.yaml has mistakes.", "simulator.yaml 有错误。"),
    "batch-shape": Text("A batch told fewer or more outcomes than it had records. All of them are looked up.", "批量返回的结果数与记录数不符，全部先查证。"),
    "connector-name": Text("A name given to `tongmai connector new` cannot be used.", "`tongmai connector new` 的名称不可用。"),
    "cursor-unreadable": Text("A row's time of change is not written as `since.format` says. Correct the manifest.", "行的修改时间与 `since.format` 不符。请修正清单。"),
    "endless-list": Text("The same place of a list comes again and again. Correct `page` in the manifest.", "列表不断回到同一位置。请修正清单的 `page`。"),
    "filter-dropped": Text("A row lies before the window that was asked for: the system dropped the filter. Correct `since`.", "出现早于所请求时间窗的行：系统忽略了过滤条件。请修正 `since`。"),
    "moving-rows": Text("Rows moved between pages in every walk through a list. Read it at a quieter time, or let the vendor sort it.", "每次遍历列表时都有行移动。请在空闲时读取，或让厂商排序。"),
    "no-check": Text("A manifest has no `check` call.", "清单没有 `check` 调用。"),
    "no-drift": Text("Nothing of that name waits for `tongmai drift accept`.", "没有等待 `tongmai drift accept` 的该名称。"),
    "no-fixture": Text("A connector has no fixtures/contract.yaml.", "连接器没有 fixtures/contract.yaml。"),
    "no-key": Text("The answer to a create holds no key. The write is looked up.", "新建的应答没有主键，先查证。"),
    "no-read": Text("A stream has no `read` in the manifest.", "清单中的数据流没有 `read`。"),
    "no-row": Text(
        "A record was asked for by key, and a good answer holds nothing where it should lie. Correct the place, or say with `gone` that such an answer means a deleted record.",
        "按主键读取时应答正常，但指定位置没有记录。请修正该位置，或用 `gone` 声明这种应答表示已删除。",
    ),
    "no-rows": Text("Where rows are expected, the answer holds something else. Correct `rows`.", "应为行的位置是其他内容。请修正 `rows`。"),
    "page-size": Text("A page size is not a whole number above 0.", "每页条数不是正整数。"),
    "schema-drift": Text("The source's records have something that was never there before. See `tongmai drift list`, then `tongmai drift accept`.", "源记录出现从未有过的内容。见 `tongmai drift list`，再用 `tongmai drift accept` 接受。"),
    "too-many-open": Text("Too many records are unfinished at once. Narrow `unfinished` in the manifest.", "同时未完结的记录过多。请收窄清单的 `unfinished`。"),
    "undeclared-call": Text("The manifest declares no such call for this object.", "清单没有为该对象声明此调用。"),
    "unknown-rule": Text("The contract suite has no such rule or group.", "契约测试没有该规则或分组。"),
    "no-page-size": Text(
        "Nothing tells how many records a call gives. Say it with --page-size.",
        "无法得知每次调用返回多少条。请用 --page-size 给出。",
    ),
    "no-records": Text(
        "The hub has no record of the stream yet. Say how many there are with --records.",
        "中枢还没有该数据流的记录。请用 --records 给出条数。",
    ),
}  # fmt: skip
