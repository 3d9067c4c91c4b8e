"""Every list as a spreadsheet with all its rows.

Rows stream from the query into the file, whose size is bounded by disk, not memory. Text is written as
text: codes keep their leading zeros, and a name that begins with "=" stays a name instead of becoming a
formula, unchanged to the last character. A sheet holds 1,048,576 rows; longer lists go on in a next one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from typing import IO, Any, Final, Literal
from urllib.parse import quote

import xlsxwriter
from fastapi.responses import StreamingResponse
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from server.web.figures import CHINA

Kind = Literal["text", "integer", "decimal", "percent", "date", "moment"]
ROWS_PER_SHEET: Final = 1_000_000
TEXT_MAX: Final = 32_767
NAME_MAX: Final = 31
NAME_BANNED: Final = frozenset("[]:*?/\\'")
CUT: Final = "…（过长，未列全 / cut, too long for a cell）"
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NUMBER_FORMATS: Final[dict[Kind, str]] = {
    "text": "@",
    "integer": "#,##0",
    "decimal": "#,##0.00",
    "percent": "0.00",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}


@dataclass(frozen=True)
class SheetColumn:
    """A heading and how a row's cell is read; `width` in characters."""

    heading: str
    value: Callable[[Any], object]
    kind: Kind = "text"
    width: int = 14


def _write(page: Worksheet, row: int, column: int, cell: object, style: Format) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, datetime):
        page.write_datetime(row, column, cell.astimezone(CHINA).replace(tzinfo=None), style)
    elif isinstance(cell, date):
        page.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), style)  # noqa: DTZ001 - no zones
    elif isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
        page.write_number(row, column, float(cell), style)
    else:
        text = str(cell)
        shown = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - len(CUT)] + CUT
        page.write_string(row, column, shown, style)


def _fill(
    book: xlsxwriter.Workbook,
    page: Worksheet,
    columns: Sequence[SheetColumn],
    lines: Sequence[str],
    rows: Iterable[Any],
) -> None:
    title = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format(
        {"bold": True, "bg_color": "#E4EBF2", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
    )
    styles = [book.add_format({"num_format": NUMBER_FORMATS[column.kind]}) for column in columns]
    for number, line in enumerate(lines):
        page.write_string(number, 0, line, title if number == 0 else None)
    top = len(lines)
    for position, column in enumerate(columns):
        page.set_column(position, position, column.width)
        page.write_string(top, position, column.heading, head)
    page.freeze_panes(top + 1, 1)
    page.repeat_rows(top)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    last = top
    for last, row in enumerate(rows, start=top + 1):
        for position, column in enumerate(columns):
            _write(page, last, position, column.value(row), styles[position])
    page.autofilter(top, 0, last, len(columns) - 1)


def _sheet_name(name: str, number: int) -> str:
    """As spreadsheet programs allow it: 31 characters, without some signs, no two alike."""
    plain = "".join(sign for sign in name if sign not in NAME_BANNED).strip()
    tail = "" if number == 1 else f" {number}"
    return plain[: NAME_MAX - len(tail)] + tail


def _chunks(file: IO[bytes], size: int = 65_536) -> Iterator[bytes]:
    with file:
        while chunk := file.read(size):
            yield chunk


def write_book(
    file: IO[bytes],
    columns: Sequence[SheetColumn],
    rows: Iterable[Any],
    lines: Sequence[str],
    rows_per_sheet: int = ROWS_PER_SHEET,
    *,
    name: str,
) -> None:
    """Writes the workbook; `lines` are the title, the as-of line and notes above the headings. `name`: what its
    sheets are called.
    """
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    source = iter(rows)
    first: list[Any] = []
    for number in count(1):
        page = book.add_worksheet(_sheet_name(name, number))
        _fill(book, page, columns, lines, chain(first, islice(source, rows_per_sheet - len(first))))
        first = list(islice(source, 1))
        if not first:
            break
    book.close()


def sheet(
    columns: Sequence[SheetColumn], rows: Iterable[Any], filename: str, *, lines: Sequence[str], name: str
) -> StreamingResponse:
    """The list as a download named `filename` (without suffix), its sheet named `name`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the last chunk is sent
    write_book(file, columns, rows, lines, name=name)
    file.seek(0)
    quoted = quote(f"{filename}.xlsx", safe="")
    disposition = f"attachment; filename=\"list.xlsx\"; filename*=UTF-8''{quoted}"
    headers = {"Content-Disposition": disposition}
    return StreamingResponse(_chunks(file), media_type=MEDIA_TYPE, headers=headers)
