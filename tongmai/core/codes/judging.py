"""What the codes of data quality mean."""

from __future__ import annotations

from tongmai.core.text import Text

CODES: dict[str, Text] = {
    "no-quality-rules": Text(
        "Nothing says what good data of this entity is: write masterdata/ENTITY/quality.yaml in the site folder.",
        "没有声明该实体的数据质量规则：请在站点目录写 masterdata/ENTITY/quality.yaml。",
    ),
    "no-quality-rule": Text(
        "The entity has no rule of this name: `tongmai quality show --entity ENTITY` lists them.",
        "该实体没有此规则：`tongmai quality show --entity ENTITY` 可列出全部规则。",
    ),
    "no-quality-run": Text(
        "The data was never judged: run `tongmai quality run` first, or let the daily DAG do it.",
        "尚未评估过：请先运行 `tongmai quality run`，或等待每日 DAG。",
    ),
    "no-quality-source": Text(
        "`--source` names no source of the records that were judged.", "`--source` 指定的来源没有被评估的记录。"
    ),
    "nothing-to-judge": Text(
        "`--min` was asked for and there is no record: run the syncs that bring some.",
        "指定了 `--min`，但没有任何记录：请先运行同步。",
    ),
}
