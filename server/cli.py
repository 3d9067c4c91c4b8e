"""The command line: each command reads its arguments, calls one thing, and says what came of it.

Whatever the world gets wrong (a port in use, a newer database, a form with faults) ends in one plain message
and exit status 1, never in a traceback.
"""

from __future__ import annotations

from server.terminal import loading  # isort: skip  # before all others

import errno
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from fastapi import FastAPI
from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from typer.exceptions import TyperException

from server import database, serving, verifying
from server.app import create_app, fill, random_id, utc_now
from server.database import DatabaseProblem, write
from server.exchange import backup, forms, keyring, photo_copies, rescue_key, rescue_report
from server.exchange.backup import BackupProblem
from server.exchange.forms import FormsProblem
from server.existing import settings_of_county, settings_to_restore
from server.lab.bench.commands import bench
from server.lab.bench.problem import BenchProblem
from server.programme.actions import release
from server.programme.plan import PlanFault
from server.registry import division_import
from server.registry.actions import DivisionFault
from server.registry.division_import import Wanted
from server.settings import Settings, SettingsProblem, from_environment
from server.subsidies import commands
from server.terminal.bars import Bars
from server.terminal.help import in_chinese
from server.terminal.words import explain, why
from server.web import Problem

loading.over()

PORT: Final = 8140
PORT_MAX: Final = 65_535

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="清洁取暖：登记、同步、进度。",
)
forms_app = typer.Typer(no_args_is_help=True, help="表单的发布。")
divisions_app = typer.Typer(no_args_is_help=True, help="行政区划。")
plan_app = typer.Typer(no_args_is_help=True, help="年度计划。")
schedule_app = typer.Typer(no_args_is_help=True, help="补贴标准。")
app.add_typer(forms_app, name="forms")
app.add_typer(divisions_app, name="divisions")
app.add_typer(plan_app, name="plan")
app.add_typer(schedule_app, name="schedule")
app.add_typer(bench(create_app, fill), name="bench")
app.command("verify")(verifying.command)
app.command("rescue-key")(rescue_key.command)
schedule_app.command("release")(commands.release_schedule)

Data = Annotated[Path | None, typer.Option(help="数据目录；默认 CLEANHEAT_DATA 或 ./cleanheat-data。")]
File = Annotated[Path, typer.Argument(help="文件。")]
Port = Annotated[int, typer.Option(min=0, max=PORT_MAX, help="端口；0 = 任意空闲端口。")]

console = Console()
errors = Console(stderr=True)
bars = Bars(console)


class CommandProblem(Exception):
    """A command cannot do what it was asked; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line (of this process, or as given). Exit status 1 = refused with a message, 2 = not
    understood, 130 = interrupted. Always ends with SystemExit.
    """
    in_chinese(app)
    try:
        sys.exit(app(arguments, prog_name="cleanheat", standalone_mode=False))
    except TyperException as wrong:
        _fail(explain(wrong), wrong.exit_code)
    except (CommandProblem, SettingsProblem, FormsProblem, BackupProblem, BenchProblem) as problem:
        _fail(str(problem))
    except (DatabaseProblem, Problem) as problem:
        _fail(f"{problem.message}{problem.remedy}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(text: str, status: int = 1) -> None:
    if text:
        errors.print(Panel(Text(text), title="没有完成", border_style="red", expand=False), highlight=False)
    sys.exit(status)


# --- serve -------------------------------------------------------------------------------------------------------


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="监听的地址；0.0.0.0 = 让局域网里的平板也能连上。")] = "127.0.0.1",
    port: Port = PORT,
    data: Data = None,
) -> None:
    """启动服务器；第一次启动时生成管理员账号，密码只显示一次。"""
    settings = from_environment(data=data)
    with _only_one(settings), _listening(host, port) as listener:
        made = create_app(settings, steps=bars)
        fill(made, bars)
        address = f"http://{_reachable(host)}:{listener.getsockname()[1]}"
        _say_hello(made, address)
        serving.run(made, listener)
        made.state.engine.dispose()
        console.print("已停止。")


def _say_hello(made: FastAPI, address: str) -> None:
    lines = [f"地址  {address}"]
    if made.state.first_password:
        lines += ["", "第一次启动，已生成管理员账号。密码只显示这一次，请立即抄存：", "账号  admin"]
        lines += [f"密码  {made.state.first_password}"]
    lines += ["", "按 Ctrl-C 停止；已收到的记录都已保存。"]
    console.print(Panel("\n".join(lines), title="清洁取暖", expand=False), highlight=False, markup=False)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket, before anything else is done: a port in use is said at once. Raises CommandProblem."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: only then does the server send each answer at once instead of waiting for the first half
    # of it to be acknowledged, which costs a whole round trip.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(128)
        except OSError as error:
            raise CommandProblem(
                f"不能在 {host} 的端口 {port} 上启动：{why(error)}。{_instead(error, port)}"
            ) from error
        yield listener


