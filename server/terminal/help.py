"""What `--help` says, all of it in the language of the commands' own texts.

Typer puts English titles and remarks around them. A clerk who reads the one half guesses at the other, so the whole is
drawn here, from what Typer knows of each command: how it is written, its arguments, its options, its commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final

import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

_HELP: Final = "显示这些说明。"


class Command(TyperCommand):
    """A command that explains itself in Chinese."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        Console().print(_explained(self, ctx))


class Commands(TyperGroup):
    """The same of several commands under one name."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        Console().print(_explained(self, ctx))


def in_chinese(app: typer.Typer) -> None:
    """Has a command line, with all that hangs on it, explain itself so."""
    app.info.cls = Commands
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls = Commands
        if group.typer_instance is not None:
            in_chinese(group.typer_instance)


def _explained(command: Any, ctx: Any) -> Group:
    params = [each for each in command.get_params(ctx) if not getattr(each, "hidden", False)]
    arguments = [each for each in params if each.param_type_name == "argument"]
    options = [each for each in params if each.param_type_name == "option"]
    named = {name: command.get_command(ctx, name) for name in _names(command, ctx)}
    written = [
        ctx.command_path,
        *(["命令 …"] if named else [_argument(each) for each in arguments]),
        "[选项]",
    ]
    parts = [
        Padding(Text(f"用法：{' '.join(written)}", style="bold"), (1, 1)),
        Padding(Text(cleandoc(command.help or "")), (0, 1, 1, 1)),
        _panel("参数", ((_argument(each), each.help or "") for each in arguments)),
        _panel("命令", ((name, _first(each.help)) for name, each in named.items() if not each.hidden)),
        _panel("选项", ((_option(each), _meaning(each)) for each in options)),
    ]
    return Group(*(part for part in parts if part is not None))


def _names(command: Any, ctx: Any) -> list[str]:
    return list(command.list_commands(ctx)) if isinstance(command, TyperGroup) else []


def _panel(title: str, lines: Iterable[tuple[str, str]]) -> Panel | None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    for written, meaning in lines:
        table.add_row(Text(written), Text(meaning))
    return Panel(table, title=title, title_align="left", border_style="dim") if table.row_count else None


def _first(text: str | None) -> str:
    """The first paragraph on one line."""
    return "".join(cleandoc(text or "").split("\n\n")[0].splitlines())


def _argument(param: Any) -> str:
    name = str(param.name).upper()
    name = f"{name} …" if param.nargs != 1 else name
    return name if param.required else f"[{name}]"


def _option(param: Any) -> str:
    written = " / ".join((*param.opts, *param.secondary_opts))
    return written if param.is_flag or param.name == "help" else f"{written} …"


def _meaning(param: Any) -> str:
    if param.name == "help":
        return _HELP
    told = param.help or ""
    if param.required:
        return f"{told}（必填）"
    default = param.default
    if default is None or default is False or callable(default) or not param.show_default:
        return told
    said = param.opts[0] if default is True else str(default)
    return f"{told}（默认 {said}）"
