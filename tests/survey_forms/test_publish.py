"""Publishing: a form becomes an XForm, or every fault is told at once; what is released never changes."""

import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

import survey_forms
from survey_forms import released
from survey_forms.publish import PublishFault, publish, release

FORMS = Path(survey_forms.__file__).parent / "forms"
HEADER = (
    "type | name | label::中文 (zh) | label::English (en) | required | required_message::中文 (zh)"
    " | required_message::English (en) | constraint | constraint_message::中文 (zh)"
    " | constraint_message::English (en) | save_to"
)
CHOICES = "list_name | name | label::中文 (zh) | label::English (en)"
SETTINGS = "form_title | form_id | version | default_language"
GOOD = {
    "survey": [
        HEADER,
        "hidden | household_id",
        "text | door | 门牌号 | Door | yes | 请填门牌号 | Enter the door | | | | household#door_number",
        "select_one tenures | tenure | 身份 | Tenure | | | | | | | household#tenure",
        "integer | rooms | 房间 | Rooms | | | | . > 0 | 应大于0 | More than 0 | household#rooms_n",
    ],
    "choices": [CHOICES, "tenures | owner | 房主 | Owner", "tenures | tenant | 租户 | Tenant"],
    "settings": [SETTINGS, "登记 | tiny | 2020.1 | 中文 (zh)"],
    "entities": ["list_name | entity_id", "household | ${household_id}"],
}


def _write(folder: Path, **changed: list[str]) -> Path:
    """A text table from `GOOD` with whole sheets replaced."""
    lines = []
    for sheet, rows in {**GOOD, **changed}.items():
        lines += [f"| {sheet} |", *(f"| | {row} |" for row in rows), ""]
    source = folder / "tiny.md"
    source.write_text("\n".join(lines), encoding="utf-8")
    return source


