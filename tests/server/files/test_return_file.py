"""A bank's return file: read in any bank's columns, refused with every fault at its cell."""

import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.subsidies.payments import CREDITED, RETURNED
from server.subsidies.reconcile import Said
from server.subsidies.return_file import read
from server.subsidies.return_pages import _said

HEAD = ["付款编号", "收款账号", "金额(元)", "处理结果", "失败原因", "入账日期"]
DAY = datetime(2020, 12, 3)  # noqa: DTZ001 - XLSX knows no zones
A, B = "6228480402564890018", "6217001234567890123"


def rows(data: bytes) -> list[Said]:
    found = read("回盘.xlsx", data)
    assert found.faults == (), [str(each) for each in found.faults]
    return [row.said for row in found.rows]


def faults(data: bytes) -> list[tuple[str, str]]:
    """Where, and the first clause of what."""
    return [(each.at, re.split("[，：。]", each.what())[0]) for each in read("回盘.xlsx", data).faults]


def line(**others: object) -> list[object]:
    cells = {
        "id": "e1",
        "account": A,
        "amount": "2400.00",
        "outcome": "成功",
        "reason": "",
        "day": "2020-12-03",
    }
    return list({**cells, **others}.values())


@pytest.fixture(params=["xlsx", "utf-8", "gb18030"])
def file(request, book, text_file):
    """The same rows as a workbook and as text."""
    if request.param == "xlsx":
        return book
    return lambda table: text_file(table, ",", request.param)


def test_a_file_is_read_with_its_outcomes_and_totals(file) -> None:
    table = [
        ["批次号：3"],
        HEAD,
        line(),
        line(id="e2", account=B, outcome="退票", reason="户名不符", amount="1200"),
        ["合计", "2笔", "3600.00"],
    ]
    found = read("回盘.xlsx", file(table))
    assert found.faults == () and (found.stated_n, found.stated_fen, found.stated_batch) == (2, 360_000, "3")
    assert [(row.number, row.said) for row in found.rows] == [
        (3, Said("e1", A, 240_000, CREDITED, "", date(2020, 12, 3))),
        (4, Said("e2", B, 120_000, RETURNED, "户名不符", date(2020, 12, 3))),
    ]


def test_other_names_and_another_order_of_the_columns_are_the_same_file(book) -> None:
    table = [
        ["交易状态", "备注", "收款人帐号", "业务编号", "交易金额（元）"],
        ["交易成功", "x", A, "e1", 2400],
    ]
    assert rows(book(table)) == [Said("e1", A, 240_000, CREDITED, "", None)]


@pytest.mark.parametrize(
    ("written", "outcome", "reason"),
    [
        ("成功", CREDITED, ""),
        ("已入账", CREDITED, ""),
        ("入账成功", CREDITED, ""),
        ("代发成功", CREDITED, ""),
        ("失败", RETURNED, ""),
        ("退回", RETURNED, ""),
        ("已退票", RETURNED, ""),
        ("交易失败", RETURNED, ""),
        ("退回：账户已销户", RETURNED, "账户已销户"),
        ("失败(户名不符)", RETURNED, "户名不符"),
    ],
)
def test_banks_have_many_words_for_two_outcomes(book, written: str, outcome: str, reason: str) -> None:
    said = rows(book([HEAD, line(outcome=written)]))[0]
    assert (said.outcome, said.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("", "没有写结果"),
        ("处理中", "银行还没有给出最后结果"),
        ("已受理", "银行还没有给出最后结果"),
        ("部分成功", "不认识这个结果"),
        ("0000", "不认识这个结果"),
        ("成功率", "不认识这个结果"),
        ("退回处理中", "不认识这个结果"),
        ("是", "不认识这个结果"),
    ],
)
def test_any_other_word_is_a_fault_of_its_cell(book, written: str, what: str) -> None:
    assert faults(book([HEAD, line(), line(id="e2", outcome=written)])) == [("D3", what)]


@pytest.mark.parametrize(
    "written",
    ["2020-12-03", "2020/12/3", "20201203", "2020年12月3日", "2020.12.03 10:22:01", DAY],
)
def test_days_are_read_as_they_are_written(book, written: object) -> None:
    assert rows(book([HEAD, line(day=written)]))[0].booked_on == date(2020, 12, 3)


@pytest.mark.parametrize("written", ["44168", "2020-13-01", "3/12/2020", "昨天"])
def test_a_day_that_may_be_another_is_a_fault(book, written: str) -> None:
    assert faults(book([HEAD, line(day=written)])) == [("F2", "不是日期")]


@pytest.mark.parametrize(
    ("written", "what"),
    [
        (6228480402564890018, "存成了数值"),
        (6.2284804025648e18, "存成了数值"),
        ("6.22848E+18", "变成了科学计数法"),
        ("6.22848040256489e+18", "变成了科学计数法"),
        ("6228****0018", "账号被遮住了"),
        ("", "没有账号"),
        ("张三", "不是账号"),
        ("123", "不是账号"),
    ],
)
def test_an_account_that_has_lost_digits_is_never_completed(book, written: object, what: str) -> None:
    assert faults(book([HEAD, line(account=written)])) == [("B2", what)]


