"""Every construct of the language with an example that runs: the reference page and its test are made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tongmai.core.text import Text

ENTITY = """
entity: order
label: {zh: 订单, en: Order}
fields:
  number:   {type: text, label: {zh: 编号, en: Number}}
  title:    {type: text, label: {zh: 标题, en: Title}}
  amount:   {type: decimal, label: {zh: 金额, en: Amount}}
  day:      {type: date, label: {zh: 日期, en: Day}}
  urgent:   {type: boolean, label: {zh: 加急, en: Urgent}}
  stage:    {type: term(stage), label: {zh: 阶段, en: Stage}}
  phones:   {type: [phone], label: {zh: 电话, en: Phones}}
  customer: {type: ref(order), label: {zh: 上级, en: Parent}}
  lines:
    type: lines
    label: {zh: 明细, en: Lines}
    fields:
      sku:      {type: text, required: true, label: {zh: 货号, en: SKU}}
      quantity: {type: decimal, label: {zh: 数量, en: Quantity}}
      currency: {type: text, label: {zh: 币种, en: Currency}}
"""
TERMS = """
stage:
  label: {zh: 阶段, en: Stage}
  terms:
    open: {zh: 进行中, en: Open}
    won:  {zh: 已成交, en: Won}
    lost: {zh: 已丢单, en: Lost}
"""
VALUES = """
stage:
  in: {"1": open, "2": won, "9": lost}
