"""The command line as somebody types it: a real process, its words and its exit status."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from server.app import create_app
from server.cli import main
from server.settings import from_environment

SOURCE = Path(__file__).parents[2] / "survey_forms" / "forms"
SILENT = str.maketrans("", "", " \n│╭╮╰╯─")


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit status, and its words without frames, blanks and line breaks."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `cleanheat …` in this process: starting another one takes longer than most commands."""

    def command(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out.translate(SILENT), said.err.translate(SILENT))

    return command


@pytest.fixture
def data(tmp_path: Path) -> tuple[str, str]:
    """The option that names a county's folder, which a server has run in."""
    create_app(from_environment({}, data=tmp_path / "data")).state.engine.dispose()
    return "--data", str(tmp_path / "data")


class Server:
    """`cleanheat serve` in a process of its own, until it says its address."""

    def __init__(self, data: Path, *arguments: str) -> None:
        environment = os.environ | {"CLEANHEAT_DATA": str(data), "COLUMNS": "200", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve", "--port", "0", *arguments],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said = ""

    def __enter__(self) -> "Server":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"http://[\d.]+:\d+", self.said)
        assert found, self.said
        self.address = found[0]
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                httpx.get(f"{self.address}/sign-in", trust_env=False, verify=False)
                return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("does not answer")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_the_first_start_shows_a_password_that_works_and_the_next_shows_none(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        password = re.search(r"密码  (\S+)", server.said)[1]
        with httpx.Client(base_url=server.address, trust_env=False, verify=False) as browser:
            token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/sign-in").text)[1]
            done = browser.post("/sign-in", data={"login": "admin", "password": password, "csrf": token})
            assert done.status_code == 303
            assert "泽州县" in browser.get("/tablets").text
            assert browser.get("/divisions").status_code == 200
    assert server.process.returncode == 0
    with Server(tmp_path) as again:
        assert "密码" not in again.said


def test_a_port_in_use_is_said_plainly(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "--port", str(port), "--data", str(tmp_path))
    assert refused.status == 1
    assert f"端口{port}上启动：端口已被占用" in refused.err
    assert f"--port{port + 1}" in refused.err


def test_one_data_folder_serves_one_server(run: Run, tmp_path: Path) -> None:
    copy, data = str(tmp_path / "copy.sqlite3"), ("--data", str(tmp_path))
    with Server(tmp_path):
        refused = run("serve", "--port", "0", *data)
        assert refused.status == 1
        assert "正由另一个cleanheat使用" in refused.err
        assert run("backup", copy, *data).status == 0
        assert run("restore", copy, *data).status == 1
    assert run("restore", copy, *data).status == 0


def test_a_newer_database_is_refused_and_left_alone(run: Run, tmp_path: Path, data: tuple[str, str]) -> None:
    file = tmp_path / "data" / "cleanheat.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    refused = run("serve", "--port", "0", *data)
    assert refused.status == 1
    assert "版本号9999" in refused.err
    assert "升级cleanheat" in refused.err
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_nothing_is_restored_into_a_demo_s_folder(run: Run, tmp_path: Path, data: tuple[str, str]) -> None:
    copy, demo = str(tmp_path / "copy.sqlite3"), tmp_path / "demo"
    assert run("backup", copy, *data).status == 0
    demo.mkdir()
    (demo / "demo.json").write_text("{}")
    refused = run("restore", copy, "--data", str(demo))
    assert refused.status == 1 and "是演示的目录" in refused.err
    assert not (demo / "cleanheat.sqlite3").exists()


def test_backup_and_restore_begin_a_new_history(run: Run, tmp_path: Path, data: tuple[str, str]) -> None:
    copy = str(tmp_path / "copy.sqlite3")
    assert run("backup", copy, *data).status == 0
    assert run("backup", copy, *data).status == 1

    def history() -> str:
        with closing(sqlite3.connect(tmp_path / "data" / "cleanheat.sqlite3")) as db:
            return db.execute("SELECT value FROM hub_meta WHERE name = 'history'").fetchone()[0]

    first = history()
    restored = run("restore", copy, *data)
    assert restored.status == 0, restored.err
    assert "原来的数据库保存在" in restored.out
    second = history()
    assert run("restore", "--history-only", *data).status == 0
    assert len({first, second, history()}) == 3
    assert "没有写明备份文件" in run("restore", *data).err


def test_a_form_is_published_once_and_a_faulty_one_with_all_its_faults(
    run: Run, tmp_path: Path, data: tuple[str, str]
) -> None:
    def publish(source: Path) -> Done:
        return run("forms", "publish", str(source), *data)

    text = (SOURCE / "visit.md").read_text().replace("| visit | 2020.1 |", "| visit | 2020.2 |")
    assert "2020.2" in text
    source = tmp_path / "visit.md"
    source.write_text(text)
    assert "已发布visit2020.2" in publish(source).out
    assert "没有变化" in publish(source).out
    source.write_text(text.replace("| 走访日期 |", "| 走访的日期 |"))
    changed = publish(source)
    assert changed.status == 1
    assert "已发布的表单不能改动" in changed.err
    source.write_text(text.replace("${door_number} = ''", "${no_such} = ''"))
    faulty = publish(source)
    assert faulty.status == 1
    assert "no_such" in faulty.err
    assert publish(tmp_path / "missing.md").status == 1


@pytest.mark.parametrize(
    ("arguments", "content", "said"),
    [
        (("plan", "release"), "{}", "计划没有发布"),
        (("divisions", "import", "--edition", "2020"), "wrong,header\n1,2\n", "区划代码表没有导入"),
    ],
)
def test_documents_with_faults_are_refused_in_words(
    run: Run, tmp_path: Path, data, arguments, content, said
) -> None:
    (tmp_path / "document").write_text(content)
    refused = run(*arguments, str(tmp_path / "document"), *data)
    assert refused.status == 1
    assert said in refused.err
    assert run(*arguments, str(tmp_path / "missing"), *data).status == 1


def test_the_plan_and_the_divisions_that_come_with_the_program_go_in(
    run: Run, tmp_path: Path, data: tuple[str, str]
) -> None:
    plans = Path(__file__).parents[2] / "server" / "programme" / "plans"
    for plan in plans.glob("*.json"):
        assert "已发布计划" in run("plan", "release", str(plan), *data).out
    (tmp_path / "more.csv").write_text("code,name\n")
    assert run("divisions", "import", str(tmp_path / "more.csv"), "--edition", "2020", *data).status == 1
    rows = ["140000000000,山西省,province,,", "140500000000,晋城市,city,140000000000,"]
    (tmp_path / "more.csv").write_text("code,name,level,parent,urban_rural_code\n" + "\n".join(rows))
    done = run("divisions", "import", str(tmp_path / "more.csv"), "--edition", "2020", *data)
    assert "新增2个，改动0个" in done.out
    with closing(sqlite3.connect(tmp_path / "data" / "cleanheat.sqlite3")) as db:
        told = db.execute("SELECT person, subject FROM audit WHERE verb = 'division.import'").fetchall()
    assert told == [("", "divisions/2020")]


def test_a_wrong_setting_is_said_plainly(tmp_path: Path) -> None:
    environment = os.environ | {"CLEANHEAT_DATA": str(tmp_path), "CLEANHEAT_COUNTY": "泽州"}
    refused = subprocess.run(
        [sys.executable, "-m", "server.cli", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "CLEANHEAT_COUNTY" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_help_names_every_command(run: Run) -> None:
    said = run("--help").out
    for command in ("serve", "demo", "forms", "divisions", "plan", "backup", "restore"):
        assert command in said
