"""A brought spreadsheet: found by its headings, read by its cells, refused with every fault at once."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.sheet_cells import FILE_BYTES_MAX, number_text, open_file
from server.web.sheet_reading import Column, read_table, stated

COLUMNS = (
    Column("name", ("姓名", "户名")),
    Column("account", ("账号", "银行账号")),
    Column("note", ("备注",), False),
)
HEAD = ["姓名", "账号"]
DAY = datetime(2020, 12, 3)  # noqa: DTZ001 - XLSX knows no zones


def said(data: bytes) -> list[tuple[str, ...]]:
    table = read_table(data, COLUMNS)
    assert table.faults == (), [str(each) for each in table.faults]
    return [tuple(cell.text for cell in row.cells.values()) for row in table.rows]


def faults(data: bytes) -> list[tuple[str, str]]:
    """Where, and the first words of what."""
    return [(each.at, each.what()[:9]) for each in read_table(data, COLUMNS).faults]


def test_the_headings_are_found_below_a_title_and_in_any_order(book) -> None:
    rows = [["泽州县发放名单"], [], ["序号", "银行帐号*", "户 名"], [1, "6222", "张三"], [2, "6223", "李四"]]
    table = read_table(book(rows), COLUMNS)
    assert [(row.number, row["name"], row["account"].at) for row in table.rows] == [
        (4, ("C4", "张三", "text", None), "B4"),
        (5, ("C5", "李四", "text", None), "B5"),
    ]
    assert [cell.text for cell in table.passed_over] == ["序号"]
    assert table.rows[0]["note"].text == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_text_is_read_whatever_parts_and_encodes_it(text_file, sign: str, encoding: str) -> None:
    assert said(text_file([HEAD, ["张三", "6222"], ["𬍛四", "6223"]], sign, encoding)) == [
        ("张三", "6222"),
        ("𬍛四", "6223"),
    ]


def test_what_protects_an_account_in_text_is_taken_off(text_file) -> None:
    rows = [HEAD, ["甲", '"=""6222"""'], ["乙", "'6223"], ["丙", "6224\t"], ["'=1+1", '="6225"']]
    assert [row[1] for row in said(text_file(rows))] == ["6222", "6223", "6224", "6225"]
    assert said(text_file(rows))[3][0] == "=1+1"


def test_rows_count_as_a_spreadsheet_counts_them(text_file) -> None:
    table = read_table(text_file([HEAD, [], ['"张\n三"', "6222"], ["李四", "6223"]]), COLUMNS)
    assert [row["account"].at for row in table.rows] == ["B3", "B4"]


def test_numbers_and_days_keep_what_the_spreadsheet_shows(book) -> None:
    rows = [HEAD, [1.0, 0.1 + 0.2], [2400.07, DAY], [True, 12345678901]]
    assert said(book(rows)) == [("1", "0.3"), ("2400.07", "2020-12-03"), ("TRUE", "12345678901")]
    assert read_table(book(rows), COLUMNS).rows[1]["account"].day == date(2020, 12, 3)


@given(st.integers(0, 10**13 - 1))
def test_an_amount_survives_being_a_binary_number(amount_fen: int) -> None:
    yuan = Decimal(amount_fen) / 100
    assert Decimal(number_text(float(yuan))) == yuan


def test_a_heading_that_is_missing_is_named_with_what_stands_there(book) -> None:
    found = read_table(book([["备注", "银行卡户头", "姓名"], ["", "6222", "张三"]]), COLUMNS).faults
    assert [each.at for each in found] == ["1:1"]
    assert "账号、银行账号" in found[0].to_do() and "B1“银行卡户头”" in found[0].to_do()


def test_no_headings_at_all_is_one_fault(book, text_file) -> None:
    assert faults(book([["张三", "6222"]])) == [("", "前 10 行里没有")]
    assert faults(text_file([["张三", "6222"]])) == [("", "前 10 行里没有")]
    assert faults(book([["x"]] * 10 + [HEAD, ["张三", "6222"]])) == [("", "前 10 行里没有")]


def test_two_columns_for_one_thing_are_not_chosen_between(book) -> None:
    assert faults(book([["姓名", "账号", "银行账号"], ["张三", "6222", "6223"]])) == [
        ("C1", "这一列和 B 列“")
    ]


