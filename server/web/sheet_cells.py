"""The cells of a file somebody brings: XLSX, or text with commas or tabs in UTF-8 or GB18030.

Apart from `sheet_reading` because this knows files and no headings. Nothing here trusts a file: its size,
what it unpacks to, its rows and its columns are bounded before anything is read. A cell keeps its address, so
that a fault can be found by whoever has the spreadsheet open.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from server.web.language import N_

FILE_BYTES_MAX: Final = 10_000_000
UNPACKED_BYTES_MAX: Final = 40_000_000
PARTS_MAX: Final = 500
ROWS_MAX: Final = 50_000
COLUMNS_MAX: Final = 64
# As far down as a spreadsheet goes; a stray format may stand in its last row.
POSITIONS_MAX: Final = 1_048_576
MERGES_MAX: Final = 1_000
# Beyond these digits a spreadsheet's numbers are rounded.
EXACT_DIGITS: Final = 15
SHOWN_CHARS_MAX: Final = 40
# Longer than a division's code.
_LONG_NUMBER: Final = re.compile(r"[0-9０-９](?: ?[0-9０-９]){12,}(?:[XxＸ])?")

Kind = Literal["text", "number", "date", "error", "formula"]
Translated = Callable[[str], str]


class Cell(NamedTuple):
    """A cell with its address ("C7"), its text as a person reads it, and what the file stored it as. A number's
    text has the digits the spreadsheet shows, at most fifteen that count; a formula's is empty where the file
    holds no value of it. `day`: of a date.
    """

    at: str
    text: str
    kind: Kind = "text"
    day: date | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong in a file, and what to do. `at`: a cell, a range, or empty for the whole file. Message and
    remedy are texts with {places}; `values` fill them.
    """

    at: str
    message: str
    remedy: str
    value: str = ""
    values: tuple[tuple[str, object], ...] = ()

    def where(self, translated: Translated = str) -> str:
        """The place as people say it: "C7", "A3:B4", "第 5–9 行", 整个文件."""
        first, _, last = self.at.partition(":")
        if not self.at:
            return translated(N_("整个文件"))
        if not first.isdigit():
            return self.at
        rows = first if first == last else f"{first}–{last}"
        return translated(N_("第 {rows} 行")).format(rows=rows)

    def what(self, translated: Translated = str) -> str:
        """What is wrong, in Chinese or as `translated` says it; words among the values are translated too."""
        return self._filled(self.message, translated)

    def to_do(self, translated: Translated = str) -> str:
        return self._filled(self.remedy, translated)

    def _filled(self, text: str, translated: Translated) -> str:
        words = {name: translated(value) if isinstance(value, str) else value for name, value in self.values}
        return translated(text).format(**words) if words else translated(text)

    def __str__(self) -> str:
        value = f"“{self.value}”" if self.value else ""
        return f"{self.where()}{value}：{self.what()}{self.to_do()}"


def fault(at: str, message: str, remedy: str, value: str = "", **values: object) -> Fault:
    """A fault; a long value is cut, and of an account or an identity number that slipped into it four digits stay."""
    plain = _LONG_NUMBER.sub(lambda found: "…" + found[0][-4:], value)
    shown = plain if len(plain) <= SHOWN_CHARS_MAX else plain[:SHOWN_CHARS_MAX] + "…"
    return Fault(at, message, remedy, shown, tuple(values.items()))


