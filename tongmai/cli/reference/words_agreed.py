"""Words for the keys of term lists, of terms that sites add, and of KPIs."""

from __future__ import annotations

from tongmai.core.text import Text

_NAMES = Text("Its name in both languages.", "中英文名称。")

AGREED_WORDS = {
    "TermList.label": _NAMES,
    "TermList.owner": Text("Who decides on the list.", "谁负责该词表。"),
    "TermList.version": Text("Counts up with each change that is agreed.", "每次批准变更后加一。"),
    "TermList.skips": Text(
        "Whether a record may have taken several allowed steps between two reads.", "两次读取之间是否可经过多个允许的步骤。"
    ),
    "TermList.otherwise": Text(
        "What becomes of a record that took a step which is not allowed.", "走了不允许的步骤的记录如何处理。"
    ),
    "TermList.terms": Text(
        "The terms in their order, by the word that golden records hold.", "按顺序排列的词条，以主数据中保存的词为键。"
    ),
    "ListChange.extends": Text(
        "`true`: the list is there already, and what is said here takes the place of what was said.",
        "`true`：词表已存在，此处所写取代原有规定。",
    ),
    "ListChange.label": _NAMES,
    "ListChange.owner": Text("Who decides on the list.", "谁负责该词表。"),
    "ListChange.skips": Text(
        "Whether a record may have taken several allowed steps between two reads.", "两次读取之间是否可经过多个允许的步骤。"
    ),
    "ListChange.otherwise": Text(
        "What becomes of a record that took a step which is not allowed.", "走了不允许的步骤的记录如何处理。"
    ),
    "Term.zh": Text("Its name in Chinese.", "中文名称。"),
    "Term.en": Text("Its name in English.", "英文名称。"),
    "Term.enter": Text("What must be true to enter it.", "进入条件。"),
    "Term.leave": Text("What must be true to leave it.", "离开条件。"),
    "Term.next": Text("Terms that may follow; none given: any.", "可以接续的词条；不写则不限。"),
    "Criterion.zh": Text("In Chinese.", "中文说明。"),
    "Criterion.en": Text("In English.", "英文说明。"),
    "Criterion.holds": Text(
        "The same as a condition over the fields of every entity that uses the list; what is empty does not fulfil it.",
        "以条件表示，针对使用该词表的每个实体的字段；空值视为不满足。",
    ),
    "Criterion.otherwise": Text("What becomes of a record for which it does not hold.", "不满足的记录如何处理。"),
    "Term.retired": Text(
        "Records that have it keep it; one that takes it anew gets the finding `term-retired`.",
        "已有此词条的记录保留不变；新取此词条的记录给出发现 `term-retired`。",
    ),
    "Term.instead": Text(
        "Of a retired term: what systems say for it means this one from now on.", "停用后，各系统原对应它的取值改为此词条。"
    ),
    "TermFile.list": Text("The list it is of.", "所属词表。"),
    "TermFile.term": Text("The word that golden records hold.", "主数据中保存的词。"),
    "TermFile.zh": Text("Its name in Chinese; without names the term is there already.", "中文名称；不写名称表示词条已存在。"),
    "TermFile.en": Text("Its name in English.", "英文名称。"),
    "TermFile.after": Text("The term it comes after; else it is the last.", "排在哪个词条之后；不写则排在最后。"),
    "TermFile.enter": Text("What must be true to enter it.", "进入条件。"),
    "TermFile.leave": Text("What must be true to leave it.", "离开条件。"),
    "TermFile.next": Text("Terms that may follow; none given: any.", "可以接续的词条；不写则不限。"),
    "TermFile.follows": Text("Terms that it may follow.", "可从哪些词条转入。"),
    "TermFile.changes": Text(
        "What is said here of a term that is there (names, `enter`, `leave`, `next`, `follows`) takes the place of what was said.",
        "此处对已有词条所写的内容（名称、`enter`、`leave`、`next`、`follows`）取代原有内容。",
    ),
    "TermFile.retired": Text("`true` takes the term out of use, `false` back into it.", "`true` 停用词条，`false` 恢复使用。"),
    "TermFile.instead": Text("With `retired: true`: the term that stands for it now.", "与 `retired: true` 同用：替代它的词条。"),
    "TermFile.values": Text("What systems say for it, by system.", "各系统的取值，按系统。"),
    "SystemValue.in": Text("The system's values that mean it.", "表示该词条的系统取值。"),
    "SystemValue.out": Text("The value that the system is sent.", "写给系统的取值。"),
    "SystemValue.refused": Text("Why the system is sent none.", "不写给系统的原因。"),
    "Kpi.kpi": Text("Its name: the file's name. Its view is `bi.kpi_NAME`.", "名称，即文件名。视图为 `bi.kpi_名称`。"),
    "Kpi.label": _NAMES,
    "Kpi.doc": Text("What it means, for people.", "含义说明。"),
    "Kpi.of": Text("The entity whose records are counted; switched-off ones are not.", "统计哪个实体的记录；停用的不计。"),
    "Kpi.measure": Text("What is counted.", "度量。"),
    "Kpi.over": Text("What the measure is divided by.", "除数。"),
    "Kpi.complement": Text("One less the result.", "取 1 减结果。"),
    "Kpi.where": Text("Only records for which it holds; `today` is known.", "仅统计满足条件的记录；可用 `today`。"),
    "Kpi.by": Text("A value for each period.", "按期间给出。"),
    "Kpi.each": Text("A value for each value of these fields.", "按这些字段的取值分别给出。"),
    "Kpi.unit": Text("What the value is.", "数值的单位。"),
    "Kpi.better": Text("Which way is better.", "越高越好还是越低越好。"),
    "Kpi.owner": Text("Who answers for it.", "负责人。"),
    "Kpi.version": Text("Counts up when the formula changes.", "公式变更时加一。"),
    "Kpi.replaces": Text("It takes the place of the product's of the same name.", "替换产品中的同名指标。"),
    "Measure.count": Text("How many records fulfil this; `true`: all.", "满足条件的记录数；`true` 表示全部。"),
    "Measure.sum": Text("The sum of this.", "合计。"),
    "Measure.average": Text("The average of this.", "平均。"),
    "Measure.least": Text("The least of this.", "最小值。"),
    "Measure.most": Text("The most of this.", "最大值。"),
    "Measure.where": Text("Only of records that fulfil this.", "仅限满足条件的记录。"),
    "Grain.of": Text("The date that puts a record into a period.", "决定期间的日期字段。"),
    "Grain.per": Text("The length of a period.", "期间长度。"),
}  # fmt: skip