def _issues(source: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(PublishFault) as caught:
        publish(source)
    assert all(issue.remedy for issue in caught.value.issues)
    return [(issue.sheet, issue.row, issue.what) for issue in caught.value.issues]


def test_a_good_table_becomes_an_xform(tmp_path: Path) -> None:
    published = publish(_write(tmp_path))
    assert (published.form_id, published.version) == ("tiny", "2020.1")
    assert '<data id="tiny" version="2020.1">' in published.xml
    assert 'entities:saveto="door_number"' in published.xml
    assert len(published.sha256) == 64


def test_the_same_form_as_a_spreadsheet_gives_the_same_xform(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet, rows in GOOD.items():
        page = book.create_sheet(sheet)
        for row in rows:
            page.append([cell.strip() or None for cell in row.split("|")])
    book.save(tmp_path / "tiny.xlsx")
    assert publish(tmp_path / "tiny.xlsx").sha256 == publish(_write(tmp_path)).sha256


def test_every_fault_of_a_form_is_told_at_once(tmp_path: Path) -> None:
    found = _issues(
        _write(
            tmp_path,
            survey=[
                HEADER,
                "hidden | household_id",
                "text | door | 门牌号 | | yes | 请填门牌号 | | | | | household#door_no",
                "select_one tenure | door | 身份 | Tenure | | | | | | | household#tenure",
                "integer | rooms n | 房间 | Rooms | | | | . > ${room} | 应大于0 | | household#rooms_n",
                "barcode | plate | 铭牌 | Plate",
                "begin_group | rest | 其他 | Rest",
            ],
            choices=[CHOICES, "tenures | owner | 房主 | ", "tenures | owner | 房主 | Owner"],
            settings=[SETTINGS, "登记 | Tiny | v1 | English (en)"],
            entities=["list_name | entity_id", "conversion | ${household_id}", "barn | ${barn_id}"],
        )
    )
    expected = [
        ("settings", 2, "form_id"),
        ("settings", 2, "版本号"),
        ("settings", 2, "默认语言"),
        ("survey", 3, "label::English"),
        ("survey", 3, "required_message::English"),
        ("survey", 3, "household#door_no"),
        ("survey", 4, "与第3行重复"),
        ("survey", 4, "选项表“tenure”不存在"),
        ("survey", 4, "没有声明"),
        ("survey", 5, "rooms n"),
        ("survey", 5, "constraint_message::English"),
        ("survey", 5, "${room}"),
        ("survey", 6, "barcode"),
        ("survey", 7, "没有结束"),
        ("choices", 2, "label::English"),
        ("choices", 3, "与第2行重复"),
        ("choices", 2, "没有题目用到"),
        ("entities", 2, "conversion#household"),
        ("entities", 3, "barn"),
        ("entities", 3, "${barn_id}"),
    ]
    for sheet, row, words in expected:
        assert any(sheet == s and row == r and words in w for s, r, w in found), (sheet, row, words)


def test_what_only_pyxform_refuses_joins_the_list(tmp_path: Path) -> None:
    survey = [
        *GOOD["survey"],
        "note | n1 | 说明 | Note | | | | | | | ",
        "begin_repeat | data | 条 | Item",
        "end_repeat",
    ]
    found = _issues(_write(tmp_path, survey=survey, settings=[SETTINGS, "登记 | tiny | 1 | 中文 (zh)"]))
    assert [(sheet, row) for sheet, row, _ in found] == [("settings", 2), ("survey", 7)]
    assert "Repeat names" in found[1][2]


def test_an_expression_that_tablets_cannot_work_out_is_refused(tmp_path: Path) -> None:
    survey = [*GOOD["survey"], "integer | age | 年龄 | Age | | | | pulldata('a', 'b', 'c', .) | 不对 | Wrong"]
    found = _issues(_write(tmp_path, survey=survey))
    assert any("/data/age" in what and "pulldata" in what for _, _, what in found), found


def test_a_code_that_the_registry_does_not_know_is_refused(tmp_path: Path) -> None:
    choices = [*GOOD["choices"], "tenures | squatter | 占用 | Squatter"]
    assert _issues(_write(tmp_path, choices=choices)) == [
        ("survey", 4, "选项“squatter”不是 household#tenure 的代码")
    ]


def test_what_saves_an_account_number_is_masked(tmp_path: Path) -> None:
    columns = HEADER.replace("save_to", "calculation | appearance | save_to")
    rows = [
        "hidden | household_id",
        "text | holder | 户名 | Holder | | | | | | | | | payee#holder",
        "text | account | 账号 | Account | | | | | | | | | payee#account",
        "calculate | home | | | | | | | | | ${household_id} | | payee#household",
    ]
    worked = [
        rows[2].replace("payee#account", "").replace("account", "typed"),
        "calculate | account | | | | | | | | | translate(${typed}, ' ', '') | | payee#account",
    ]
    entities = ["list_name | entity_id", "payee | ${household_id}"]

    def survey(*asked: str) -> Path:
        table = [columns, *rows[:2], *asked, rows[3]]
        return _write(tmp_path, survey=table, choices=[CHOICES], entities=entities)

    assert _issues(survey(rows[2])) == [("survey", 4, "“account”会存入保密的 payee#account，却没有遮盖")]
    assert _issues(survey(*worked)) == [("survey", 4, "“typed”会存入保密的 payee#account，却没有遮盖")]
    assert publish(survey(rows[2].replace("| payee#", "masked | payee#"))).form_id == "tiny"


def test_a_property_is_saved_once_and_never_from_a_repeat(tmp_path: Path) -> None:
    survey = [
        *GOOD["survey"],
        "text | door2 | 门牌号 | Door | | | | | | | household#door_number",
        "begin_repeat | visits | 走访 | Visits",
        "text | note1 | 备注 | Remark | | | | | | | household#remark",
        "end_repeat",
    ]
    found = _issues(_write(tmp_path, survey=survey))
    assert ("survey", 6, "“household#door_number”与第3行重复保存") in found
    assert ("survey", 8, "重复组内的题目不能保存到实体") in found


def test_files_that_cannot_be_read_are_issues_too(tmp_path: Path) -> None:
    (tmp_path / "gb.md").write_bytes("| survey | 中文 |".encode("gb18030"))
    (tmp_path / "broken.xlsx").write_bytes(b"not a spreadsheet")
    (tmp_path / "form.pdf").write_bytes(b"")
    (tmp_path / "empty.md").write_text("| survey |\n| | type | name |\n", encoding="utf-8")
    for name, words in {
        "gb.md": "UTF-8",
        "broken.xlsx": "读不出表格",
        "form.pdf": "格式",
        "empty.md": "没有 survey 表",
        "absent.md": "找不到",
    }.items():
        [(place, _, what)] = _issues(tmp_path / name)
        assert (place, words in what) == (name, True), what


def test_a_released_form_is_written_once_and_never_changed(tmp_path: Path) -> None:
    source, folder = _write(tmp_path), tmp_path / "released"
    first = release(source, folder)
    assert (folder / "tiny-2020.1.xml").read_bytes() == first.xml.encode()
    assert release(source, folder) == first

    changed = [line.replace("门牌号", "门牌") for line in GOOD["survey"]]
    with pytest.raises(PublishFault, match="已经发布"):
        release(_write(tmp_path, survey=changed), folder)
    assert (folder / "tiny-2020.1.xml").read_bytes() == first.xml.encode()

    release(_write(tmp_path, survey=changed, settings=[SETTINGS, "登记 | tiny | 2020.2 | 中文 (zh)"]), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["tiny-2020.1.xml", "tiny-2020.2.xml"]


@pytest.mark.parametrize("form_id", ["household", "conversion", "visit", "payee", "sighting"])
def test_the_programmes_own_sources_give_what_is_released(form_id: str) -> None:
    published = publish(FORMS / f"{form_id}.md")
    held = {(name, version): xml for name, version, xml in released()}
    assert published.xml == held[published.form_id, published.version]


def test_released_forms_are_listed_by_id_and_version() -> None:
    assert [form[:2] for form in released()] == [
        ("conversion", "2020.1"),
        ("conversion", "2020.2"),
        ("household", "2020.1"),
        ("payee", "2020.1"),
        ("sighting", "2020.1"),
        ("sighting", "2020.2"),
        ("visit", "2020.1"),
    ]
    assert all(f'<data id="{form}" version="{version}">' in xml for form, version, xml in released())


def test_importing_the_package_brings_no_publishing_library() -> None:
    code = "import sys, survey_forms.publish; survey_forms.publish; sys.exit('pyxform' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=FORMS.parent.parent)
