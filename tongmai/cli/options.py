"""Options that several commands have, in the same words."""

from __future__ import annotations

from pathlib import Path

import click

from tongmai.core.text import Text

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

JSON_LINE = click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line.", "输出一行 JSON。")))
ENTITY = click.option(
    "--entity", default="customer", show_default=True, help=str(Text("What the records are.", "记录的实体。"))
)
BY = click.option(
    "--by", "who", default="", help=str(Text("Who says so; else your account.", "操作人；默认为当前账号。"))
)
FILE_OR_HUB = click.option(
    "--in",
    "file",
    type=FILE,
    help=str(
        Text("Records: CSV with a column `id` (default: the hub's).", "记录：含 `id` 列的 CSV（默认取枢纽中的记录）。")
    ),
)
COLUMN = click.option(
    "--column",
    "told",
    multiple=True,
    help=str(Text("COLUMN=FIELD over what is recognised.", "COLUMN=FIELD：指定列对应的字段。")),
)
AT = click.option(
    "--at",
    type=click.Choice(["likely", "merge"]),
    default="likely",
    show_default=True,
    help=str(
        Text(
            "`merge`: only what is certain; `likely`: what is more likely than not.",
            "`merge`：只合并确定的；`likely`：可能性过半即合并。",
        )
    ),
)
LABELS = click.option(
    "--labels",
    "labels",
    type=FILE,
    help=str(
        Text(
            "Pairs that are known (`id_a, id_b, same`, or `id, entity_id`): they are kept as said, and it is told how the rules "
            "alone stand to them.",
            "已知的记录对（`id_a, id_b, same` 或 `id, entity_id`）：按标注归并或分开，并报告规则与标注的吻合程度。",
        )
    ),
)
WEIGHTS = click.option(
    "--weights",
    "weights",
    type=FILE,
    help=str(
        Text(
            "Weights that `match train` wrote, in place of those that are there.",
            "`match train` 写出的权重，代替现有权重。",
        )
    ),
)
SNAPSHOT = click.option(
    "--snapshot",
    "taken",
    type=FILE,
    help=str(
        Text(
            "How common values are, as `match snapshot` wrote it (default: as in the file itself).",
            "`match snapshot` 写出的取值频率（默认取自文件本身）。",
        )
    ),
)
