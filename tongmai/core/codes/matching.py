"""What the codes of matching whole files mean."""

from __future__ import annotations

from tongmai.core.text import Text

CODES: dict[str, Text] = {
    "no-matching-rules": Text(
        "Nothing says how records of this entity are compared: write masterdata/ENTITY/matching.yaml in the site folder.",
        "没有声明该实体的记录如何比较：请在站点目录写 masterdata/ENTITY/matching.yaml。",
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
    "content": Text(
        "Files of the master data have mistakes: `tongmai check` shows them.",
        "主数据文件有误：`tongmai check` 可查看。",
    ),
}
