"""What the codes of matching whole files mean."""

from __future__ import annotations

from tongmai.core.text import Text

CODES: dict[str, Text] = {
    "no-matching-rules": Text(
        "Nothing says how records of this entity are compared: write masterdata/ENTITY/matching.yaml in the site folder.",
        "没有声明该实体的记录如何比较：请在站点目录写 masterdata/ENTITY/matching.yaml。",
    ),
    "too-many-records": Text(
        "More records than one decision may join or keep apart: something common is taken for a key.",
        "记录数超过一次决定所允许合并或分开的上限：可能把常见的值当成了键。",
    ),
    "too-few-records": Text(
        "There are too few records to learn weights from: of a few pairs, chance looks like a rule.",
        "记录太少，无法学习权重：样本过少时偶然会被当成规律。",
    ),
    "bad-weights": Text(
        "A file of weights cannot be read: learn it anew, or remove it.",
        "权重文件无法读取：请重新学习，或删除该文件。",
    ),
    "bad-clusters": Text(
        "A file of clusters has the columns `id` and `cluster_id`, and names every record once.",
        "聚类文件应含 `id` 与 `cluster_id` 两列，每条记录只出现一次。",
    ),
    "no-registration-rules": Text(
        "Nothing says what a registration of this entity holds: write `registration:` into its entity.yaml.",
        "没有声明该实体的报备规则：请在其 entity.yaml 写 `registration:`。",
    ),
    "no-column": Text("The file has not a column that is named or needed.", "文件中没有所指定或所需要的列。"),
    "no-field": Text(
        "The field named is none of the entity's; `--column` of `match` takes only fields that are compared.",
        "指定的字段不在该实体中；`match` 的 `--column` 只能用参与比较的字段。",
    ),
    "bad-cursor": Text(
        "The place to go on from is none that an answer gave: leave it out to begin anew.",
        "续读位置不是之前应答给出的：不写即从头开始。",
    ),
    "bad-option": Text("An option is not written as it must be: see the command's help.", "选项写法不对：见命令帮助。"),
    "empty-file": Text("The file holds nothing: its first line names the columns.", "文件为空：第一行应为列名。"),
    "double-column": Text("Two columns of a file have the same name.", "文件中有两列同名。"),
    "ragged-row": Text(
        "A row has more values than the first line names columns: a value that holds the separator stands between quotes.",
        "某行的值多于首行的列数：含分隔符的值须加引号。",
    ),
    "bad-csv": Text(
        "A row cannot be read as CSV, often because of a quotation mark that is never closed.",
        "某行无法按 CSV 读取，多为引号没有成对。",
    ),
    "wrong-encoding": Text(
        "The file is not written in the encoding that was asked for (UTF-8 where nothing is said).",
        "文件的编码与指定的不同（未指定即 UTF-8）。可用 --encoding 指定，或另存为 UTF-8。",
    ),
    "unknown-encoding": Text(
        "There is no such encoding: for example utf-8, gb18030, big5, utf-16.",
        "没有这种编码：可用 utf-8、gb18030、big5、utf-16 等。",
    ),
    "nothing-to-compare": Text(
        "No column of the file was recognised as a field that is compared: name one with `--column COLUMN=FIELD`.",
        "文件中没有识别出任何参与比较的字段：请用 `--column 列=字段` 指定。",
    ),
    "no-id-column": Text(
        "No column tells the records apart: call it `id`, or name it with `--column COLUMN=id`.",
        "没有能区分记录的列：请命名为 `id`，或用 `--column 列=id` 指定。",
    ),
    "no-id": Text("A row has no id: give every record a key of its own.", "某行没有 id：每条记录都要有自己的主键。"),
    "double-id": Text("Two records have the same id.", "两条记录的 id 相同。"),
    "no-labels": Text(
        "Labels are `id_a, id_b, same` for pairs, or `id, entity_id` for every record.",
        "标注文件的列应为 `id_a, id_b, same`（记录对）或 `id, entity_id`（每条记录）。",
    ),
    "no-label": Text("A label is neither same nor different.", "标注既不是相同也不是不同。"),
    "unknown-record": Text("The file has no record of this id.", "文件中没有该 id 的记录。"),
    "no-records": Text(
        "The hub has no record of this entity yet: run the syncs that bring them first.",
        "枢纽中还没有该实体的记录：请先运行带来这些记录的同步。",
    ),
    "no-snapshot": Text(
        "The file is no snapshot: `tongmai match snapshot --in RECORDS --out FILE` writes one.",
        "该文件不是快照：请用 `tongmai match snapshot --in 记录 --out 文件` 写出。",
    ),
    "bad-verdict": Text(
        "A line of a list of verdicts is wrong: columns a, b, verdict (merge or apart), why. Nothing was done.",
        "裁决清单中有一行不对：列为 a、b、verdict（merge 或 apart）、why。未执行任何裁决。",
    ),
    "content": Text(
        "Files of the master data have mistakes: `tongmai check` shows them.",
        "主数据文件有误：`tongmai check` 可查看。",
    ),
}
