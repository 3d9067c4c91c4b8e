"""What a command line got wrong, in the words of the other messages: what, where, and what to write instead.

Typer says it in English. One place says it for every command, from what Typer's errors carry: the option, and the
finding of the validation behind it.
"""

from __future__ import annotations

import errno
import re
import socket
from typing import Any, Final

from typer.exceptions import TyperException

_NO_COMMAND: Final = re.compile(r"No such command '(.*?)'\.(?: Did you mean (.*)\?)?")
_TOO_MANY: Final = re.compile(r"unexpected extra argument\(s\) \((.*)\)")
_NOT_AMONG: Final = re.compile(r"is not one of (.+)\.$")
_QUOTED: Final = re.compile(r"'(.*?)'")
_REASONS: Final = {
    errno.ENOENT: "没有这个文件或目录",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EISDIR: "这是一个目录，不是文件",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "所在的磁盘只能读",
    errno.ENOSPC: "磁盘已满",
    errno.EADDRINUSE: "端口已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
}


def why(error: OSError) -> str:
    """Why the system refused, in Chinese where it is one of the usual reasons."""
    if isinstance(error, socket.gaierror):
        return "找不到这个名字的地址"
    return _REASONS.get(error.errno or 0, str(error.strerror or error))


def explain(error: TyperException) -> str:
    """What is wrong with the command line and what to do; empty where the help was shown instead."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "cleanheat"
    return f"{_fault(error)}\n全部写法见 {command} --help。"


def _fault(error: Any) -> str:
    match type(error).__name__:
        case "NoSuchOption":
            meant = "或".join(sorted(error.possibilities or ()))
            return f"没有选项 {error.option_name}。" + (f"是不是 {meant}？" if meant else "")
        case "BadOptionUsage" if "requires" in error.message:
            return f"选项 {error.option_name} 后面要写一个值。"
        case "BadOptionUsage" if "does not take" in error.message:
            return f"选项 {error.option_name} 后面不写值。请只写 {error.option_name}。"
        case "MissingParameter" if error.param is not None:
            return f"缺少{_name(error.param)}：{error.param.help}"
        case "BadParameter" if error.param is not None:
            return _bad_value(error)
        case _:
            return _other(error.format_message())


def _other(message: str) -> str:
    if found := _NO_COMMAND.search(message):
        meant = (found[2] or "").replace("'", "").replace(", ", "或")
        return f"没有命令 {found[1]}。" + (f"是不是 {meant}？" if meant else "")
    if found := _TOO_MANY.search(message):
        return f"多写了 {found[1]}。请去掉，或在它前面写明选项。"
    if message.startswith("Missing command"):
        return "没有写明要做什么。"
    return f"命令写得不对：{message}"


def _name(param: Any) -> str:
    return f"选项 {param.opts[-1]}" if param.param_type_name == "option" else f"参数 {param.name.upper()}"


def _bad_value(error: Any) -> str:
    """From the validation's finding: its type, the value, and the bounds."""
    findings: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not findings:
        return f"{_name(error.param)} 的值不对：{error.message}"
    found = findings[0]
    bounds = found.get("ctx", {})
    match found["type"]:
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            wrong, wanted = "不是整数", "整数"
        case "greater_than_equal":
            wrong, wanted = "太小", f" {bounds['ge']} 或更大的数"
        case "less_than_equal":
            wrong, wanted = "太大", f" {bounds['le']} 或更小的数"
        case _:
            wrong, wanted = f"不对（{error.message}）", "别的值"
    if among := _NOT_AMONG.search(error.message):
        wanted = "、".join(f"“{each}”" for each in _QUOTED.findall(among[1]))
        return f"{_name(error.param)} 的值“{found['input']}”不在可选的之中。请写其中一个：{wanted}。"
    example = (
        f"，例如 {error.param.opts[-1]} {error.param.default}" if error.param.default is not None else ""
    )
    return f"{_name(error.param)} 的值“{found['input']}”{wrong}。请写{wanted}{example}。"
