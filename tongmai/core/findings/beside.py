"""What can be wrong with what lies beside mappings: fragments, variables, tables, value maps, calendars."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

FRAGMENT, VARIABLE, TABLE = Rules("fragment"), Rules("variable"), Rules("table")
VALUEMAP, CALENDAR = Rules("valuemap"), Rules("calendar")
ALL = (FRAGMENT, VARIABLE, TABLE, VALUEMAP, CALENDAR)

FRAGMENT.add(
    "name", "A fragment's name or parameters are not written as they must be.", "片段的名称或参数写法不对。",
    "Full-Name(a): a | trim", "full_name(a): a | trim",
    "Small letters: `name(parameter, …)`.", "使用小写字母：`名称(参数, …)`。", replaces=False,
)  # fmt: skip
FRAGMENT.add(
    "shape", "A fragment is an expression, or a group of fields.", "片段应为表达式或一组字段。",
    "clean(a): [a]", "clean(a): a | trim", "Write one of the two.", "请写其中一种。", replaces=False,
)  # fmt: skip
FRAGMENT.add(
    "exists", "The name is taken by a function or another fragment.", "名称已被函数或其他片段使用。",
    "trim(a): a | squeeze", "clean(a): a | squeeze", "Choose another, or write `replaces: true`.", "请换名，或写 `replaces: true`。",
    replaces=False,
)  # fmt: skip
FRAGMENT.add(
    "unused", "No mapping uses the fragment.", "没有映射使用该片段。",
    "old_name(a): a | trim", "(nothing)", "Use it or delete it.", "请使用或删除。", replaces=False,
)  # fmt: skip
VARIABLE.add(
    "shape", "variables.yaml holds values by mapping or system.", "variables.yaml 按映射或系统列出取值。",
    "organisation: 100", "kingdee: {organisation: 100}", "Put them under the system or mapping.", "请写在系统或映射之下。",
    replaces=False,
)  # fmt: skip
VARIABLE.add(
    "value", "A variable is one plain value.", "变量应为单个值。",
    "kingdee: {codes: [1, 2]}", "kingdee: {code: 1}", "Use a table for several.", "多个值请用对照表。", replaces=False,
)  # fmt: skip
VARIABLE.add(
    "unknown-mapping", "There is no such mapping or system.", "没有该映射或系统。",
    "kingde: {organisation: 100}", "kingdee: {organisation: 100}", "Correct the name.", "请改正名称。",
)  # fmt: skip
VARIABLE.add(
    "unknown-variable", "No mapping there declares the variable.", "该处没有映射声明此变量。",
    "kingdee: {organization: 100}", "kingdee: {organisation: 100}", "Correct the name, or declare it under `variables`.",
    "请改正名称，或在 `variables` 中声明。",
)  # fmt: skip
TABLE.add(
    "encoding", "The file is not UTF-8.", "文件不是 UTF-8 编码。", "(saved as GBK)", "(saved as CSV UTF-8)", "Save it as `CSV UTF-8`.",
    "请另存为 `CSV UTF-8`。", replaces=False,
)  # fmt: skip
TABLE.add(
    "shape", "The first line names the key and at least one more column, each once.", "首行应写键列和至少一个其他列名，且不重复。",
    "code\n310000", "code,name\n310000,上海市", "Write a heading.", "请写列名。", replaces=False,
)  # fmt: skip
TABLE.add(
    "too-long", "A table of more rows than a mapping should carry.", "行数超过映射所宜携带。",
    "(200,001 rows)", "(an entity)", "Make it an entity with a sync of its own.", "请建为实体，并配置同步。", replaces=False,
)  # fmt: skip
TABLE.add(
    "row", "A row has another number of columns, or no key.", "某行的列数不同，或没有键。",
    "code,name\n310000", "code,name\n310000,上海市", "Fill the row.", "请补全该行。", replaces=False,
)  # fmt: skip
TABLE.add(
    "duplicate-key", "A key stands there twice.", "键重复。",
    "code,name\n1,a\n1,b", "code,name\n1,a\n2,b", "Remove one.", "请删除其中一行。", replaces=False,
)  # fmt: skip
TABLE.add(
    "unused", "No mapping looks anything up there.", "没有映射查询该表。",
    "tables/old.csv", "(nothing)", "Use it or delete it.", "请使用或删除。", replaces=False,
)  # fmt: skip
VALUEMAP.of_model(
    ("customer_level: {inn: {A: regular}}", "customer_level: {in: {A: regular}}"),
    ("customer_level: {}", "customer_level: {in: {A: regular}}"),
    ("rates: {month: {base: RMB}}", "month: {rates: {USD: 7.1}, base: CNY}"),
)
VALUEMAP.add(
    "shape", "terms.yaml holds value maps by the name of their list.", "terms.yaml 按词表名称列出取值对照。",
    "customer_level: A", "customer_level: {in: {A: regular}}", "Write `in`, `out` or `alias` under it.", "请在其下写 `in`、`out` 或 `alias`。",
    replaces=False,
)  # fmt: skip
VALUEMAP.add(
    "exists", "A site's value map has the name of an earlier one.", "站点的取值对照与已有的同名。",
    "customer_level: {in: …}", "customer_level: {replaces: true, in: …}", "Write `replaces: true`.", "请写 `replaces: true`。",
    replaces=False,
)  # fmt: skip
VALUEMAP.add(
    "replaces-nothing", "There is no value map of this name to replace.", "没有可替换的取值对照。",
    "new_list: {replaces: true}", "new_list: {in: …}", "Take `replaces` out.", "请去掉 `replaces`。", replaces=False,
)  # fmt: skip
VALUEMAP.add(
    "unknown-term-list", "The dictionary has no such list.", "数据字典中没有该词表。",
    "customer_levl: {in: …}", "customer_level: {in: …}", "Correct the name.", "请改正名称。",
)  # fmt: skip
VALUEMAP.add(
    "unknown-term", "The list has no such term.", "词表中没有该词条。",
    "customer_level: {in: {A: key}}", "customer_level: {in: {A: key_account}}", "Correct it.", "请改正。",
)  # fmt: skip
VALUEMAP.add(
    "not-total", "`out` leaves terms without a value.", "`out` 有词条没有取值。",
    "opportunity_stage: {out: {following: s1}}", "opportunity_stage: {out: {following: s1, …}, refused: [lost]}",
    "Give each a value, or list it under `refused`.", "请补充取值，或列入 `refused`。", replaces=False,
)  # fmt: skip
VALUEMAP.add(
    "refused-and-out", "A term is refused and has a value.", "词条同时被拒绝又有取值。",
    "x: {out: {lost: s5}, refused: [lost]}", "x: {out: {lost: s5}}", "Keep one of the two.", "请保留其中之一。", replaces=False,
)  # fmt: skip
VALUEMAP.add(
    "unused", "No mapping of the system uses the value map.", "该系统没有映射使用此取值对照。",
    "old_list: {in: …}", "(nothing)", "Use it or delete it.", "请使用或删除。", replaces=False,
)  # fmt: skip
CALENDAR.of_model(
    ("calendar: china\nholidays: []", "calendar: china\noff: []"),
    ("off: [2026-01-01]", "calendar: china\nlabel: {zh: 中国, en: China}\noff: [2026-01-01]"),
    ("weekend: [8]", "weekend: [6, 7]"),
)
CALENDAR.add(
    "exists", "A calendar of this name is there already.", "该日历已存在。",
    "calendar: china", "calendar: china\nreplaces: true", "Write `replaces: true`.", "请写 `replaces: true`。", replaces=False,
)  # fmt: skip
CALENDAR.add(
    "day", "A day is none, or both off and work, or outside the years.", "日期有误、既放假又上班，或不在年份内。",
    "off: [2026-02-30]", "off: [2026-02-17 … 2026-02-23]", "Correct it.", "请改正。", replaces=False,
)  # fmt: skip