def test_an_account_is_the_same_with_blanks_and_wide_digits(book) -> None:
    assert rows(book([HEAD, line(account="６２２８ 4804-0256 4890 018")]))[0].account == A
    # Fifteen digits a spreadsheet still holds exactly.
    assert rows(book([HEAD, line(account=123456789012345)]))[0].account == "123456789012345"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("", "没有金额"),
        ("两千四", "不是金额"),
        ("2400.005", "不是金额"),
        ("0", "金额应大于 0"),
        ("-2400", "金额应大于 0"),
        ("2.4E+03", "是科学计数法"),
    ],
)
def test_an_amount_is_read_to_the_fen_or_not_at_all(file, written: str, what: str) -> None:
    assert faults(file([HEAD, line(amount=written)])) == [("C2", what)]


def test_every_fault_of_a_file_is_told_at_once(file) -> None:
    table = [HEAD, line(id=""), line(account="6.2E+18", amount="x"), line(outcome="?", day="?"), line()]
    assert [at for at, _ in faults(file(table))] == ["A2", "B3", "C3", "D4", "F4"]


def test_shifted_rows_are_faults_and_not_other_payments(file) -> None:
    table = [
        HEAD,
        ["e1", "农行", A, "2400.00", "成功", "", "2020-12-03"],
        [A, "2400.00", "成功", "", "2020-12-03"],
    ]
    found = faults(file(table))
    assert ("G2", "这一格在表头之外") in found
    assert {at for at, _ in found} >= {"B2", "C2", "D2", "G2", "B3", "C3"}


def test_a_renamed_column_stops_the_file_before_its_rows(file) -> None:
    found = read("回盘.xlsx", file([[*HEAD[:2], "数目", *HEAD[3:]], line(), line()]))
    assert [each.at for each in found.faults] == ["1:1"] and found.rows == ()
    assert "C1“数目”" in found.faults[0].to_do()
    assert _said(found.faults[0], str).startswith("第 1 行 表头里没有")


def test_merged_cells_and_hidden_rows_stop_it_too(book) -> None:
    table = [HEAD, line(), line(id="e2"), line(id="e3")]
    assert ("D2:D4", "这是合并单元格") in faults(book(table, merge=["D2:D4"]))
    assert faults(book(table, hide=[3])) == [("3:3", "这些行是隐藏的")]


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        (["合计", "2笔", 4800], []),
        (["合计", "3笔", 4800], [("B4", "文件写共 3 笔")]),
        (["合计", "", "4800.01"], [("C4", "文件写合计 4,800.01 元")]),
        (["合计（1笔）", "", 4799.99], [("A4", "文件写共 1 笔"), ("C4", "文件写合计 4,799.99 元")]),
        (["总笔数", "2", "总金额", "4,800.00"], []),
        (["总笔数：5", "总金额：4800"], [("A4", "文件写共 5 笔")]),
        (["合计", "", "四千八"], [("C4", "不是金额")]),
    ],
)
def test_totals_that_disagree_are_told_by_their_cell(
    book, totals: list[object], expected: list[tuple[str, str]]
) -> None:
    # Labels without 合计 in front are recognised above the table.
    table = [HEAD, line(), line(id="e2"), totals]
    above = [totals, HEAD, line(), line(id="e2")]
    at_top = str(totals[0]).startswith("总")
    moved = [(at.replace("4", "1"), what) for at, what in expected] if at_top else expected
    assert faults(book(above if at_top else table)) == moved


def test_rows_below_a_subtotal_are_not_lost_silently(book) -> None:
    table = [HEAD, line(), ["小计", "", 2400], line(id="e2"), ["合计", "", 4800]]
    assert faults(book(table))[0] == ("B4", "合计行下面还有明细")


def test_a_note_below_the_totals_is_no_payment(book) -> None:
    assert len(rows(book([HEAD, line(), ["合计", "1笔", 2400], ["制表：某", "复核：某"]]))) == 1


def test_equal_rows_stay_as_many_as_they_are(book) -> None:
    assert len(rows(book([HEAD, *([line()] * 1000)]))) == 1000


PIECES = st.sampled_from(
    [
        "",
        "e1",
        A,
        B,
        "2400.00",
        "-1",
        "6.2E+18",
        "成功",
        "退票",
        "处理中",
        "户名不符",
        "2020-12-03",
        "合计",
        "2笔",
        "x",
        "'",
        "=1",
    ]
)


@given(table=st.lists(st.lists(PIECES, max_size=8), max_size=6))
def test_no_row_is_ever_lost_in_silence(table: list[list[str]]) -> None:
    """Whatever a file holds: each row that says anything is read, or told by a fault, or is a note below the totals."""
    lines = [",".join(row) for row in [HEAD, *table]]
    found = read("回盘.csv", "\r\n".join(lines).encode())
    told = {int(number) for each in found.faults for number in re.findall(r"\d+", each.at)}
    taken = {row.number for row in found.rows}
    totals = next((n for n, row in enumerate(table, 2) if next(filter(None, row), "") == "合计"), 10**6)
    for number, row in enumerate(table, start=2):
        said = [cell.strip("'") for cell in row if cell.strip("'")]
        whole_file = any(not each.at for each in found.faults)
        assert not said or number >= totals or number in taken | told or whole_file, (number, row, found)
    assert all(row.said.amount_fen > 0 and row.said.outcome in (CREDITED, RETURNED) for row in found.rows)
