"""What an installation says of itself in its environment."""

from pathlib import Path

import pytest

from server.settings import SettingsProblem, from_environment


def test_an_empty_environment_gives_a_working_server(tmp_path: Path) -> None:
    settings = from_environment({}, data=tmp_path / "new" / "folder")
    assert settings.data.is_dir()
    assert settings.database_url == f"sqlite:///{settings.data / 'cleanheat.sqlite3'}"
    assert settings.county == "140525"
    assert not settings.synthetic


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = from_environment({}, data=tmp_path)
    assert len(first.secret) >= 32
    assert from_environment({}, data=tmp_path).secret == first.secret
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_the_environment_decides(tmp_path: Path) -> None:
    said = {
        "CLEANHEAT_DATA": str(tmp_path),
        "CLEANHEAT_DATABASE_URL": "postgresql://host/county",
        "CLEANHEAT_COUNTY": "140428",
        "CLEANHEAT_SECRET": "from outside",
        "CLEANHEAT_SYNTHETIC": "1",
        "CLEANHEAT_HTTPS_ONLY": "yes",
    }
    settings = from_environment(said)
    assert (settings.county, settings.secret) == ("140428", "from outside")
    assert settings.database_url == "postgresql://host/county"
    assert settings.synthetic
    assert settings.https_only


@pytest.mark.parametrize("county", ["泽州", "1405", "14052５", "140525100"])
def test_a_county_that_is_no_code_is_refused(tmp_path: Path, county: str) -> None:
    with pytest.raises(SettingsProblem, match="CLEANHEAT_COUNTY"):
        from_environment({"CLEANHEAT_COUNTY": county}, data=tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsProblem, match="不能写入"):
        from_environment({}, data=tmp_path / "file" / "data")
