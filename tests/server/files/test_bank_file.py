"""The file for the bank: the same bytes for the same batch, and the same lines when it is read back."""

import io
from datetime import date
from unicodedata import normalize

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.subsidies import bank_file, return_file
from server.subsidies.bank_file import BankFile, line_of
from server.subsidies.payments import Payee, Payment
from server.subsidies.reconcile import Said

SIGNS = st.characters(categories=["Lo", "Lu", "Nd"], include_characters="=+-@＝'\"·, ")
NAMES = st.text(SIGNS, max_size=12).map(lambda text: " ".join(normalize("NFC", text).split())).filter(bool)
ACCOUNTS = st.from_regex(r"[0-9]{8,30}|[0-9A-Z]{8,30}", fullmatch=True)
IDS = st.uuids().map(lambda id: id.hex) | st.from_regex(r"[0-9]{4}e[0-9]{27}", fullmatch=True)


def payment(id: str, holder: str, account: str, bank: str, amount_fen: int) -> Payment:
    return Payment(
        id, "140525", "h", "d", amount_fen, {"county": amount_fen}, Payee(holder, account, bank, "self")
    )


PAYMENTS = st.lists(
    st.builds(payment, IDS, NAMES, ACCOUNTS, NAMES | st.just(""), st.integers(1, 10**11)),
    max_size=8,
    unique_by=lambda each: each.id,
)
TWO = (
    payment("b" * 32, "李四", "6217001234567890123", "农行", 240_001),
    payment("a" * 32, "=cmd|'/c'!A1", "0012345678", "", 99),
)
FILE = BankFile(3, "2020年运行补贴", "泽州县", TWO, synthetic=True)


@pytest.mark.parametrize("write", [bank_file.write_xlsx, bank_file.write_csv])
@settings(max_examples=40)
@given(payments=PAYMENTS.filter(bool))
def test_a_file_read_back_gives_the_lines_that_were_written(write, payments: list[Payment]) -> None:
    file = BankFile(1, "一批", "泽州县", payments)
    lines, faults = bank_file.read(write(file))
    assert faults == () and lines == tuple(line_of(each) for each in file.ordered)


@pytest.mark.parametrize("write", [bank_file.write_xlsx, bank_file.write_csv])
def test_the_same_batch_gives_the_same_bytes_in_any_order(write) -> None:
    assert write(FILE) == write(BankFile(3, "2020年运行补贴", "泽州县", TWO[::-1], synthetic=True))


def test_the_workbook_holds_accounts_as_text_and_amounts_as_numbers() -> None:
    page = openpyxl.load_workbook(io.BytesIO(bank_file.write_xlsx(FILE))).active
    table = [[cell.value for cell in row] for row in page.iter_rows()]
    assert table[0][0] == "【模拟数据】泽州县清洁取暖补贴发放 第 3 批 2020年运行补贴"
    assert table[1] == ["序号", "付款编号", "收款户名", "收款账号", "开户银行", "金额(元)", "备注"]
    assert table[2] == [1, "a" * 32, "=cmd|'/c'!A1", "0012345678", None, 0.99, "清洁取暖补贴第3批模拟数据"]
    assert table[4] == ["合计", "2笔", None, None, None, 2401.0, None]
    assert page["D3"].data_type == "s" and page["C3"].data_type == "s" and page["F3"].number_format == "0.00"


def test_text_protects_accounts_from_numbers_and_names_from_formulas() -> None:
    text = bank_file.write_csv(FILE)
    assert text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").split("\r\n")
    assert lines[2] == f"1,{'a' * 32},'=cmd|'/c'!A1,0012345678\t,,0.99,清洁取暖补贴第3批模拟数据"
    assert lines[4] == "合计,2笔,,,,2401.00"


def test_a_real_batch_is_not_marked() -> None:
    real = BankFile(3, "运行补贴", "泽州县", TWO)
    assert "模拟数据" not in bank_file.write_csv(real).decode("utf-8-sig")


@pytest.mark.parametrize("write", [bank_file.write_xlsx, bank_file.write_csv])
def test_a_bank_that_adds_two_columns_makes_a_return_file_of_it(write, text_file) -> None:
    lines, _ = bank_file.read(write(FILE))
    table = [["付款编号", "收款户名", "收款账号", "金额(元)", "处理结果", "退回原因", "入账日期"]]
    for line, outcome in zip(lines, (("成功", ""), ("退回", "户名不符")), strict=True):
        table.append(
            [
                line.id,
                f"'{line.holder}",
                f"{line.account}\t",
                f"{line.amount_fen / 100:.2f}",
                *outcome,
                "2020-12-03",
            ]
        )
    found = return_file.read("回盘.csv", text_file(table, ",", "gb18030"))
    day = date(2020, 12, 3)
    assert found.faults == ()
    assert [row.said for row in found.rows] == [
        Said("a" * 32, "0012345678", 99, "credited", "", day),
        Said("b" * 32, "6217001234567890123", 240_001, "returned", "户名不符", day),
    ]
