"""What can be wrong with an expression of a mapping."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

RULES = Rules("mapping")
_add = RULES.add
_add(
    "not-in-sql", "A KPI is counted in the database, which cannot do this.", "指标在数据库中计算，不支持该写法。",
    "measure: {sum: name | upper}", "measure: {sum: amount | default(0)}",
    "Use fields, constants, comparisons, and/or/not, + - * /, if/else, and the functions abs, default, until.",
    "请使用字段、常量、比较、and/or/not、+ - * /、if/else 以及函数 abs、default、until。", replaces=False,
)  # fmt: skip
_add(
    "syntax", "The expression cannot be read.", "表达式无法解析。",
    'only_if: state = "open"', 'only_if: state == "open"',
    "Look at the mark: a bracket, a quote, a full-width sign, `=` for `==`.", "查看标记处：括号、引号、全角符号，或 `=` 应为 `==`。",
)  # fmt: skip
_add(
    "not-allowed", "A form of Python that is not part of the mapping language.", "映射语言不支持的 Python 写法。",
    'name: f"{first} {last}"', 'name: first + " " + last',
    "Use a function or a fragment.", "请使用函数或片段。",
)  # fmt: skip
_add(
    "expression-too-long", "The expression is longer than one can read.", "表达式过长。",
    "name: …over 1000 characters…", "name: name_of(first, last)",
    "Move parts of it to fragments.", "请把部分内容移到片段。", replaces=False,
)  # fmt: skip
_add(
    "expression-too-deep", "The expression is nested too deeply, or has too many parts.", "表达式嵌套太深或部分太多。",
    "name: ((((((…))))))", "name: name_of(first, last)",
    "Move parts of it to fragments.", "请把部分内容移到片段。", replaces=False,
)  # fmt: skip
_add(
    "unknown-field", "The source (or the entity) has no field of this name, as declared or discovered.",
    "来源（或实体）没有该字段（按声明或系统自述）。",
    "legal_name: account.nmae", "legal_name: account.name",
    "Correct the name. If the system is right, declare it or run `tongmai connector discover NAME --save` again.",
    "请改正名称。若系统确有该字段，请声明，或重新运行 `tongmai connector discover NAME --save`。",
)  # fmt: skip
_add(
    "head-alone", "`head` is the record that a line is of, not a value.", "`head` 指明细所属的记录，不是值。",
    "total: head", "total: head.amount", "Write `head.name`.", "请写 `head.字段`。",
)  # fmt: skip
_add(
    "bad-index", "An index is a number or a quoted key.", "下标应为数字或带引号的键。",
    "first: phones[n]", "first: phones[0]", "Write a number, or use `at`.", "请写数字，或使用 `at`。", replaces=False,
)  # fmt: skip
_add(
    "not-a-function", "Something else than a function stands behind `|`.", "`|` 后面不是函数。",
    'name: title | "x"', "name: title | trim", "Write a function.", "请写函数。", replaces=False,
)  # fmt: skip
_add(
    "unknown-function", "There is no function or fragment of this name.", "没有该函数或片段。",
    "name: title | tirm", "name: title | trim",
    "Correct the name; all are in the reference of functions.", "请改正名称；全部函数见函数参考。",
)  # fmt: skip
_add(
    "argument-count", "A function or fragment is given too many or too few arguments.", "函数或片段的参数个数不对。",
    "name: title | left", "name: title | left(10)", "Write it as the message shows.", "请按提示的写法填写。", replaces=False,
)  # fmt: skip
_add(
    "unknown-argument", "The function has no argument of this name.", "函数没有该命名参数。",
    'at: made | datetime(zon="Asia/Shanghai")', 'at: made | datetime(zone="Asia/Shanghai")',
    "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "bad-argument", "An argument is of the wrong form, or none of the allowed words.", "参数的形式不对，或不在可用词之中。",
    "price: amount | unit(wan, one)", 'price: amount | unit("万", "个")',
    "Write one of the allowed words, or quote the text.", "请写可用的词，或给文本加引号。",
)  # fmt: skip
_add(
    "bad-pattern", "A regular expression is wrong, or could take for ever.", "正则表达式有误，或可能无限耗时。",
    'code: text | extract("(a+)+$")', 'code: text | extract("a+$")', "Simplify it.", "请简化。", replaces=False,
)  # fmt: skip
_add(
    "wrong-direction", "The function works in mappings of the other direction only.", "该函数只用于另一方向的映射。",
    "# inbound\nlevel: level | term_out(customer_level)", "# inbound\nlevel: level | term(customer_level)",
    "Use its counterpart.", "请使用对应的函数。", replaces=False,
)  # fmt: skip
_add(
    "not-in-condition", "The function may leave a finding, which a condition cannot.", "该函数可能产生质量问题，不能用于条件。",
    "only_if: tel | phone != None", "only_if: tel != None", "Compare the source value.", "请比较源值。", replaces=False,
)  # fmt: skip
_add(
    "type-mismatch", "A value has a type that cannot stand there.", "值的类型不能用在此处。",
    "price: made | date_ms", "price: amount", "Convert it, or map another field.", "请转换，或映射其他字段。",
    replaces=False,
)  # fmt: skip
_add(
    "bad-constant", "A constant is no value of the field's type.", "常量不符合字段的类型。",
    "ordered_on: {const: tomorrow}", "ordered_on: {const: 2026-01-31}",
    "Write it in the canonical form of the type.", "请写成该类型的标准形式。", replaces=False,
)  # fmt: skip
_add(
    "ambiguous-plus", "`+` could be a sum or texts put together.", "`+` 可能是求和，也可能是拼接。",
    "total: a + b", "total: (a | decimal) + b", "Say the type of one side.", "请写明一侧的类型。", replaces=False,
)  # fmt: skip
_add(
    "ambiguous-order", "Numbers, dates or texts? The order differs.", "按数值、日期还是文本比较？结果不同。",
    "only_if: a > b", "only_if: (a | decimal) > b", "Say the type of one side.", "请写明一侧的类型。", replaces=False,
)  # fmt: skip
_add(
    "date-format", "A date format has letters that mean nothing, or lacks a part.", "日期格式含无意义的字母，或缺少部分。",
    'day: made | date("yyyy-MM-dd")', 'day: made | date("YYYY-MM-DD")', "Use the letters of the message.", "请使用提示中的字母。",
)  # fmt: skip
_add(
    "unknown-zone", "There is no such time zone.", "没有该时区。",
    'at: made | datetime(zone="Shanghai")', 'at: made | datetime(zone="Asia/Shanghai")',
    "Write its name of the tz database.", "请写 tz 数据库中的名称。",
)  # fmt: skip
_add(
    "unknown-term", "The dictionary's list has no such term.", "词表中没有该词条。",
    'only_if: stage == "sigend"', 'only_if: stage == "signed"', "Correct it.", "请改正。",
)  # fmt: skip
_add(
    "unknown-term-list", "The dictionary has no such list.", "数据字典中没有该词表。",
    "level: grade | term(customer_levl)", "level: grade | term(customer_level)", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "not-total", "A term has no value, or several, in the target system.", "词条在目标系统没有取值，或有多个。",
    "level: level | term_out(customer_level)    # `small` has no value",
    "# terms.yaml\ncustomer_level: {in: …, out: {…, small: C}}",
    "Give each term one value under `out`, or list it under `refused`.", "请在 `out` 中为每个词条写一个取值，或列入 `refused`。",
    replaces=False,
)  # fmt: skip
_add(
    "unknown-alias-list", "terms.yaml has no alias list of this name.", "terms.yaml 中没有该别名表。",
    "name: word | alias(speling)", "name: word | alias(spelling)", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "unknown-table", "There is no table of this name.", "没有该对照表。",
    "region: code | lookup(regoins)", "region: code | lookup(regions)", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "unknown-column", "The table has no such column.", "对照表没有该列。",
    "boss: code | lookup(regions, mangaer)", "boss: code | lookup(regions, manager)", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "unknown-rates", "terms.yaml has no rates of this name.", "terms.yaml 中没有该汇率表。",
    'price: p | exchange("USD", "CNY", moth)', 'price: p | exchange("USD", "CNY", month)', "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "unknown-calendar", "There is no calendar of this name.", "没有该日历。",
    "due: day | add_working_days(3, chnia)", "due: day | add_working_days(3, china)", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "unknown-variable", "The mapping declares no such variable.", "映射没有声明该变量。",
    "name: var.prefx + title", "name: var.prefix + title", "Declare it under `variables`.", "请在 `variables` 中声明。",
)  # fmt: skip
_add(
    "unknown-fragment", "There is no group of fields of this name.", "没有该字段组片段。",
    "use: {adress: true}", "use: {address: true}", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "fragment-ring", "Fragments use one another in a ring, or too deep.", "片段循环引用或嵌套过深。",
    "a(x): x | b\nb(x): x | a", "a(x): x | trim\nb(x): x | a", "Take one use out.", "请去掉其中一个引用。", replaces=False,
)  # fmt: skip
_add(
    "loop-too-deep", "Loops stand in one another more than twice.", "循环嵌套超过两层。",
    "x: [[[c for c in b] for b in a] for a in all]", "x: all | flatten", "Use `flatten` or `pluck`.", "请使用 `flatten` 或 `pluck`。",
    replaces=False,
)  # fmt: skip
_add(
    "not-identifying", "The field does not identify a record of the entity.", "该字段不能唯一确定实体的记录。",
    "customer: c | ref(customer, by=level)", "owner: o | ref(employee, by=number)",
    "Use a field of the entity's `matching.exact`.", "请使用实体 `matching.exact` 中的字段。",
)  # fmt: skip
