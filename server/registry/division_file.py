"""Reading a file of divisions: every fault with its row and column, and never half a file.

The file is a CSV (possibly gzipped) with the columns code, name, level, parent, urban_rural_code, written
in UTF-8 or, as Chinese Excel does, in GB18030. A fault is an issue in a list: one bad line never hides the
next. Rows count as a spreadsheet counts them, the heading being row 1.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from server.registry.rules import LEVELS, URBAN_RURAL_CODES, level_of, parent_of

COLUMNS: Final = ("code", "name", "level", "parent", "urban_rural_code")
BYTES_MAX: Final = 200_000_000
NAME_CHARS_MAX: Final = 100


@dataclass(frozen=True)
class Issue:
    """One fault: row (0: the whole file), column ("": the whole row), what is wrong, and what to do."""

    row: int
    column: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"第 {self.row} 行" if self.row else "文件"
        column = f"，{self.column} 列" if self.column else ""
        value = f"“{self.value}”" if self.value else ""
        return f"{where}{column}{value}：{self.message}{self.remedy}"


@dataclass(frozen=True)
class DivisionLine:
    """One good row, with the row number it came from."""

    row: int
    code: str
    name: str
    level: str
    parent: str
    urban_rural_code: str


@dataclass(frozen=True)
class DivisionFile:
    """What was read: all rows that can be understood, and every fault. Import only when `issues` is empty."""

    lines: tuple[DivisionLine, ...]
    issues: tuple[Issue, ...]
    encoding: str


def read_divisions(data: bytes, known: Collection[str] = ()) -> DivisionFile:
    """Reads a whole file. `known`: codes the register already has, under which a row may stand too."""
    text, encoding, fault = _decoded(data)
    if fault is not None:
        return DivisionFile((), (fault,), encoding)
    try:
        rows = _rows(text)
    except csv.Error:
        message = "有一个单元格长得读不下去，多半是少了一个引号。"
        return DivisionFile((), (Issue(0, "", "", message, "请检查文件中的双引号是否成对。"),), encoding)
    header = [cell.strip() for _, cell_row in rows[:1] for cell in cell_row]
    issues = list(_header_issues(header))
    if issues:
        return DivisionFile((), tuple(issues), encoding)
    lines: list[DivisionLine] = []
    for number, cells in rows[1:]:
        line, found = _line(number, header, cells)
        issues += found
        if line is not None:
            lines.append(line)
    if not rows[1:]:
        issues.append(Issue(0, "", "", "文件里没有任何区划。", "请检查是否选错了文件。"))
    issues += _between_rows(lines, known)
    issues.sort(key=lambda issue: (issue.row, COLUMNS.index(issue.column) if issue.column else -1))
    return DivisionFile(tuple(lines), tuple(issues), encoding)


def _decoded(data: bytes) -> tuple[str, str, Issue | None]:
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(BYTES_MAX + 1)
        except (OSError, EOFError, zlib.error):
            return "", "", Issue(0, "", "", "压缩包损坏，无法解开。", "请重新取得文件后再导入。")
    if len(data) > BYTES_MAX:
        return "", "", Issue(0, "", "", "文件超过 200 MB。", "请按市或县拆分后分别导入。")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:1000]:
        remedy = "请在 Excel 中另存为“CSV UTF-8（逗号分隔）”后再导入。"
        return "", "", Issue(0, "", "", "文件不是文本，或是 UTF-16 编码。", remedy)
    # The encoding that carries furthest is the one that was meant; there lies the fault.
    at = 0
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding), encoding.removesuffix("-sig"), None
        except UnicodeDecodeError as error:
            at = max(at, error.start)
    row = data[:at].count(b"\n") + 1
    remedy = "请用 UTF-8 或 GB18030 编码重新保存后再导入。"
    message = f"第 {at + 1} 个字节既不是 UTF-8 也不是 GB18030 编码。"
    return "", "", Issue(row, "", "", message, remedy)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Rows that say anything, numbered as a text editor numbers the line each one ends on."""
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""))
    return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]


