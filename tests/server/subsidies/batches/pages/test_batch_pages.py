"""Batches through their pages and real files: a thousand equal amounts, one's own batch, bad files."""

import csv
import io
from collections.abc import Iterable
from datetime import date

import pytest
import xlsxwriter
from sqlalchemy import func, select

from server import database
from server.subsidies import bank_file
from server.subsidies.tables import EntryRow, PaymentRow, PostingRow, ReturnFileRow, ReturnRowRow

CLERK, SECOND_CLERK, CHIEF, CHECKER, OFFICIAL = "p-clerk", "p-second", "p-chief", "p-checker", "p-official"
FIRST, SECOND, THIRD = "140525100201", "140525100202", "140525200201"
HEADINGS = ("付款编号", "户名", "账号", "金额", "处理结果", "原因", "入账日期")


def as_xlsx(rows: Iterable[tuple]) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    page = book.add_worksheet()
    for number, row in enumerate((HEADINGS, *rows)):
        for column, value in enumerate(row):
            page.write(number, column, value) if isinstance(value, float) else page.write_string(
                number, column, str(value)
            )
    book.close()
    return target.getvalue()


def as_csv(rows: Iterable[tuple], encoding: str = "gb18030") -> bytes:
    target = io.StringIO(newline="")
    out = csv.writer(target)
    out.writerow(HEADINGS)
    out.writerows((id, holder, f"{account}\t", *rest) for id, holder, account, *rest in rows)
    return target.getvalue().encode(encoding)


def bring(client, address: str, name: str, content: bytes):
    return client.post(f"{address}/return-file", files={"file": (name, content)})


def everything(office) -> dict[str, object]:
    """What a return file may change, counted and summed."""
    with database.read(office.engine) as session:
        tables = (EntryRow, PostingRow, ReturnFileRow, ReturnRowRow)
        counts = {
            table.__tablename__: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }
        states = session.execute(
            select(PaymentRow.state, func.count(), func.sum(PaymentRow.amount_fen)).group_by(PaymentRow.state)
        )
        return counts | {row[0]: (row[1], int(row[2])) for row in states}


def test_a_thousand_equal_amounts_imported_twice(served, clerk, at_the_bank) -> None:
    served.homes(1000)
    address = at_the_bank("140525")
    sent = clerk(CLERK).post(f"{address}/bank-file.xlsx")
    lines, faults = bank_file.read(sent.content)
    assert (len(lines), faults, {line.amount_fen for line in lines}) == (1000, (), {240_000})
    rows = [
        (line.id, line.holder, line.account, 2400.0, "成功" if number % 100 else "退回",
         "" if number % 100 else "户名不符", "2020-12-01")
        for number, line in enumerate(lines)
    ]  # fmt: skip
    file = as_xlsx(rows)
    first = bring(clerk(SECOND_CLERK), address, "回盘.xlsx", file)
    assert "credited=990&returned=10&waiting=0&repeated=0" in first.headers["location"]
    after = everything(served)
    assert after["credited"] == (990, 990 * 240_000) and after["returned"] == (10, 10 * 240_000)
    assert after["ledger_entry"] == 1000 + 1000 + 1000 and after["return_row"] == 1000
    again = bring(clerk(SECOND_CLERK), address, "回盘.xlsx", file)
    assert "done=same_file" in again.headers["location"]
    # The bank's other format, in another order: other bytes, and not a row that was not read before.
    other = bring(clerk(CLERK), address, "回盘.csv", as_csv(rows[::-1]))
    assert "done=nothing_new" in other.headers["location"] and "repeated=1000" in other.headers["location"]
    assert everything(served) == after
    page = clerk(CHECKER).get(again.headers["location"])
    assert "这个文件以前导入过，什么也没有改变。" in page.text
    served.check()


def test_nobody_approves_their_own_batch_whatever_they_send(served, clerk, hidden, somebody_of) -> None:
    """A clerk who was given the approver's role as well is still the one who prepared."""
    served.homes(2)
    somebody_of(CLERK, "finance_approver")
    id = served.prepare()
    served.step(id, "lock", CLERK)
    address = f"/finance/batches/140525/{id}"
    page = clerk(CLERK).get(address)
    assert "您已经为这个批次里的付款做过编制，不能再做审批。" in page.text
    assert f'action="{address}/approve"' not in page.text
    theirs = clerk(CHIEF).get(address)
    form = {name: hidden(theirs, name) for name in ("revision", "seen")}
    refused = clerk(CLERK).post(f"{address}/approve", data=form)
    assert refused.status_code == 409 and "职责按人分开" in refused.text
    assert served.batch(id).state == "locked"
    assert clerk(CHIEF).post(f"{address}/approve", data=form).status_code == 303


