"""A table out of a spreadsheet that somebody else made: its headings found by what they may be called, its
cells with their addresses, every fault at once.

The one reader of everything the office brings in (payee lists, return files). Nothing is guessed: a heading
that may mean two things, a merged cell among the rows, a hidden row, a value beside the table is a fault with
its cell, and whoever asked imports nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import Final

from server.web.language import N_
from server.web.sheet_cells import Cell, Fault, Sheet, fault, letter, open_file

HEADING_ROWS: Final = 10
# Characters that people write for others in headings.
VARIANTS: Final = str.maketrans({"帐": "账", "戶": "户", "號": "号", "銀": "银", "額": "额"})
_DECORATION: Final = re.compile(r"[\s*:_\-/]|\((?:元|人民币|人民币元|必填|选填|可选)\)")
_CLOSING: Final = re.compile(r"\s*(?:合\s*计|总\s*计|共\s*计|小\s*计|total\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A column wanted: its name for us, and what its heading may say; the first of them is the one to suggest."""

    name: str
    headings: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Row:
    """A row of the table: its number in the sheet, and a cell for every column that was found, empty ones too."""

    number: int
    cells: Mapping[str, Cell]

    def __getitem__(self, name: str) -> Cell:
        return self.cells.get(name, NO_CELL)


NO_CELL: Final = Cell("", "")