def _header_issues(header: list[str]) -> Iterator[Issue]:
    expected = "表头应为 " + ",".join(COLUMNS) + "。"
    for column in COLUMNS:
        if header.count(column) == 0:
            yield Issue(1, column, "", "表头缺少这一列。", expected)
        elif header.count(column) > 1:
            yield Issue(1, column, "", "表头中这一列出现了不止一次。", expected)
    for column in header:
        if column not in COLUMNS:
            yield Issue(1, "", column, "表头中有不认识的列。", expected)


def _line(row: int, header: list[str], cells: list[str]) -> tuple[DivisionLine | None, list[Issue]]:
    if len(cells) != len(header):
        message = f"应有 {len(header)} 个单元格，实有 {len(cells)} 个。"
        return None, [Issue(row, "", "", message, "请检查是否多写或漏写了逗号。")]
    said = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    issues = [*_code_issues(row, said), *_text_issues(row, said)]
    line = DivisionLine(row, *(said[column] for column in COLUMNS))
    # A row whose code cannot be read would only raise faults about its neighbours.
    return (None if any(issue.column == "code" for issue in issues) else line), issues


def _code_issues(row: int, said: dict[str, str]) -> Iterator[Issue]:
    code, level, parent = said["code"], said["level"], said["parent"]
    if not (len(code) == 12 and code.isascii() and code.isdigit()):
        remedy = "请补足前导或末尾的 0；用 Excel 打开过的，请先把该列设为文本。"
        yield Issue(row, "code", code, f"代码应为 12 位数字，现为 {len(code)} 个字符。", remedy)
        return
    right = level_of(code)
    if level not in LEVELS:
        yield Issue(row, "level", level, "不是区划级别。", "请填 " + "、".join(LEVELS) + " 之一。")
    elif level != right:
        yield Issue(
            row, "level", level, f"与代码 {code} 不符。", f"这个代码属于 {right} 级，请改正其中之一。"
        )
    if parent != parent_of(code):
        wanted = parent_of(code) or "空"
        yield Issue(row, "parent", parent, f"不是代码 {code} 的上级。", f"应为{wanted}，请改正其中之一。")


def _text_issues(row: int, said: dict[str, str]) -> Iterator[Issue]:
    name, urban_rural = said["name"], said["urban_rural_code"]
    if not name:
        yield Issue(row, "name", "", "名称是空的。", "请填写区划名称。")
    elif len(name) > NAME_CHARS_MAX:
        yield Issue(row, "name", name[:20] + "…", "名称超过 100 个字。", "请检查是否串行。")
    elif not name.isprintable() or not any(character >= "\u3400" for character in name):
        yield Issue(
            row, "name", name[:40], "名称里没有汉字或有乱码。", "请检查文件编码是否为 UTF-8 或 GB18030。"
        )
    if urban_rural and urban_rural not in URBAN_RURAL_CODES:
        remedy = "请填 " + "、".join(URBAN_RURAL_CODES) + " 之一，没有就留空。"
        yield Issue(row, "urban_rural_code", urban_rural, "不是城乡分类代码。", remedy)
    elif urban_rural and said["level"] in LEVELS[:-1]:
        yield Issue(row, "urban_rural_code", urban_rural, "只有村级才有城乡分类代码。", "请清空这一格。")


def _between_rows(lines: list[DivisionLine], known: Collection[str]) -> Iterator[Issue]:
    first: dict[str, int] = {}
    for line in lines:
        if line.code in first:
            remedy = "请删去其中一行。"
            yield Issue(line.row, "code", line.code, f"与第 {first[line.code]} 行重复。", remedy)
        first.setdefault(line.code, line.row)
    for line in lines:
        missing = line.parent and line.parent not in first and line.parent not in known
        # A wrong parent was named already; this is about a right one that is nowhere.
        if missing and line.parent == parent_of(line.code):
            remedy = "请在文件中补上这一级，或先导入它所在的区划表。"
            yield Issue(line.row, "parent", line.parent, "上级不在文件中，也不在已导入的区划里。", remedy)