def test_an_approver_approves_what_they_saw(served, clerk, hidden) -> None:
    served.homes(2)
    id = served.prepare()
    served.step(id, "lock", CLERK)
    address = f"/finance/batches/140525/{id}"
    page = clerk(CHIEF).get(address)
    form = {"revision": hidden(page, "revision"), "seen": "0" * 64}
    refused = clerk(CHIEF).post(f"{address}/approve", data=form)
    assert refused.status_code == 409 and "在您打开页面之后改过" in refused.text
    assert clerk(CHIEF).post(f"{address}/approve").status_code == 409


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: (row[0], row[1], 6.2284800000000005e18, *row[3:]), "C2"),
        (lambda row: (row[0], *row[2:], ""), "D2"),
        (lambda row: (*row[:3], "两千四", *row[4:]), "D2"),
        (lambda row: (*row[:4], "也许", *row[5:]), "E2"),
        (lambda row: (*row[:6], "2021-01-31"), "在今天之后"),
    ],
    ids=["scientific", "shifted", "no amount", "no outcome", "tomorrow"],
)
def test_a_bad_file_tells_its_cells_and_changes_nothing(served, clerk, change, told: str) -> None:
    served.homes(2)
    id = served.sent()
    rows = [
        (each.id, each.payee.holder, each.payee.account, 2400.0, "成功", "", "2020-12-01")
        for each in served.payments(id)
    ]
    before = everything(served)
    answer = bring(
        clerk(CLERK), f"/finance/batches/140525/{id}", "回盘.xlsx", as_xlsx([change(rows[0]), rows[1]])
    )
    assert answer.status_code == 422 and told in answer.text
    assert everything(served) == before


def test_another_batchs_file_and_nothing_at_all(served, clerk) -> None:
    served.homes(1)
    first = served.sent(title="甲")
    served.homes(1)
    second = served.sent(title="乙")
    payment = served.payments(first)[0]
    row = (payment.id, "张三", payment.payee.account, 2400.0, "成功", "", "2020-12-01")
    before = everything(served)
    answer = bring(clerk(CLERK), f"/finance/batches/140525/{second}", "回盘.xlsx", as_xlsx([row]))
    assert answer.status_code == 422 and "第 1 批（甲）的回盘" in answer.text
    for content in (b"", b"\x00\x01", as_xlsx([])):
        assert bring(clerk(CLERK), f"/finance/batches/140525/{second}", "x.xlsx", content).status_code == 422
    assert everything(served) == before


def test_rows_off_by_a_fen_and_unknown_wait_and_are_settled_on_the_page(served, clerk) -> None:
    served.homes(2)
    id = served.sent()
    address = f"/finance/batches/140525/{id}"
    good, off = served.payments(id)
    rows = [
        (good.id, "张三", good.payee.account, 2400.0, "成功", "", "2020-12-01"),
        (off.id, "张三", off.payee.account, 2400.01, "成功", "", "2020-12-01"),
        ("E2E404", "李四", "6228480000000000", 2400.0, "成功", "", "2020-12-01"),
    ]
    assert bring(clerk(CLERK), address, "回盘.xlsx", as_xlsx(rows)).status_code == 303
    page = clerk(CHECKER).get(address)
    assert "差 0.01 元" in page.text and "没有这个付款编号" in page.text
    waiting = served.waiting(id)
    form = {"row": [f"{each.file}/{each.number}" for each in waiting], "how": "keep", "reason": "银行更正"}
    assert clerk(CLERK).post(f"{address}/settle", data=form).status_code == 409
    assert clerk(CHECKER).post(f"{address}/settle", data=form).status_code == 303
    assert served.waiting(id) == []
    assert "银行更正" in clerk(CHECKER).get(f"/finance/returns?batch={id}&show=settled").text


