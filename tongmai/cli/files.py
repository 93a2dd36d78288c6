"""Files that commands read and write: a folder is looked for before any work is done, an encoding is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from tongmai.core.text import Text


class OutFile(click.Path):
    """A path whose folder is there and may be written into."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or a refusal that names its folder."""
        path = super().convert(value, param, ctx)
        folder = Path(os.fsdecode(path)).parent
        if not folder.is_dir():
            self.fail(
                str(Text(f"there is no folder `{folder}`: make it first", f"没有目录 `{folder}`：请先建立")), param, ctx
            )
        if not os.access(folder, os.W_OK):
            self.fail(
                str(Text(f"the folder `{folder}` may not be written into", f"目录 `{folder}` 不可写")), param, ctx
            )
        return path


OUT = OutFile()
ENCODING = click.option(
    "--encoding",
    default="utf-8",
    show_default=True,
    help=str(Text("How the file is written: utf-8, gb18030, big5 …", "文件编码：utf-8、gb18030、big5 等。")),
)