"""


@dataclass(frozen=True)
class Construct:
    """One construct. ``files``: what stands in which file, by its path in a site's mappings folder; ``mapping`` is the
    file's main one (`shop/orders` unless the text names another). ``gives``: some fields of what comes out of ``given``;
    ``error`` and ``finding``: field and code that come out instead; ``left_out``: the record is filtered.
    """

    name: Text
    doc: Text
    fields: str
    given: dict[str, Any]
    gives: dict[str, Any] = field(default_factory=dict)
    head: str = ""
    files: dict[str, str] = field(default_factory=dict)
    error: tuple[str, str] = ("", "")
    finding: tuple[str, str] = ("", "")
    left_out: bool = False
    outbound: bool = False
    part: str = ""

    def mapping(self) -> str:
        """The whole mapping file."""
        name = "shop/orders.out" if self.outbound else "shop/orders"
        source, target = f"shop.orders{self.part}", "order"
        if self.outbound:
            source, target = target, source
        sides = "" if "reverses:" in self.head else f"from: {source}\nto: {target}\n"
        return f"mapping: {name}\n{sides}{self.head}" + (f"fields:\n{self.fields}" if self.fields else "")


CONSTRUCTS = (
    Construct(
        Text("Paths", "路径"),
        Text(
            "Left the entity's field, right an expression over the source: a name, a step into an object, an item of a list; "
            '`field("…")` for a name that is no plain word. What is missing on the way is empty.',
            '左边是实体字段，右边是对来源的表达式：字段名、对象内的一步、列表的一项；不是普通单词的名称用 `field("…")`。途中缺失即为空。',
        ),
        "  number: no\n  title: buyer.contact.name\n  amount: 'field(\"金额（元）\")'\n  day: dates[0]\n",
        {"no": "A1", "buyer": {"contact": {"name": "王五"}}, "金额（元）": "12.50", "dates": ["2026-01-02"]},
        {"number": "A1", "title": "王五", "amount": "12.5", "day": "2026-01-02"},
    ),
    Construct(
        Text("Functions", "函数"),
        Text(
            "`value | function` hands a value on; arguments follow in brackets.",
            "`值 | 函数` 依次处理，参数写在括号中。",
        ),
        '  title: name | trim | upper\n  day: at | date("YYYY/MM/DD")\n  phones: [mobile | phone, office | phone]\n',
        {"name": " abc ", "at": "2026/01/02", "mobile": "138 0013 8000", "office": ""},
        {"title": "ABC", "day": "2026-01-02", "phones": ["+8613800138000"]},
    ),
    Construct(
        Text("Constants", "常量"),
        Text(
            "`{const: …}` is a value as it stands; text inside an expression is quoted.",
            "`{const: …}` 为常量；表达式中的文本加引号。",
        ),
        "  title: {const: 网店订单}\n  number: \"'W-' + no\"\n",
        {"no": "7"},
        {"title": "网店订单", "number": "W-7"},
    ),
    Construct(
        Text("Exact arithmetic", "精确计算"),
        Text(
            "`+ - * /` on decimals; `+` also joins texts, and where neither side says which it is, write it.",
            "`+ - * /` 为十进制精确计算；`+` 也可连接文本，无法判断时需写明类型。",
        ),
        '  amount: (price * count - rebate) / 10000\n  title: (city | text) + "·" + name\n',
        {"price": "0.1", "count": 3, "rebate": "0.30", "city": "上海", "name": "甲"},
        {"amount": "0", "title": "上海·甲"},
    ),
    Construct(
        Text("Comparison and logic", "比较与逻辑"),
        Text(
            "`== != < <= > >=`, `in`, `and or not`; `x == None` asks whether a value is empty.",
            "`== != < <= > >=`、`in`、`and or not`；`x == None` 判断是否为空。",
        ),
        '  urgent: (level in ["A", "B"]) and due != None and (amount | decimal) >= 1000\n',
        {"level": "B", "due": "x", "amount": "1000.0"},
        {"urgent": True},
    ),
    Construct(
        Text("Choice", "条件"),
        Text(
            "In one line `a if test else b`; in YAML `{if, then, else}`, where `then` and `else` are constants or `{from: expression}`.",
            "单行写 `a if 条件 else b`；YAML 写 `{if, then, else}`，其中 `then`、`else` 为常量或 `{from: 表达式}`。",
        ),
        '  title: "short if short != None else name"\n  amount: {if: kind == "gift", then: 0, else: {from: sum}}\n',
        {"name": "全称", "kind": "sale", "sum": 8},
        {"title": "全称", "amount": "8"},
    ),
    Construct(
        Text("Terms", "词条"),
        Text(
            "`term(list)` gives the dictionary's term by the system's `terms.yaml`; an unknown value sends the record to quarantine.",
            "`term(词表)` 按系统的 `terms.yaml` 转为词条；未知取值使记录进入隔离区。",
        ),
        "  stage: status | term(stage)\n",
        {"status": 2},
        {"stage": "won"},
    ),
    Construct(
        Text("An unknown term", "未知词条"),
        Text("It never becomes empty.", "不会变为空。"),
        "  stage: status | term(stage)\n",
        {"status": 5},
        error=("stage", "unknown-term"),
    ),
    Construct(
        Text("Bad values", "坏值"),
        Text(
            "`bad_value` says per field, or as `default`, what follows from a value that cannot be used: `quarantine` (when nothing "
            "is said), `finding` (the record goes on without the field), `empty`.",
            "`bad_value` 按字段（或 `default`）说明坏值的后果：`quarantine`（缺省）、`finding`（记录继续，不含该字段）、`empty`（置空）。",
        ),
        "  number: no\n  amount: sum\n",
        {"no": "A1", "sum": "about 5"},
        {"number": "A1"},
        head="bad_value: {amount: finding}\n",
        finding=("amount", "not-a-number"),
    ),
    Construct(
        Text("Leaving records out", "排除记录"),
        Text("`only_if` takes the records for which it holds.", "`only_if` 只接收满足条件的记录。"),
        "  number: no\n",
        {"no": "A1", "test": True},
        head="only_if: test != true\n",
        left_out=True,
    ),
    Construct(
        Text("References", "引用"),
        Text(
            "`ref(entity, stream)` refers to the record of that key; one that comes later is filled in when it arrives (`optional`), "
            "or brings the record back from quarantine.",
            "`ref(实体, 数据流)` 按主键引用；后到的记录到达后补上（`optional`），或使本记录自动离开隔离区。",
        ),
        "  number: no\n  customer: parent | ref(order, orders, optional)\n",
        {"no": "A2", "parent": "A1"},
        {"customer": {"entity": "order", "key": "A1", "stream": "orders", "optional": True}},
    ),
    Construct(
        Text("Reference tables", "对照表"),
        Text(
            "`tables/NAME.csv` beside the mappings (in `shared/` for every system): the first column is the key.",
            "映射旁的 `tables/名称.csv`（放在 `shared/` 下则所有系统可用）：首列为键。",
        ),
        "  title: region | lookup(regions, name)\n",
        {"region": "310000"},
        {"title": "上海市"},
        files={"shop/tables/regions.csv": "code,name,area\n310000,上海市,华东\n110000,北京市,华北\n"},
    ),
    Construct(
        Text("Variables of a deployment", "部署变量"),
        Text(
            "`variables` declares what a deployment may set, with a default or `null`; the site sets it in `variables.yaml` for the "
            "mapping or its whole system; `var.name` uses it.",
            "`variables` 声明部署可设置的值及缺省（`null` 表示必须设置）；站点在 `variables.yaml` 中为映射或整个系统设置；用 `var.名称` 引用。",
        ),
        '  number: var.prefix + "-" + no\n  amount: sum * var.rate\n',
        {"no": "7", "sum": 2},
        {"number": "SH-7", "amount": "2.2"},
        head="variables: {prefix: X, rate: 1.1}\n",
        files={"variables.yaml": "shop: {prefix: SH}\n"},
    ),
    Construct(
        Text("Fragments: expressions", "片段：表达式"),
        Text(
            "`fragments.yaml` of a system (or of `shared/`) names expressions with parameters; they are used like functions.",
            "系统（或 `shared/`）的 `fragments.yaml` 定义带参数的表达式，用法与函数相同。",
        ),
        "  amount: sum | in_yuan\n  title: named(first, last)\n",
        {"sum": "1.25", "first": "五", "last": "王"},
        {"amount": "12500", "title": "王五"},
        files={"shop/fragments.yaml": "in_yuan(wan): wan * 10000\nnamed(first, last): (last | text) + first\n"},
    ),
    Construct(
        Text("Fragments: groups of fields", "片段：字段组"),
        Text(
            "A fragment with `fields` brings several fields; `use` gives its parameters expressions.",
            "含 `fields` 的片段一次带来多个字段；`use` 为其参数给出表达式。",
        ),
        "  number: no\n",
        {"no": "A1", "payment": {"sum": 3, "at": "2026-01-02"}},
        {"number": "A1", "amount": "3", "day": "2026-01-02"},
        head="use: {paid: payment}\n",
        files={"shop/fragments.yaml": "paid(by):\n  fields:\n    amount: by.sum\n    day: by.at | date\n"},
    ),
    Construct(
        Text("Extending a mapping", "扩展映射"),
        Text(
            "`extends` takes another mapping of the system over (a site's file may extend the product's of the same name): fields of "
            "one's own go before, `drop` leaves fields out, tests are inherited.",
            "`extends` 继承本系统的另一映射（站点文件可扩展产品的同名映射）：自己的字段优先，`drop` 去掉字段，测试一并继承。",
        ),
        "  title: custom__c | upper\n",
        {"no": "A1", "name": "n", "custom__c": "x", "sum": 5},
        {"number": "A1", "title": "X"},
        head="extends: shop/standard\ndrop: [amount]\n",
        files={
            "shop/standard.yaml": "mapping: shop/standard\nfrom: shop.orders\nto: order\nfields:\n  number: no\n  title: name\n  amount: sum\n"
        },
    ),
    Construct(
        Text("Lines", "明细"),
        Text(
            "`each` gives the list; inside `fields` and `only_if` names are those of a line, `head` is the record.",
            "`each` 给出列表；`fields` 与 `only_if` 中的名称指明细行，`head` 指所属记录。",
        ),
        "  lines:\n    each: items\n    only_if: (qty | decimal) > 0\n    fields: {sku: code, quantity: qty, currency: head.currency}\n",
        {"currency": "CNY", "items": [{"code": "X", "qty": 2}, {"code": "Y", "qty": 0}]},
        {"lines": [{"sku": "X", "quantity": "2", "currency": "CNY"}]},
    ),
    Construct(
        Text("Loops", "循环"),
        Text(
            "`[expression for one in list if condition]` makes a list of a list; two loops may stand in one.",
            "`[表达式 for 名称 in 列表 if 条件]` 由列表得到列表；最多两层。",
        ),
        '  amount: "[one.price * one.qty for one in items if one.gift != true] | sum"\n  title: "[tag for box in boxes for tag in box.tags] | join(\\",\\")"\n',
        {
            "items": [{"price": 2, "qty": 3}, {"price": 9, "qty": 1, "gift": True}],
            "boxes": [{"tags": ["a"]}, {"tags": ["b", "c"]}],
        },
        {"amount": "6", "title": "a,b,c"},
    ),
    Construct(
        Text("Flattening, grouping, merging lists", "列表的展开、分组与合并"),
        Text(
            "Lists of objects are shaped before `each` takes them: `flatten`, `merge` by a key, `filter`, `pluck` and others.",
            "在 `each` 之前用函数整理对象列表：`flatten`、按键 `merge`、`filter`、`pluck` 等。",
        ),
        '  lines:\n    each: "[row for box in boxes for row in box.rows]"\n    fields: {sku: code, quantity: qty}\n',
        {"boxes": [{"rows": [{"code": "X", "qty": 1}]}, {"rows": [{"code": "Y", "qty": 2}]}]},
        {"lines": [{"sku": "X", "quantity": "1", "currency": None}, {"sku": "Y", "quantity": "2", "currency": None}]},
    ),
    Construct(
        Text("Parts of a stream", "数据流的部分"),
        Text(
            "One record can feed several entities: `from: shop.orders/buyer` with a `key` reads what stands at that place (an object or "
            "a list) as a stream of its own, from the stored records; `head` is the record. `owned: true`: parts go with their record.",
            "一条记录可供给多个实体：`from: shop.orders/buyer` 加 `key`，把该位置的对象或列表作为独立的数据流（取自已存储的记录）；"
            "`head` 指所属记录。`owned: true` 表示随所属记录一起删除。",
        ),
        "  number: id\n  title: name\n  day: head.day\n",
        {"id": 7, "name": "甲", "head": {"day": "2026-01-02"}},
        {"number": "7", "title": "甲", "day": "2026-01-02"},
        head="key: id\n",
        part="/buyer",
    ),
    Construct(
        Text("Outbound", "写出"),
        Text(
            "The other way the payload stands left, dots make objects. `search` says how a record is looked up before it is created, "
            "`create_only` what is never written again, `if_empty` what is written only where the target has nothing.",
            "写出时左边是目标字段，点号表示嵌套对象。`search` 为新建前的查找方式，`create_only` 仅新建时写入，`if_empty` 仅在目标为空时写入。",
        ),
        "  Key: id\n  Bill.No: number\n  Bill.Stage: stage | term_out(stage)\n  Rows: {each: lines, fields: {Item.Code: sku, Qty: quantity}}\n",
        {"id": "k1", "number": "A1", "stage": "won", "lines": [{"sku": "X", "quantity": "2"}]},
        {"Key": "k1", "Bill": {"No": "A1", "Stage": "2"}, "Rows": [{"Item": {"Code": "X"}, "Qty": "2"}]},
        head="search: [Key]\ncreate_only: [Key]\nif_empty: [Rows]\n",
        outbound=True,
    ),
    Construct(
        Text("Lists inside lists", "列表中的列表"),
        Text(
            "A payload may hold lists in lists, up to three; `head` is the row around.",
            "目标可含多层列表（最多三层）；`head` 指外层的行。",
        ),
        '  Groups:\n    each: "[one for one in lines if one.quantity > 1]"\n    fields:\n      Code: sku\n      Rows: {each: "[one for one in head.lines]", fields: {Of: head.sku, Qty: quantity}}\n',
        {"lines": [{"sku": "X", "quantity": "2"}]},
        {"Groups": [{"Code": "X", "Rows": [{"Of": "X", "Qty": "2"}]}]},
        outbound=True,
    ),
    Construct(
        Text("Both directions from one definition", "一份定义，双向使用"),
        Text(
            "`reverses` turns an inbound mapping round; what cannot be turned round without loss must be written under `fields` or "
            "listed under `drop`. `tongmai mapping test` proves the way there and back on every case.",
            "`reverses` 反转读入映射；无法无损反转的字段须写在 `fields` 或列入 `drop`。`tongmai mapping test` 用每条用例验证往返一致。",
        ),
        "",
        {"id": "k1", "number": "A1", "amount": "12500", "stage": "won"},
        {"no": "A1", "wan": "1.25", "status": "2"},
        head="reverses: shop/orders\n",
        files={
            "shop/orders.yaml": "mapping: shop/orders\nfrom: shop.orders\nto: order\nfields:\n  number: no | trim\n  amount: wan * 10000\n  stage: status | term(stage)\n"
        },
        outbound=True,
    ),
)