@dataclass(frozen=True)
class Table:
    """What was found: the rows, the lines above the headings and from the totals on, and every fault. Use the rows
    only when there is none. `columns`: name to the column's letters; `passed_over`: headings nobody asked for.
    """

    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()
    above: tuple[tuple[Cell, ...], ...] = ()
    below: tuple[tuple[Cell, ...], ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    passed_over: tuple[Cell, ...] = ()


def read_table(data: bytes, columns: Sequence[Column]) -> Table:
    """The one table of the file that has these columns. Never raises for a bad file."""
    opened = open_file(data)
    if opened.faults:
        return Table(faults=opened.faults)
    found = [headed for sheet in opened.sheets if (headed := _headed(sheet, columns))]
    if not found:
        message = N_("前 {n} 行里没有找到表头。")
        remedy = N_("表头应有：{headings}。请对照模板检查是否选错了文件。")
        wanted = "、".join(column.headings[0] for column in columns if column.required)
        return Table(faults=(fault("", message, remedy, n=HEADING_ROWS, headings=wanted),))
    best = max(found, key=lambda headed: headed.fit)
    rivals = [each for each in found if each.fit == best.fit]
    if len(rivals) > 1 and not opened.parted:
        message = N_("有不止一个工作表像是要导入的表：{sheets}。")
        named = "、".join(each.sheet.name for each in rivals)
        return Table(faults=(fault("", message, N_("请只留下要导入的那一个。"), sheets=named),))
    return _table(best, columns)


@dataclass(frozen=True)
class _Headed:
    """A sheet with the row that is most like the headings wanted: (name, column) as often as they fit."""

    sheet: Sheet
    number: int
    places: tuple[tuple[str, int], ...]
    fit: int


def plain_heading(text: str) -> str:
    """A heading without what different people write differently: blanks, stars, wide letters, "(元)"."""
    folded = unicodedata.normalize("NFKC", text).translate(VARIANTS).casefold()
    return _DECORATION.sub("", folded)


def _headed(sheet: Sheet, columns: Sequence[Column]) -> _Headed | None:
    names = {plain_heading(heading): column.name for column in columns for heading in column.headings}
    required = {column.name for column in columns if column.required}
    best: _Headed | None = None
    for number in [each for each in sheet.rows if each <= HEADING_ROWS]:
        cells = sheet.rows[number]
        places = tuple(
            (names[plain], column)
            for column, cell in cells.items()
            if (plain := plain_heading(cell.text)) in names
        )
        fit = len({name for name, _ in places} & required) * len(columns) + len(places)
        # One word may stand in any row; two side by side are headings.
        if len(places) >= min(2, len(required)) and (best is None or fit > best.fit):
            best = _Headed(sheet, number, places, fit)
    return best


def _table(headed: _Headed, columns: Sequence[Column]) -> Table:
    sheet, place = headed.sheet, dict(headed.places)
    faults = list(_heading_faults(headed, columns))
    if faults:
        # Without all headings every row would only repeat that one is missing.
        return Table(faults=in_order(faults))
    body, closing = _body(headed)
    faults += _body_faults(headed, body, place)
    if not body:
        faults.append(fault("", N_("表头下面没有任何行。"), N_("请检查是否选错了文件。")))
    rows = tuple(
        Row(number, {name: _at(sheet, number, column) for name, column in place.items()}) for number in body
    )
    return Table(
        rows,
        in_order(faults),
        tuple(tuple(cells.values()) for number, cells in sheet.rows.items() if number < headed.number),
        tuple(tuple(sheet.rows[number].values()) for number in closing),
        {name: letter(column) for name, column in place.items()},
        tuple(_unknown(headed)),
    )


def _at(sheet: Sheet, number: int, column: int) -> Cell:
    found = sheet.rows[number].get(column)
    return Cell(f"{letter(column)}{number}", "") if found is None else found


def _unknown(headed: _Headed) -> Iterator[Cell]:
    known = {column for _, column in headed.places}
    for column, cell in headed.sheet.rows[headed.number].items():
        if column not in known:
            yield cell


def _body(headed: _Headed) -> tuple[list[int], list[int]]:
    """Numbers of the rows below the headings, and of those from the first line of totals on."""
    below = [number for number in headed.sheet.rows if number > headed.number]
    for position, number in enumerate(below):
        first = next(iter(headed.sheet.rows[number].values()))
        if _CLOSING.match(unicodedata.normalize("NFKC", first.text)):
            return below[:position], below[position:]
    return below, []


def _heading_faults(headed: _Headed, columns: Sequence[Column]) -> Iterator[Fault]:
    found: dict[str, int] = {}
    for name, column in headed.places:
        cell = headed.sheet.rows[headed.number][column]
        if name in found:
            other = headed.sheet.rows[headed.number][found[name]]
            message, remedy = N_("这一列和 {other} 列“{heading}”说的是同一件事。"), N_("请只留下其中一列。")
            yield fault(cell.at, message, remedy, cell.text, other=letter(found[name]), heading=other.text)
        found.setdefault(name, column)
    strangers = "、".join(f"{cell.at}“{cell.text[:20]}”" for cell in _unknown(headed))
    for wanted in columns:
        if wanted.required and wanted.name not in found:
            message = N_("表头里没有“{heading}”这一列。")
            remedy = N_("这一列可以叫：{headings}。没有认出的列：{strangers}。")
            yield fault(
                f"{headed.number}:{headed.number}", message, remedy, heading=wanted.headings[0],
                headings="、".join(wanted.headings), strangers=strangers or "—",
            )  # fmt: skip


def _body_faults(headed: _Headed, body: Sequence[int], place: Mapping[str, int]) -> Iterator[Fault]:
    sheet = headed.sheet
    yield from _merged(headed, headed.number, body[-1] if body else headed.number)
    for first, last in _runs([number for number in body if number in sheet.hidden]):
        message = N_("这些行是隐藏的，看不见的行不导入也不丢下。")
        yield fault(f"{first}:{last}", message, N_("请取消隐藏或筛选，核对后再导入。"))
    headings = sheet.rows[headed.number]
    names = {column: name for name, column in place.items()}
    for number in body:
        for column, cell in sheet.rows[number].items():
            if column not in headings:
                message = N_("这一格在表头之外，这一行可能错位了。")
                yield fault(cell.at, message, N_("请检查这一行是否多出或缺少单元格。"), cell.text)
            elif cell.kind == "formula" and column in names:
                message = N_("这一格是公式，文件里没有它的结果。")
                yield fault(cell.at, message, N_("请在 Excel 中打开并保存，或粘贴为数值。"))
            elif cell.kind == "error" and column in names:
                yield fault(cell.at, N_("这一格的公式出错。"), N_("请改正后再导入。"), cell.text)


def _merged(headed: _Headed, first: int, last: int) -> Iterator[Fault]:
    for area in headed.sheet.merged:
        if area.first_row <= last and area.last_row >= first:
            message, remedy = N_("这是合并单元格。"), N_("请取消合并，每一行各填各的。")
            yield fault(area.ref, message, remedy)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    for _, run in groupby(zip(numbers, count(), strict=False), key=lambda pair: pair[0] - pair[1]):
        members = [number for number, _ in run]
        yield members[0], members[-1]


_ADDRESS: Final = re.compile(r"([A-Z]*)(\d+)")


def in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Faults as somebody goes through the sheet: of the whole file first, then row by row."""

    def place(each: Fault) -> tuple[int, int, str]:
        found = _ADDRESS.match(each.at)
        return (int(found[2]), len(found[1]), found[1]) if found else (0, 0, "")

    return tuple(sorted(faults, key=place))


# ---- totals that a file states about itself

_STATED: Final = {
    "count": re.compile(r"(?:总|合计|总计)笔数|笔数(?:合计|总计)"),
    "sum": re.compile(r"(?:总|合计|总计)金额|金额(?:合计|总计)"),
    "batch": re.compile(r"批次(?:编?号)?"),
}
_INLINE: Final = re.compile(r"^([^:]+?)(?:\((?:元|笔)\))?\s*:\s*(.+)$")


def stated(table: Table) -> dict[str, Cell]:
    """What the lines around the table say of it ("总笔数", "总金额", "批次号"), with the cell that says it.

    Keys: count, sum, batch. A label has its value behind a colon, or in the next cell of its line.
    """
    found: dict[str, Cell] = {}
    for line in (*table.above, *table.below):
        for position, cell in enumerate(line):
            for piece in _pieces(cell.text):
                inline = _INLINE.match(piece)
                label = plain_heading(inline[1] if inline else piece)
                name = next((name for name, pattern in _STATED.items() if pattern.fullmatch(label)), "")
                if name and inline:
                    found.setdefault(name, Cell(cell.at, inline[2].strip()))
                elif name and position + 1 < len(line):
                    found.setdefault(name, line[position + 1])
    return found


def _pieces(text: str) -> list[str]:
    """The statements of one cell: "总笔数: 3 总金额: 7,200.00" makes two."""
    folded = re.sub(r"\s*:\s*", ":", unicodedata.normalize("NFKC", text))
    return [piece for piece in re.split(r"[\s;]+", folded) if piece]