def _instead(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < PORT_MAX else PORT
        return f"请先停掉占用它的程序，或换一个端口，例如 --port {other}。"
    if error.errno == errno.EACCES:
        return f"1024 以下的端口只有系统管理员能用；请换一个，例如 --port {PORT}。"
    return "请检查 --host：127.0.0.1 = 只有本机能连；0.0.0.0 = 局域网里的平板也能连。"


def _reachable(host: str) -> str:
    """What to type on a tablet: for "every address", the one other machines reach this one by."""
    if host not in ("0.0.0.0", "::"):
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: it only asks which way a packet would leave.
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Holds the data folder while a server runs, or while its database is replaced. Raises CommandProblem."""
    descriptor = os.open(settings.data / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise CommandProblem(
            f"数据目录 {settings.data} 正由另一个 cleanheat 使用。请先停掉它，或用 --data 指定另一个目录。"
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)


# --- documents ---------------------------------------------------------------------------------------------------


@contextmanager
def _made(data: Path | None) -> Iterator[FastAPI]:
    made = create_app(settings_of_county(data), steps=bars)
    try:
        if made.state.first_password:
            console.print(
                f"已生成管理员账号 admin，密码（只显示这一次）：{made.state.first_password}", markup=False
            )
        yield made
    finally:
        made.state.engine.dispose()


@forms_app.command("publish")
def publish_form(source: File, data: Data = None) -> None:
    """把 XLSForm（.xlsx 或 .md）发布为平板使用的表单；已发布的版本不能再改。"""
    # pyxform takes a second to import, and only this command needs it.
    from survey_forms.publish import PublishFault, publish

    if not source.is_file():
        raise CommandProblem(f"没有找到文件 {source}。")
    try:
        published = publish(source)
    except PublishFault as fault:
        faults = "\n".join(f"· {issue}" for issue in fault.issues)
        raise CommandProblem(f"表单不能发布，共 {len(fault.issues)} 处问题：\n{faults}") from fault
    with _made(data) as made, write(made.state.engine) as session:
        triple = (published.form_id, published.version, published.xml)
        entered = forms.register(session, [triple], utc_now())
    name = f"{published.form_id} {published.version}（{published.sha256[:12]}）"
    console.print(
        f"已发布 {name}。平板下次同步时收到，服务器不必重启。" if entered else f"{name} 早已发布，没有变化。"
    )


@divisions_app.command("import")
def import_divisions(
    source: File, edition: Annotated[str, typer.Option(help="版本，例如 2020。")], data: Data = None
) -> None:
    """导入行政区划代码表（CSV，UTF-8 或 GB18030）。"""
    content = _bytes(source)
    with _made(data) as made, write(made.state.engine) as session, bars("导入行政区划（行）") as told:
        try:
            found = division_import.take(
                session, Wanted(content, edition, source.name, ("",)), seen=None, person="",
                county=made.state.settings.county, now=utc_now(), told=told,
            )  # fmt: skip
        except DivisionFault as fault:
            raise CommandProblem(f"区划代码表没有导入：\n{fault}") from fault
    console.print(
        f"已导入区划：新增 {found.added} 个，改动 {found.altered} 个，没有变化 {len(found.same)} 个。"
    )


@app.command("rescue")
def take_rescue(
    source: File,
    look: Annotated[bool, typer.Option("--look", help="只看里面有什么，不导入。")] = False,
    data: Data = None,
) -> None:
    """导入停用平板写出的救援文件；同一个文件导入两次，结果和一次一样。"""
    content = _bytes(source)
    with _made(data) as made:
        for line in rescue_report.carried_out(made.state, content, source.name, look=look, now=utc_now()):
            console.print(line, markup=False, highlight=False)


@plan_app.command("release")
def release_plan(source: File, data: Data = None) -> None:
    """发布年度计划文件（JSON）；已发布的计划不能再改。"""
    document = _bytes(source)
    with _made(data) as made, write(made.state.engine) as session:
        try:
            plan = release(session, document, utc_now())
        except PlanFault as fault:
            raise CommandProblem(f"计划没有发布，共 {len(fault.faults)} 处问题：\n{fault}") from fault
    console.print(f"已发布计划 {plan.id} {plan.version}（{plan.county}，{plan.sha256[:12]}）。")


def _bytes(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise CommandProblem(f"读不了文件 {source}：{why(error)}。请检查路径和权限。") from error


# --- copies ------------------------------------------------------------------------------------------------------


@app.command("backup")
def back_up(target: File, data: Data = None) -> None:
    """把数据库备份到一个文件，照片在旁边；服务器运行时也可以。

    打开救援文件的县密钥不在其中，须另存。
    """
    settings = settings_of_county(data)
    size = backup.back_up(settings.database_url, target, bars)
    console.print(f"已备份到 {target}（{size / 1_000_000:.1f} MB）。", markup=False)
    console.print(str(photo_copies.back_up(settings.data, target, bars)), markup=False)
    if not settings.county_keys:
        keys = settings.data / keyring.FILE
        console.print(f"打开救援文件的县密钥不在其中，请把 {keys} 另存到安全的地方。", markup=False)


@app.command("restore")
def restore(
    source: Annotated[Path | None, typer.Argument(help="备份文件。")] = None,
    data: Data = None,
    history_only: Annotated[
        bool, typer.Option("--history-only", help="数据库已用别的办法恢复，只需开始新的历史。")
    ] = False,
) -> None:
    """从备份恢复。平板下次同步时会补上备份之后的记录。"""
    settings = settings_of_county(data, folder_too=False) if history_only else settings_to_restore(data)
    with _only_one(settings):
        replaced = None
        if history_only:
            _begin_new_history(settings)
        elif source is None:
            raise CommandProblem("没有写明备份文件。用法：cleanheat restore 备份文件")
        else:
            replaced = backup.restore(
                settings.database_url, source, new_id=random_id, now=utc_now(), steps=bars
            )
            console.print(str(photo_copies.restore(source, settings.data, bars)), markup=False)
    console.print("已恢复。平板下次同步时会重新读取，并补上备份之后的记录。")
    if replaced:
        console.print(f"原来的数据库保存在 {replaced}。", markup=False)


def _begin_new_history(settings: Settings) -> None:
    engine = database.engine(settings.database_url)
    try:
        with bars("准备数据库（版本）") as told:
            database.migrate(engine, told)
        backup.begin_new_history(engine, random_id)
    finally:
        engine.dispose()


# --- lab ---------------------------------------------------------------------------------------------------------


@app.command("demo")
def run_demo(
    data: Annotated[Path, typer.Option(help="演示数据的目录。")] = Path("demo-data"),
    port: Port = PORT,
    households: Annotated[int | None, typer.Option(min=1, help="模拟户数；新演示默认 20000。")] = None,
    browser: Annotated[bool, typer.Option(help="打开浏览器。")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="删掉以前的演示，从头开始。")] = False,
) -> None:
    """模拟一个县：真实的区划和计划，模拟的住户，八台平板边走边同步。"""
    # Only this command needs the laboratory.
    from server.lab import demo, showing
    from server.lab.prepared import DemoProblem

    options = demo.Options(
        data=data.resolve(), port=port, households=households, browser=browser, fresh=fresh
    )
    try:
        if fresh:
            demo.clear(options.data)
        demo.claim(options.data)
        settings = from_environment(data=options.data, synthetic=True)
        # SIGINT too: a shell that starts it in the background would have it ignored.
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.default_int_handler)
        demo.run(options, settings, create_app, showing.Showing(console))
    except KeyboardInterrupt:
        console.print(f"已停止，数据都在 {options.data}；下次运行会接着做。", markup=False)
    except DemoProblem as problem:
        raise CommandProblem(str(problem)) from problem


@app.command("simulate")
def run_simulation(
    seeds: Annotated[int, typer.Option(min=1, help="多少个县，每个县一个种子。")] = 200,
    seed: Annotated[int, typer.Option(help="第一个种子。")] = 0,
    size: Annotated[str, typer.Option(help="small：很短的故事；large：真实表单、几十步。")] = "small",
    jobs: Annotated[int | None, typer.Option(min=1, help="用几个进程；默认每个核一个。")] = None,
    keep: Annotated[Path, typer.Option(help="违背承诺的故事缩短后写入这个文件夹。")] = Path("simulated"),
    story: Annotated[Path | None, typer.Option(help="只重演这个文件里的故事。")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="以 JSON 输出结果、每核每秒演几个县和故障表。")
    ] = False,
) -> None:
    """用许多种子各演一个县的同步，带着断线、丢包、崩溃和恢复。

    有任何承诺落空则退出码为 1。
    """
    from server.lab.simulate import Asked, run

    if size not in ("small", "large"):
        raise typer.BadParameter("small 或 large。", param_hint="--size")
    asked = Asked(1 if story else seeds, seed, "large" if size == "large" else "small", jobs, keep, story)
    raise typer.Exit(run(asked, as_json=as_json))


if __name__ == "__main__":
    main()