def test_merged_cells_among_the_rows_are_faults_and_above_them_none(book) -> None:
    rows = [["名单", None], HEAD, ["张三", "6222"], ["李四", "6223"], ["合计", ""]]
    assert faults(book(rows, merge=["A1:B1", "A5:B5"])) == []
    assert faults(book(rows, merge=["A1:B1", "B3:B4", "A4:B4"])) == [
        ("B3:B4", "这是合并单元格。"),
        ("A4:B4", "这是合并单元格。"),
    ]
    wide = [[*HEAD, None], ["张三", "6222", "x"]]
    assert faults(book(wide, merge=["B1:C1"])) == [
        ("B1:C1", "这是合并单元格。"),
        ("C2", "这一格在表头之外，"),
    ]


def test_hidden_rows_are_neither_read_nor_dropped(book) -> None:
    rows = [HEAD, *(["张三", str(number)] for number in range(6))]
    assert faults(book(rows, hide=[3, 4, 6])) == [
        ("3:4", "这些行是隐藏的，看"),
        ("6:6", "这些行是隐藏的，看"),
    ]


def test_formulas_without_a_value_and_with_an_error_are_faults(book) -> None:
    rows = [HEAD, ["张三", "=1+1"], ["#N/A", "6222"]]
    assert faults(book(rows)) == [("B2", "这一格是公式，文件"), ("A3", "这一格的公式出错。")]


def test_a_formula_outside_the_table_is_nobodys_business(book) -> None:
    assert said(book([[*HEAD, "序号"], ["张三", "6222", "=ROW()"]])) == [("张三", "6222")]


def test_a_value_beside_the_table_shows_a_shifted_row(book, text_file) -> None:
    rows = [HEAD, ["张三", "6222"], ["李四", "", "6223"]]
    assert faults(book(rows)) == faults(text_file(rows)) == [("C3", "这一格在表头之外，")]


def test_the_sheet_with_the_headings_is_taken_and_two_are_refused(book) -> None:
    def also(name: str, state: str = "visible"):
        def edit(made) -> None:
            page = made.create_sheet(name)
            page.append(HEAD)
            page.append(["王五", "6224"])
            page.sheet_state = state

        return edit

    assert said(book([["说明"], ["请填写第二个工作表"]], edit=also("名单"))) == [("王五", "6224")]
    assert said(book([HEAD, ["张三", "6222"]], edit=also("旧名单", "hidden"))) == [("张三", "6222")]
    assert faults(book([HEAD, ["张三", "6222"]], edit=also("二"))) == [("", "有不止一个工作表像")]


def test_totals_are_kept_apart_from_the_rows(book) -> None:
    rows = [
        ["总笔数：2 总金额（元）: 7,200.00"],
        ["批次号", 3],
        HEAD,
        ["甲", "6222"],
        ["合 计", "2笔"],
        ["制表人：某"],
    ]
    table = read_table(book(rows), COLUMNS)
    assert len(table.rows) == 1 and table.faults == ()
    assert {name: (cell.at, cell.text) for name, cell in stated(table).items()} == {
        "count": ("A1", "2"),
        "sum": ("A1", "7,200.00"),
        "batch": ("B2", "3"),
    }
    assert [line[0].text for line in table.below] == ["合 计", "制表人：某"]


def test_an_empty_table_is_a_fault(book) -> None:
    assert faults(book([HEAD])) == [("", "表头下面没有任何行")]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "文件是空的。"),
        (b"\xd0\xcf\x11\xe0 old", "这是旧版 .xls"),
        (b"<html><table><tr><td>1", "这其实是一个网页，"),
        ("姓名,账号".encode("utf-16"), "文件不是表格，或是"),
        (b"PK\x03\x04 broken", "文件打不开：已损坏"),
        ("姓名,账号\n张三,".encode() + b"\xff\xff\xff", "这一行里有既不是 "),
        (b'a,"' + b"x" * 200_000, "有一个单元格长得读"),
        (b"x" * (FILE_BYTES_MAX + 1), "文件超过 10 M"),
    ],
)
def test_a_file_that_is_no_table_says_what_it_is(data: bytes, what: str) -> None:
    assert [text for _, text in faults(data)] == [what]


