"""The page of commands, from the command tree itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from tongmai.cli.main import cli
from tongmai.cli.reference import NOTE_EN, NOTE_ZH
from tongmai.core.text import Text


def page() -> str:
    """Markdown in the reader's language."""
    context = click.Context(cli, info_name="tongmai")
    lines = ["# " + str(Text("Commands", "命令")), "", str(Text(NOTE_EN, NOTE_ZH)), "", _common(), ""]
    for part in _commands(cli, context):
        lines += part
    return "\n".join(lines)


def _common() -> str:
    return str(
        Text(
            "Exit status of every command: 0 it succeeded; 1 it failed (for `sync` and `ledger`: or the books do not balance);"
            " 2 a file, an option or a setting is wrong, nothing was started. `--json` prints machine-readable output on standard"
            " output, an error included; progress and explanations go to standard error.",
            "所有命令的退出码：0 成功；1 失败（`sync` 与 `ledger` 还包括账目不平）；2 文件、选项或设置有误，没有开始执行。"
            "`--json` 在标准输出给出供程序读取的结果（包括错误）；进度和说明输出到标准错误。",
        )
    )


def _commands(group: click.Group, context: click.Context) -> Iterator[list[str]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield _section(command, inner)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _section(command: click.Command, context: click.Context) -> list[str]:
    depth = "##" if context.parent is not None and context.parent.parent is None else "###"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"{depth} {context.command_path}", "", f"`{usage}`", "", (command.help or "").strip(), ""]
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        lines += [
            f"| {Text('Option', '选项')} | {Text('Meaning', '含义')} | {Text('Default', '默认')} |",
            "|---|---|---|",
        ]
        lines += [_option(one, context) for one in options]
        lines.append("")
    return [*lines, (command.epilog or "").strip(), ""]


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    kind = "" if option.is_flag else f" {option.make_metavar(context)}"
    default = option.default if option.show_default and not callable(option.default) else ""
    return f"| {names}{kind.replace('|', chr(92) + '|')} | {option.help or ''} | {default} |"