@dataclass(frozen=True)
class Area:
    """A merged range, rows and columns counted from 1."""

    ref: str
    first_row: int
    last_row: int


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells that say anything: row to column to cell, both counted from 1."""

    name: str
    rows: Mapping[int, Mapping[int, Cell]]
    merged: tuple[Area, ...] = ()
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Opened:
    """The sheets of a file, or why it can not be read. A file of text is one sheet for each way of parting its
    cells: which one was meant, its headings say."""

    sheets: tuple[Sheet, ...]
    faults: tuple[Fault, ...] = ()
    parted: bool = False


def open_file(data: bytes) -> Opened:
    """The file's visible sheets. What it is, its content says and not its name. Never raises for a bad file."""
    if len(data) > FILE_BYTES_MAX:
        return _refused(N_("文件超过 10 MB。"), N_("请拆成几个文件，分几次导入。"))
    if not data.strip():
        return _refused(N_("文件是空的。"), N_("请检查是否选错了文件。"))
    if data[:4] == b"\xd0\xcf\x11\xe0":
        message = N_("这是旧版 .xls 文件，或加了密码的文件。")
        return _refused(message, N_("请在 Excel 中去掉密码，另存为 .xlsx 后再导入。"))
    if data[:4] == b"PK\x03\x04":
        return _xlsx(data)
    if data.lstrip()[:1] == b"<":
        message = N_("这其实是一个网页，不是表格文件。")
        return _refused(message, N_("请在 Excel 中打开，另存为 .xlsx 后再导入。"))
    return _text(data)


def _refused(message: str, remedy: str, at: str = "", **values: object) -> Opened:
    return Opened((), (fault(at, message, remedy, "", **values),))


@lru_cache(maxsize=256)
def letter(column: int) -> str:
    """A column's letters: 3 is C."""
    return str(get_column_letter(column))


# ---- XLSX


def _xlsx(data: bytes) -> Opened:
    try:
        bomb = _unpacks_too_far(data)
        if bomb is not None:
            return bomb
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, OSError):
        return _damaged()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            return Opened(tuple(_sheet(sheet, archive) for sheet in shown))
    except _TooLong as long:
        message = N_("工作表“{sheet}”超过 {n} 行。")
        return _refused(message, N_("请拆成几个文件，分几次导入。"), sheet=long.sheet, n=f"{ROWS_MAX:,}")
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, OSError):
        return _damaged()
    finally:
        book.close()


def _damaged() -> Opened:
    return _refused(N_("文件打不开：已损坏，或不是 XLSX。"), N_("请在 Excel 中打开，另存为 .xlsx 后再导入。"))