def test_every_number_of_the_overview_opens_its_list(served, clerk, said) -> None:
    served.homes(3, FIRST)
    served.homes(2, THIRD, payee=False)
    id = served.sent()
    first, second, _ = served.payments(id)
    served.take_in(id, [said(first), said(second, "returned")])
    page = clerk(CHIEF).get("/finance")
    assert page.status_code == 200
    for address, n, fen in (
        ("state=sent", 1, 240_000), ("state=to_repay", 1, 240_000), ("state=credited", 1, 240_000),
        ("state=at_the_bank", 3, 720_000), ("state=returned&area=140525200", 0, 0),
        ("q=" + first.id[:10], 1, 240_000), ("q=" + first.payee.account[-4:], 1, 240_000),
        ("component=construction", 0, 0), ("season=2020-2021", 3, 720_000),
    ):  # fmt: skip
        listed = clerk(CHIEF).get(f"/finance/payments?{address}")
        assert f'data-n="{n}" data-fen="{fen}"' in listed.text, address
        assert clerk(CHIEF).get(f"/finance/payments.xlsx?{address}").status_code == 200
    assert clerk(CHIEF).get("/finance/payments?state=nonsense").status_code == 400
    for path in (
        "/finance.xlsx",
        "/finance/batches.xlsx",
        "/finance/returns.xlsx",
        f"/finance/batches?q={'长' * 90}",
    ):
        assert clerk(CHIEF).get(path).status_code == 200
    story = clerk(CHIEF).get(f"/finance/payments/140525/{second.id}")
    assert "户名不符" in story.text and first.payee.account not in story.text


def test_the_pages_of_an_empty_county_say_so(served, clerk) -> None:
    for path, text in (
        ("/finance", "账上还没有分录。"), ("/finance/batches", "这里没有批次。"),
        ("/finance/payments", "没有符合条件的付款。"), ("/finance/returns", "没有等待处理的行。"),
    ):  # fmt: skip
        page = clerk(CLERK).get(path)
        assert page.status_code == 200 and text in page.text
    page = clerk(CLERK).get("/finance/batches/new?area=140525")
    assert "按这些条件没有可以编入的付款。" in page.text


def test_a_township_sees_its_own_batches_and_payments_only(served, clerk, somebody_of) -> None:
    served.homes(1, FIRST)
    served.homes(1, THIRD)
    whole, own = served.prepare(title="全县", until=date(2020, 12, 1)), ""
    served.homes(1, FIRST)
    own = served.prepare(title="一号镇的")
    somebody_of("p-surveyor", "township_official", "140525100")
    client = clerk("p-surveyor")
    listed = client.get("/finance/batches").text
    assert "一号镇的" in listed and "全县" not in listed
    assert client.get(f"/finance/batches/140525/{own}").status_code == 200
    assert client.get(f"/finance/batches/140525/{whole}").status_code == 403
    assert client.get("/finance/payments?area=140525").status_code == 403
    assert 'data-n="2"' in client.get("/finance/payments").text
    assert client.get("/finance/returns").status_code == 403
    assert client.get("/finance").status_code == 200


def test_the_files_for_and_from_the_bank_leave_a_line_in_the_log(served, clerk, said) -> None:
    served.homes(1)
    id = served.prepare()
    address = f"/finance/batches/140525/{id}"
    served.step(id, "lock", CLERK)
    served.step(id, "approve", CHIEF)
    # An approved batch may still be rejected: a file of it in the bank's hands could be paid twice.
    assert clerk(CLERK).post(f"{address}/bank-file.csv").status_code == 409
    served.step(id, "send", CLERK)
    one, two = (clerk(CLERK).post(f"{address}/bank-file.{kind}") for kind in ("xlsx", "csv"))
    assert one.status_code == two.status_code == 200
    assert clerk(CLERK).post(f"{address}/bank-file.pdf").status_code == 404
    assert clerk(CHIEF).post(f"{address}/bank-file.csv").status_code == 403
    served.take_in(id, [said(served.payments(id)[0])], name="原件.csv")
    with database.read(served.engine) as session:
        file = session.execute(select(ReturnFileRow)).scalars().one()
    kept = clerk(CLERK).post(f"{address}/return-file/{file.id}")
    assert kept.content == file.content
    assert clerk(CHIEF).get(f"{address}/print").status_code == 200