def test_a_byte_of_no_encoding_is_told_by_its_row() -> None:
    assert faults("姓名,账号\n张三,".encode() + b"\xff\xff\xff")[0][0] == "A2"


def _packed(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def test_a_file_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    bomb = _packed(a__xml=b"0" * 50_000_000)
    assert len(bomb) < 100_000
    assert [text for _, text in faults(bomb)] == ["文件解开后过大。"]
    assert [text for _, text in faults(_packed(**{f"p{n}": b"" for n in range(600)}))] == ["文件解开后过大。"]


def test_a_document_that_defines_its_own_text_is_refused(book) -> None:
    whole = book([HEAD, ["张三", "6222"]])
    parts = {}
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    laughing = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>'
    parts["xl/workbook.xml"] = laughing + parts["xl/workbook.xml"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert [text for _, text in faults(file.getvalue())] == ["文件打不开：已损坏"]


def test_a_cell_far_out_costs_nothing(book) -> None:
    def far(made) -> None:
        made.active.cell(1_048_576, 3).number_format = "@"
        made.active.cell(2, 16_384).value = "far"

    assert said(book([HEAD, ["张三", "6222"]], edit=far)) == [("张三", "6222")]


def test_too_many_rows_are_refused(text_file) -> None:
    assert [text for _, text in faults(text_file([HEAD, *([["张三", "6222"]] * 50_001)]))] == [
        "文件超过 50,0"
    ]


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    open_file(data)
    open_file(b"PK\x03\x04" + data)
    read_table("姓名,账号\n".encode() + data, COLUMNS)


def _by_another_program(rows: str) -> bytes:
    """A workbook as banks' programs write it: names with a prefix, texts in their cells, a size of one cell."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    begin = '<?xml version="1.0" encoding="utf-8"?>'
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'{begin}<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{sheet_type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet.xml" '
        f'ContentType="{sheet_type}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{begin}<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'{begin}<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rels}/worksheet" Target="worksheets/sheet.xml"/></Relationships>',
        "xl/workbook.xml": f'{begin}<x:workbook xmlns:x="{main}" xmlns:r="{rels}"><x:sheets>'
        '<x:sheet name="回盘" sheetId="1" r:id="r1"/></x:sheets></x:workbook>',
        "xl/worksheets/sheet.xml": f'{begin}<x:worksheet xmlns:x="{main}"><x:dimension ref="A1"/><x:sheetData>{rows}'
        '</x:sheetData><x:mergeCells count="1"><x:mergeCell ref="A3:A4"/></x:mergeCells></x:worksheet>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_what_other_programs_write_is_read_and_its_faults_are_seen() -> None:
    def text(at: str, value: str) -> str:
        return f'<x:c r="{at}" t="inlineStr"><x:is><x:t>{value}</x:t></x:is></x:c>'

    rows = (
        f'<x:row r="1">{text("A1", "姓名")}{text("B1", "账号")}</x:row>'
        f'<x:row r="2">{text("A2", "张三")}<x:c r="B2"><x:v>6222</x:v></x:c></x:row>'
        f'<x:row r="3" hidden="1">{text("A3", "李四")}<x:c r="B3"><x:f>1+1</x:f></x:c></x:row>'
        f'<x:row r="4">{text("B4", "6224")}</x:row>'
    )
    table = read_table(_by_another_program(rows), COLUMNS)
    assert [(row["name"].text, row["account"].text) for row in table.rows][:2] == [
        ("张三", "6222"),
        ("李四", ""),
    ]
    assert [each.at for each in table.faults] == ["3:3", "A3:A4", "B3"]


@pytest.mark.parametrize("place", ["ZZZZZZ1", "A99999999999", "1A", "", "XFE1"])
def test_a_cell_at_an_impossible_place_does_no_harm(place: str) -> None:
    rows = f'<x:row r="1"><x:c r="{place}"><x:v>1</x:v></x:c></x:row>'
    assert read_table(_by_another_program(rows), COLUMNS).faults
    rows = f'<x:row r="{place or 0}"><x:c><x:v>1</x:v></x:c></x:row>'
    assert read_table(_by_another_program(rows), COLUMNS).faults
