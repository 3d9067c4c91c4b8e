"""The command that opens the tablet's window, where it cannot."""

from __future__ import annotations

from pathlib import Path

from mobile.main import main


def test_a_file_is_no_data_folder(tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--data", str(tmp_path / "file")]) == 1
    told = capsys.readouterr()
    assert "不能用作数据目录" in told.out + told.err
