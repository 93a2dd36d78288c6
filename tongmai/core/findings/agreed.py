"""What can be wrong with terms that a site adds to the dictionary, and with KPIs."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

DICTIONARY, KPI = Rules("dictionary"), Rules("kpi")
ALL = (DICTIONARY, KPI)

DICTIONARY.of_model(
    ("list: stage\ntrem: bidding", "list: stage\nterm: bidding"),
    ("term: bidding\nzh: 投标\nen: Bidding", "list: stage\nterm: bidding\nzh: 投标\nen: Bidding"),
    ("list: stage\nterm: bidding\nzh: 投标", "list: stage\nterm: bidding\nzh: 投标\nen: Bidding"),
)
DICTIONARY.add(
    "unknown-list", "The dictionary has no such list.", "数据字典中没有该词表。",
    "list: stgae", "list: stage", "Correct the name.", "请改正名称。",
)  # fmt: skip
DICTIONARY.add(
    "exists", "The list has the term already.", "词表已有该词条。",
    "term: signed\nzh: 签\nen: Signed", "term: signed\nvalues: {crm: {in: [s9]}}",
    "Choose another word, or leave the labels out to add values only.", "请换一个词；只补充取值时请去掉名称。", replaces=False,
)  # fmt: skip
DICTIONARY.add(
    "unknown-term", "The list has no such term.", "词表中没有该词条。",
    "after: sigend", "after: signed", "Correct it.", "请改正。",
)  # fmt: skip
DICTIONARY.add(
    "instead", "A retired term stands for another, or a term that others stand for is retired.",
    "停用的词条被用作替代，或要停用的词条正替代其他词条。",
    "term: won\nretired: true\ninstead: won", "term: won\nretired: true\ninstead: signed", "Name a term that is in use.",
    "请使用未停用的词条。", replaces=False,
)  # fmt: skip
DICTIONARY.add(
    "unknown-system", "No mapping is of this system.", "没有该系统的映射。",
    "values: {fxiaok: {in: [s6]}}", "values: {fxiaoke: {in: [s6]}}", "Correct the name.", "请改正名称。",
)  # fmt: skip
DICTIONARY.add(
    "value-taken", "The system's value stands for another term already, or the term has another value.",
    "该系统的取值已对应其他词条，或该词条已有其他取值。",
    "values: {crm: {in: [s5]}}    # s5 means lost", "values: {crm: {in: [s6]}}",
    "Choose another value; a value map is changed with `replaces: true` in a site's terms.yaml.",
    "请换一个取值；要修改取值对照，请在站点的 terms.yaml 中写 `replaces: true`。", replaces=False,
)  # fmt: skip
KPI.of_model(
    ("kpi: rate\nmesure: {…}", "kpi: rate\nmeasure: {…}"),
    ("kpi: rate\nof: ticket", "kpi: rate\nof: ticket\nmeasure: {count: true}\n…"),
    ("measure: {count: true, sum: amount}", "measure: {sum: amount}"),
)
KPI.add(
    "name", "The name in the file is not the file's.", "文件中的名称与文件名不一致。",
    "# kpis/win_rate.yaml\nkpi: winrate", "# kpis/win_rate.yaml\nkpi: win_rate", "Write the file's name.", "请写文件名。",
)  # fmt: skip
KPI.add(
    "exists", "There is a KPI of this name already, or none to replace.", "该指标已存在，或没有可替换的指标。",
    "kpi: win_rate", "kpi: win_rate\nreplaces: true", "Say `replaces: true`, or choose another name.", "请写 `replaces: true` 或换名。",
    replaces=False,
)  # fmt: skip
KPI.add(
    "unknown-entity", "There is no entity of this name.", "没有该实体。",
    "of: oportunity", "of: opportunity", "Correct the name.", "请改正名称。",
)  # fmt: skip
KPI.add(
    "unknown-field", "The entity has no such field to go by: `by` takes dates, `each` plain fields that are not personal.",
    "实体没有可用于此处的字段：`by` 用日期，`each` 用非个人信息的普通字段。",
    "by: {of: closed, per: month}", "by: {of: closed_on, per: month}", "Correct the name.", "请改正名称。",
)  # fmt: skip
