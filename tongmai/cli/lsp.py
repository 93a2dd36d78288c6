"""``tongmai lsp``: the language server for an editor."""

from __future__ import annotations

import click

from tongmai.core.text import Text


@click.command(
    "lsp",
    help=str(
        Text(
            "Serve an editor over standard input and output (Language Server Protocol): mistakes as one types, completion of source and "
            "target fields, functions, terms; hover with the dictionary's words; go to a fragment, list, entity or mapping.",
            "通过标准输入输出为编辑器提供服务（语言服务器协议）：边写边查错，补全来源字段、目标字段、函数与词表，悬停显示数据字典，"
            "跳转到片段、词表、实体或映射。",
        )
    ),
    epilog=str(Text("Example (VS Code): docs/howto/editor.md", "示例（VS Code）：docs/howto/editor.zh-CN.md")),
)
def lsp() -> None:
    from tongmai.lsp.server import serve

    serve()