def _unpacks_too_far(data: bytes) -> Opened | None:
    """A few bytes that unpack to gigabytes, or a document that defines its own text, are refused unread."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
            return _refused(N_("文件解开后过大。"), N_("请删去多余的工作表、图片和空行后再导入。"))
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as content:
                    begin = content.read(4096)
                    if b"<!DOCTYPE" in begin or b"<!ENTITY" in begin:
                        return _damaged()
    return None


class _TooLong(Exception):
    def __init__(self, sheet: str) -> None:
        super().__init__(sheet)
        self.sheet = sheet


def _sheet(source: Any, archive: zipfile.ZipFile) -> Sheet:
    raw = archive.read(source._worksheet_path)
    unvalued = frozenset(_formulas_without_value(raw))
    # Some banks' programs state a size of one cell: what is there counts, not what is said.
    source.reset_dimensions()
    rows: dict[int, dict[int, Cell]] = {}
    for number, cells in enumerate(source.iter_rows(max_col=COLUMNS_MAX), start=1):
        if number > POSITIONS_MAX:
            break
        said = {cell.column: _cell(cell) for cell in cells if cell.value is not None}
        said = {column: cell for column, cell in said.items() if cell.text}
        if said:
            rows[number] = said
            if len(rows) > ROWS_MAX:
                raise _TooLong(source.title)
    for at in sorted(unvalued):
        column, row, _, _ = range_boundaries(at)
        if row <= POSITIONS_MAX and column <= COLUMNS_MAX:
            rows.setdefault(row, {})[column] = Cell(at, "", "formula")
    ordered = {number: rows[number] for number in sorted(rows)}
    return Sheet(source.title, ordered, tuple(_merged(raw)), frozenset(_hidden(raw)))


def _cell(cell: Any) -> Cell:
    at, value = f"{letter(cell.column)}{cell.row}", cell.value
    if isinstance(value, datetime):
        text = value.isoformat(" ") if value.time() != datetime.min.time() else value.date().isoformat()
        return Cell(at, text, "date", value.date())
    if isinstance(value, bool):
        return Cell(at, "TRUE" if value else "FALSE")
    if isinstance(value, int):
        return Cell(at, str(value), "number")
    if isinstance(value, float):
        return Cell(at, number_text(value), "number")
    return Cell(at, str(value).strip(), "error" if cell.data_type == "e" else "text")


def number_text(value: float) -> str:
    """The digits a spreadsheet shows of its binary number: fifteen that count, no exponent, no trailing zeros."""
    exact = Decimal(f"{value:.{EXACT_DIGITS}g}")
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_AT: Final = re.compile(rb'\br="([A-Z]{1,3}\d{1,7})"')
_MERGE: Final = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3}\d{1,7}(?::[A-Z]{1,3}\d{1,7})?)"')
_ROW: Final = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_ROW_NUMBER: Final = re.compile(rb'\br="(\d{1,7})"')
_IS_HIDDEN: Final = re.compile(rb'\bhidden="(?:1|true)"')
_FORMULA: Final = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


def _merged(raw: bytes) -> Iterator[Area]:
    # The streaming reader does not tell them, and the other one makes an object of every cell they cover.
    for found in list(_MERGE.finditer(raw))[:MERGES_MAX]:
        ref = found[1].decode()
        _, first, _, last = range_boundaries(ref)
        yield Area(ref, first, last)


def _hidden(raw: bytes) -> Iterator[int]:
    for found in _ROW.finditer(raw):
        number = _ROW_NUMBER.search(found[1])
        if number and _IS_HIDDEN.search(found[1]):
            yield int(number[1])


def _formulas_without_value(raw: bytes) -> Iterator[str]:
    """Cells whose formula nobody has worked out. One that came to an empty text has been, and is empty."""
    for found in _FORMULA.finditer(raw):
        at = _AT.search(found[1])
        if at and b't="str"' not in found[1]:
            yield at[1].decode()


# ---- text


def _text(data: bytes) -> Opened:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:1000]:
        message = N_("文件不是表格，或是 UTF-16 编码的文本。")
        return _refused(message, N_("请在 Excel 中另存为 .xlsx 或“CSV UTF-8（逗号分隔）”后再导入。"))
    # The encoding that carries furthest is the one that was meant; there lies the fault.
    at = 0
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            at = max(at, error.start)
            continue
        return _parted(text)
    row = data[:at].count(b"\n") + 1
    message = N_("这一行里有既不是 UTF-8 也不是 GB18030 的字节。")
    return _refused(message, N_("请用 UTF-8 或 GB18030 编码重新保存后再导入。"), f"A{row}")


def _parted(text: str) -> Opened:
    sheets = []
    for sign in (",", "\t", ";"):
        if sign in text or sign == ",":
            try:
                rows = dict(_rows(text, sign))
            except csv.Error:
                message = N_("有一个单元格长得读不下去，多半是少了一个引号。")
                return _refused(message, N_("请检查文件中的双引号是否成对。"))
            except _TooLong:
                message = N_("文件超过 {n} 行。")
                return _refused(message, N_("请拆成几个文件，分几次导入。"), n=f"{ROWS_MAX:,}")
            sheets.append(Sheet("", rows))
    return Opened(tuple(sheets), parted=True)


def _rows(text: str, sign: str) -> Iterator[tuple[int, dict[int, Cell]]]:
    """Rows counted as a spreadsheet counts them: an empty line is one, a line break within a cell is none."""
    said = 0
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=sign)
    for number, values in enumerate(reader, start=1):
        cells = {
            column: Cell(f"{letter(column)}{number}", plain)
            for column, value in enumerate(values[:COLUMNS_MAX], start=1)
            if (plain := plain_text(value))
        }
        if cells:
            said += 1
            if said > ROWS_MAX:
                raise _TooLong("")
            yield number, cells


def plain_text(value: str) -> str:
    """A cell of a text file without what keeps spreadsheets from making a number or a formula of it: ="…", an
    apostrophe before it, a tab behind it."""
    text = value.strip()
    if len(text) >= 3 and text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    return text.removeprefix("'")
