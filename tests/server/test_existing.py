"""A command that works on a county works on one that is there: in a wrong folder it makes none and praises none."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import server.database as database
from server.app import create_app
from server.cli import main
from server.existing import settings_of_county
from server.settings import SettingsProblem, from_environment

SOURCE = Path(__file__).parents[2] / "survey_forms" / "forms" / "visit.md"
SILENT = str.maketrans("", "", " \n│╭╮╰╯─")
COMMANDS = [
    ("verify", "--only", "money"),
    ("verify",),
    ("backup", "{tmp}/x.bak"),
    ("rescue-key",),
    ("rescue", "{tmp}/file", "--look"),
    ("restore", "--history-only"),
    ("forms", "publish", str(SOURCE)),
    ("divisions", "import", "{tmp}/file", "--edition", "2020"),
    ("plan", "release", "{tmp}/file"),
    ("schedule", "release", "{tmp}/file"),
]


@pytest.fixture
def run(tmp_path, capsys):
    (tmp_path / "file").write_text("{}")

    def command(arguments, *more: str) -> tuple[int, str]:
        given = [each.replace("{tmp}", str(tmp_path)) for each in arguments]
        with pytest.raises(SystemExit) as ended:
            main([*given, *more])
        said = capsys.readouterr()
        return int(ended.value.code or 0), (said.out + said.err).translate(SILENT)

    return command


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_without_a_county_a_command_says_so_and_makes_nothing(run, tmp_path, arguments) -> None:
    data = tmp_path / "mistyped"
    status, said = run(arguments, "--data", str(data))
    assert (status, f"这个文件夹里没有cleanheat的数据：{data}" in said, "--data" in said) == (1, True, True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_folder_with_a_database_that_no_county_was_begun_in_is_none(run, tmp_path, arguments) -> None:
    """As a command of an earlier version left it behind: tables, and nothing in them."""
    made = database.engine(f"sqlite:///{tmp_path / 'cleanheat.sqlite3'}")
    database.migrate(made)
    made.dispose()
    status, said = run(arguments, "--data", str(tmp_path))
    assert (status, f"这个文件夹里没有cleanheat的数据：{tmp_path}" in said) == (1, True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cleanheat.sqlite3", "file"]


def test_without_data_it_is_the_folder_beside(tmp_path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLEANHEAT")}
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", "verify", "--only", "money"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert "cleanheat-data" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_file_stays_as_it_is(tmp_path) -> None:
    file = tmp_path / "cleanheat.sqlite3"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = file.read_bytes()
    with pytest.raises(SettingsProblem, match="没有 cleanheat 的数据"):
        settings_of_county(tmp_path, {})
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_a_county_on_postgresql_is_known_by_its_database_and_its_folder(new_postgres, tmp_path) -> None:
    begun, folder = {"CLEANHEAT_DATABASE_URL": new_postgres()}, tmp_path / "kept"
    create_app(from_environment(begun, data=folder)).state.engine.dispose()
    assert settings_of_county(folder, begun).data == folder
    with pytest.raises(SettingsProblem, match="这个文件夹里没有"):
        settings_of_county(tmp_path / "mistyped", begun)
    with pytest.raises(SettingsProblem, match="这个数据库里没有"):
        settings_of_county(folder, {"CLEANHEAT_DATABASE_URL": new_postgres()})
    assert list(tmp_path.iterdir()) == [folder]
    # Brought back on a new machine by PostgreSQL's own means, it has a database and no folder yet.
    assert settings_of_county(tmp_path / "new", begun, folder_too=False).data.is_dir()
