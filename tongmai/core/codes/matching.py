"""What the codes of matching whole files mean."""

from __future__ import annotations

from tongmai.core.text import Text

CODES: dict[str, Text] = {
    "no-matching-rules": Text(
        "Nothing says how records of this entity are compared: write masterdata/ENTITY/matching.yaml in the site folder.",
        "没有声明该实体的记录如何比较：请在站点目录写 masterdata/ENTITY/matching.yaml。",
    ),
    "too-many-records": Text(
        "More records than one decision may join: something common is taken for a key.",
        "记录数超过一次决定所允许的上限：可能把常见的值当成了键。",
    ),
    "bad-clusters": Text(
        "A file of clusters has the columns `id` and `cluster_id`, and names every record once.",
        "聚类文件应含 `id` 与 `cluster_id` 两列，每条记录只出现一次。",
    ),
    "no-registration-rules": Text(
        "Nothing says what a registration of this entity holds: write `registration:` into its entity.yaml.",
        "没有声明该实体的报备规则：请在其 entity.yaml 写 `registration:`。",
    ),
    "no-column": Text("`--column` names a column that the file has not.", "`--column` 指定的列在文件中不存在。"),
    "no-field": Text("`--column` names a field that the entity has not.", "`--column` 指定的字段在实体中不存在。"),
    "bad-option": Text("An option is not written as it must be: see the command's help.", "选项写法不对：见命令帮助。"),
    "empty-file": Text("The file holds nothing: its first line names the columns.", "文件为空：第一行应为列名。"),
    "no-id-column": Text("No column tells the records apart: call it `id`.", "没有能区分记录的列：请命名为 `id`。"),
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
