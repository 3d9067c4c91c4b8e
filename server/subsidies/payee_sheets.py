"""Sheets of payees: the list as it is shown, accounts by their end, and the form a township fills in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, Final

import xlsxwriter

from server.subsidies.payee_rows import COLUMNS
from server.subsidies.payee_views import Line
from server.subsidies.payee_warnings import WARNINGS
from server.subsidies.payees import SOURCES
from server.subsidies.relations import SUGGESTED, shown
from server.web import N_, SheetColumn, translate
from server.web.downloads import SYNTHETIC
from server.web.language import Language
from sync.masking import masked

WIDTHS: Final = {"village": 18, "id_number": 22, "account": 26, "bank": 30, "relation": 14}
# Room for homes that are added by hand.
ROWS_FREE: Final = 200


def columns(lang: Language) -> list[SheetColumn]:
    def column(
        heading: str, value: Callable[[Line], object], kind: Any = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(translate(lang, heading), value, kind, width)

    def said(name: str, read: Callable[[Any], object] = str) -> Callable[[Line], object]:
        return lambda line: read(getattr(line.row, name)) if line.row else None

    def words(text: str) -> str:
        return translate(lang, text)

    return [
        column(N_("乡镇"), lambda line: line.township_name),
        column(N_("村"), lambda line: line.village_name, width=20),
        column(N_("门牌号"), lambda line: line.household.door_number),
        column(N_("户主姓名"), lambda line: line.household.head_name),
        column(N_("户名"), said("holder")),
        column(N_("收款账号"), said("account", masked)),
        column(N_("开户银行"), said("bank"), width=26),
        column(N_("与户主关系"), said("relation", lambda code: words(shown(code)))),
        column(N_("来源"), said("source", lambda code: words(SOURCES.get(code, code)))),
        column(N_("时间"), lambda line: line.row.stated_at if line.row else None, "moment", 17),
        column(N_("提示"), lambda line: "；".join(words(WARNINGS[code]) for code in line.warnings), width=40),
        column(N_("待确认"), lambda line: "；".join(f"{each.holder} {masked(each.account)}" for each in line.proposals),
               width=30),
        column(N_("编号"), lambda line: line.household.id, width=38),
    ]  # fmt: skip


def template(lines: Iterable[Line], county_name: str, *, synthetic: bool) -> bytes:
    """A list to fill in, with the homes that lack a payee; every cell is text, so that no account loses a digit."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    page, text = book.add_worksheet("收款人名单"), book.add_format({"num_format": "@"})
    bold = book.add_format({"bold": True})
    head = book.add_format({"bold": True, "bg_color": "#E4EBF2", "bottom": 1})
    mark = f" {SYNTHETIC}" if synthetic else ""
    page.write_string(0, 0, f"{county_name} 清洁取暖补贴收款人名单{mark}", bold)
    page.write_string(1, 0, "账号照存折或银行卡填写，单元格保持“文本”格式；不要合并单元格。")
    for position, column in enumerate(COLUMNS):
        page.set_column(position, position, WIDTHS.get(column.name, 12), text)
        page.write_string(2, position, column.headings[0], head)
    last = 2
    for last, line in enumerate(lines, start=3):
        home = line.household
        for position, value in enumerate(
            (line.township_name, line.village_name, home.door_number, home.head_name)
        ):
            page.write_string(last, position, value, text)
    place = next(number for number, column in enumerate(COLUMNS) if column.name == "relation")
    listed = {"validate": "list", "source": list(SUGGESTED[:-1]), "error_type": "warning"}
    page.data_validation(3, place, last + ROWS_FREE, place, listed)
    page.freeze_panes(3, 4)
    book.close()
    return target.getvalue()
