"""The rows of a township's list of payees: which home each one means, in its own words, and who is paid.

Apart from `payee_list` because this knows the sheet and no register.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from server.subsidies import cells, payees, relations
from server.subsidies.payments import Payee
from server.web import N_
from server.web.sheet_cells import Cell, Fault, fault
from server.web.sheet_reading import Column, Row, read_table

COLUMNS: Final = (
    Column("township", ("乡镇", "乡(镇)", "镇", "乡镇名称", "所属乡镇", "乡镇(街道)"), required=False),
    Column("village", ("村", "行政村", "村名", "村名称", "村(社区)", "所属村"), required=False),
    Column("door", ("门牌号", "门牌", "门牌号码"), required=False),
    Column("head_name", ("户主姓名", "户主"), required=False),
    Column(
        "id_number",
        ("户主身份证号", "身份证号", "身份证号码", "户主身份证号码", "公民身份号码", "证件号码", "户主证件号码"),
        required=False,
    ),
    Column("holder", ("收款户名", "户名", "收款人", "收款人姓名", "账户名", "账户名称", "开户名")),
    Column(
        "account",
        ("收款账号", "账号", "银行账号", "收款人账号", "银行卡号", "卡号", "一卡通账号", "一卡通号", "存折账号",
         "存折号"),
    ),
    Column("bank", ("开户银行", "开户行", "银行", "银行名称", "收款银行", "开户网点")),
    Column("relation", ("与户主关系", "关系", "收款人与户主关系", "与户主的关系")),
)  # fmt: skip
# One of these says which home is meant.
WAYS: Final = (("id_number",), ("village", "door", "head_name"))
WHICH: Final = N_("请填写户主身份证号，或村、门牌号和户主姓名。")


@dataclass(frozen=True)
class Line:
    """A row of the list: the home as it is named there, with the cells that name it, and the payee."""

    row: Row
    id_number: str
    village: str
    township: str
    door: str
    head_name: str
    payee: Payee

    @property
    def at(self) -> Cell:
        """The cell that says which home is meant."""
        return self.row["id_number"] if self.id_number else self.row["door"]


def read(data: bytes) -> tuple[list[Line], list[Fault]]:
    """The rows of a list that can be read, and every fault."""
    table = read_table(data, COLUMNS)
    faults = list(table.faults)
    if table.rows and not any(all(name in table.columns for name in way) for way in WAYS):
        message = N_("表头里没有能认出住户的列。")
        remedy = N_("请加上“户主身份证号”，或“村”“门牌号”“户主姓名”三列。")
        return [], [*faults, fault("", message, remedy)]
    if table.below[1:]:
        faults += _below(table.below[1:], table.columns)
    lines = []
    for row in table.rows:
        line, wrong = _line(row)
        told = {cell.at for cell in row.cells.values() if cell.kind in ("formula", "error")}
        faults += [each for each in wrong if each.at not in told]
        if line is not None:
            lines.append(line)
    return lines, faults


def _below(lines: Iterable[tuple[Cell, ...]], columns: Mapping[str, str]) -> Iterator[Fault]:
    for line in lines:
        for cell in line:
            if cell.at.rstrip("0123456789") == columns.get("account"):
                yield fault(cell.at, N_("合计行下面还有住户。"), N_("请删去合计行或把它移到最后。"))


def _line(row: Row) -> tuple[Line | None, list[Fault]]:
    holder = cells.words(row["holder"], N_("户名"), payees.HOLDER_CHARS_MAX)
    account = cells.account(row["account"])
    bank = cells.words(row["bank"], N_("开户银行"), payees.BANK_CHARS_MAX)
    id_number, relation = _id_number(row["id_number"]), _relation(row["relation"])
    faults = [each for each in (id_number, holder, account, bank, relation) if isinstance(each, Fault)]
    if not row["id_number"].text:
        faults += [
            fault(row[name].at or f"{row.number}:{row.number}", N_("没有写{what}，认不出是哪一户。"), WHICH, what=what)
            for name, what in (("village", N_("村")), ("door", N_("门牌号")), ("head_name", N_("户主姓名")))
            if not row[name].text
        ]  # fmt: skip
    if faults:
        return None, faults
    payee = Payee(str(holder), str(account), str(bank), str(relation))
    village, township = place_name(row["village"].text), place_name(row["township"].text)
    return Line(
        row,
        str(id_number),
        village,
        township,
        door(row["door"].text),
        person_name(row["head_name"].text),
        payee,
    ), []


def _id_number(cell: Cell) -> str | Fault:
    text = "".join(unicodedata.normalize("NFKC", cell.text).split()).upper()
    if not text:
        return ""
    lost = cells.digits_lost(cell)
    if lost is not None:
        return lost
    if not _is_id_number(text):
        shown = text[:3] + "…" + text[-4:] if len(text) > 7 else text
        return fault(cell.at, N_("不是有效的身份证号。"), N_("请对照户口本或身份证改正。"), shown)
    return text


def _is_id_number(text: str) -> bool:
    """Length, birthday and check digit (GB 11643). Not the place: the library wants its code to have existed in the
    year of birth, and whoever was born before 1984 has one that did not."""
    body, last = text[:17], text[17:]
    if not (len(text) == 18 and body.isascii() and body.isdigit() and last in "0123456789X"):
        return False
    try:
        ric.get_birth_date(text)
    except ValidationError:
        return False
    return bool(ric.calc_check_digit(text) == last)


def _relation(cell: Cell) -> str | Fault:
    found = relations.code_of(cell.text)
    if not found:
        message = N_("没有写与户主的关系。") if found == "" else N_("不认识这种关系。")
        remedy = N_("请填写：{words}。")
        return fault(cell.at, message, remedy, cell.text, words="、".join(relations.SUGGESTED))
    return cells.words(cell._replace(text=found), N_("与户主关系"), payees.HOLDER_CHARS_MAX)


def place_name(text: str) -> str:
    """A place without what its name ends on in one list and not in the other: 村民委员会 is 村."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    for long, short in (("村民委员会", "村"), ("村委会", "村"), ("居民委员会", ""), ("居委会", "")):
        if plain.endswith(long) and len(plain) > len(long):
            return plain.removesuffix(long) + short
    return plain


def door(text: str) -> str:
    """A door number without blanks and wide digits."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def person_name(text: str) -> str:
    """A name without blanks, composed."""
    return "".join(unicodedata.normalize("NFC", text).split())
