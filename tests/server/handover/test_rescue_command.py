"""`cleanheat rescue FILE`: looked at, taken, and refused in words."""

from pathlib import Path

import pytest

from server.cli import main
from sync.sealed import key_id

NORTH, OTHER = "140525100201", "140525100202"


@pytest.fixture
def command(running, capsys):
    def run(*arguments: str) -> tuple[int, str]:
        data = ["--data", str(running.app.state.settings.data)]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *data])
        said = capsys.readouterr()
        return int(ended.value.code or 0), (said.out + said.err).replace("\n", "")

    return run


def test_it_tells_what_is_in_it_and_then_takes_it(command, tablet, submit, desk) -> None:
    made = [tablet.visit(NORTH, new_head="张三"), tablet.visit(OTHER, new_head="李四")]
    page = f"/tablets/{tablet.device}"
    submit(f"{page}/revoke", page, sure="yes")
    tablet.sync()
    file = tablet.carry_out().file
    status, said = command("rescue", file, "--look")
    assert status == 0
    assert "记录 2 条（服务器已有 0 条）" in said
    assert "只看了内容" in said
    assert desk.records_n() == 0
    assert "已采用 2 条" in command("rescue", file)[1]
    assert {desk.row(each).outcome for each in made} == {"applied"}
    assert "服务器已有 2 条" in command("rescue", file)[1]
    torn = Path(file).with_name("torn.rescue")
    torn.write_bytes(Path(file).read_bytes()[:300])
    status, said = command("rescue", str(torn))
    assert status == 1
    assert "不完整或已损坏" in said
    assert len(desk.log("rescue.import")) == 2


def test_the_key_is_renewed_while_the_server_runs(command, running, tablet, desk) -> None:
    first = running.app.state.keyring.public
    status, said = command("rescue-key")
    assert (status, "服务器不必重启" in said, "county-keys" in said) == (0, True, True)
    tablet.sync()
    held = tablet.replica.identity().county_key
    assert held not in ("", first) and key_id(held) in said
    assert desk.log("rescue_key.renew") == [{"新密钥": key_id(held), "保留的旧密钥": "1"}]


def test_a_backup_says_that_the_countys_key_is_not_in_it(command, tmp_path) -> None:
    assert "county-keys" in command("backup", str(tmp_path / "copy.sqlite3"))[1]
