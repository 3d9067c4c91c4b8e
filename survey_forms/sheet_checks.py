"""What this project asks of a form beyond what pyxform asks: every issue of a workbook at once.

pyxform stops at its first error and knows neither our properties nor that every word must exist in both
languages. These checks read plain rows, so they hold for .xlsx and for the text tables alike; `CHECKS` is the
index. A check takes the workbook and yields issues: a bad row never hides the next one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from survey_forms.properties import MASKED, MUST_SAVE, PROPERTIES, SECRET

LANGUAGES = ("中文 (zh)", "English (en)")
_QUESTIONS = {
    "text",
    "integer",
    "decimal",
    "date",
    "geopoint",
    "image",
    "note",
    "select_one",
    "select_multiple",
}
_BRACKETS = {"begin_group", "end_group", "begin_repeat", "end_repeat"}
TYPES = frozenset(_QUESTIONS | _BRACKETS | {"calculate", "hidden"})
SILENT = frozenset({"calculate", "hidden", "end_group", "end_repeat"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VERSION = re.compile(r"[0-9]{4}\.[0-9]+")
_REFERENCE = re.compile(r"\$\{\s*([^}]*?)\s*\}")


@dataclass(frozen=True)
class Issue:
    """One thing wrong in a form: the sheet, the row as a spreadsheet numbers it, what, and what to do."""

    sheet: str
    row: int | None
    what: str
    remedy: str

    def __str__(self) -> str:
        place = self.sheet + (f" 第{self.row}行" if self.row else "")
        return f"{place}：{self.what}。{self.remedy}。"


@dataclass(frozen=True)
class Row:
    """One row below the header: its number in the sheet, and its filled cells by column name."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def type(self) -> str:
        """The question type without its list: `select_one` of `select_one fuels`."""
        words = self["type"].split()
        joined = "_".join(words[:2])
        return joined if joined in TYPES else (words[0] if words else "")

    @property
    def choice_list(self) -> str:
        words = self["type"].split()
        return words[1] if self.type.startswith("select") and len(words) > 1 else ""


@dataclass(frozen=True)
class Workbook:
    """The sheets of one XLSForm: rows without the empty ones, and the column names of each sheet."""

    rows: Mapping[str, tuple[Row, ...]]
    columns: Mapping[str, frozenset[str]]

    def sheet(self, name: str) -> tuple[Row, ...]:
        return self.rows.get(name, ())


def check(book: Workbook) -> list[Issue]:
    """Return every issue of `book` in sheet and row order; an empty list if it may go on to pyxform."""
    found = [issue for one in CHECKS for issue in one(book)]
    order = ("settings", "survey", "choices", "entities")
    return sorted(found, key=lambda issue: (order.index(issue.sheet), issue.row or 0))


def _settings(book: Workbook) -> Iterator[Issue]:
    rows = book.sheet("settings")
    settings = rows[0] if rows else Row(2, {})
    for column in ("form_title", "form_id", "version"):
        if not settings[column]:
            yield Issue("settings", settings.number, f"缺少 {column}", f"在 settings 表填写 {column}")
    if settings["form_id"] and not re.fullmatch(r"[a-z][a-z0-9_]*", settings["form_id"]):
        yield Issue(
            "settings", settings.number, "form_id 只能用小写字母、数字和下划线", "改 form_id，例如 household"
        )
    if settings["version"] and not _VERSION.fullmatch(settings["version"]):
        yield Issue(
            "settings",
            settings.number,
            f"版本号“{settings['version']}”写法不对",
            "写成 年份.序号，例如 2020.1",
        )
    if settings["default_language"] != LANGUAGES[0]:
        yield Issue("settings", settings.number, "默认语言不是中文", f"default_language 填 {LANGUAGES[0]}")


def _languages(book: Workbook) -> Iterator[Issue]:
    for sheet in ("survey", "choices"):
        for language in LANGUAGES:
            if book.sheet(sheet) and f"label::{language}" not in book.columns.get(sheet, ()):
                yield Issue(sheet, 1, f"没有“label::{language}”这一列", "补上这一列，每行都填")


def _types(book: Workbook) -> Iterator[Issue]:
    for row in book.sheet("survey"):
        if row.type not in TYPES:
            known = "、".join(sorted(TYPES))
            yield Issue("survey", row.number, f"平板不认识题型“{row['type']}”", f"改用：{known}")


def _names(book: Workbook) -> Iterator[Issue]:
    first: dict[str, int] = {}
    for row in book.sheet("survey"):
        name = row["name"]
        if row.type in ("end_group", "end_repeat"):
            continue
        if not _NAME.fullmatch(name):
            yield Issue("survey", row.number, f"名称“{name}”不能用", "以字母开头，只用字母、数字和下划线")
        elif name in first:
            yield Issue(
                "survey", row.number, f"名称“{name}”与第{first[name]}行重复", "换一个名称，全表不得重复"
            )
        else:
            first[name] = row.number


def _missing(row: Row, column: str) -> list[str]:
    return [language for language in LANGUAGES if not row[f"{column}::{language}"]]


def _survey_translations(book: Workbook) -> Iterator[Issue]:
    for row in book.sheet("survey"):
        if row.type in SILENT:
            continue
        wanted = ["label"] if row.type in TYPES else []
        if row["required"] not in ("", "no", "false()"):
            wanted.append("required_message")
        if row["constraint"]:
            wanted.append("constraint_message")
        if any(row[f"hint::{language}"] for language in LANGUAGES):
            wanted.append("hint")
        for column in wanted:
            for language in _missing(row, column):
                yield Issue(
                    "survey", row.number, f"“{row['name']}”缺少 {column}::{language}", "补上这一格的文字"
                )


def _choices(book: Workbook) -> Iterator[Issue]:
    seen: dict[tuple[str, str], int] = {}
    for row in book.sheet("choices"):
        for language in _missing(row, "label"):
            yield Issue(
                "choices", row.number, f"选项“{row['name']}”缺少 label::{language}", "补上这一格的文字"
            )
        key = (row["list_name"], row["name"])
        if key in seen:
            yield Issue(
                "choices", row.number, f"{key[0]} 的选项“{key[1]}”与第{seen[key]}行重复", "删掉一行或换代码"
            )
        seen.setdefault(key, row.number)


def _choice_lists(book: Workbook) -> Iterator[Issue]:
    lists = {row["list_name"] for row in book.sheet("choices")}
    used = {row.choice_list for row in book.sheet("survey")}
    for row in book.sheet("survey"):
        if row.type.startswith("select") and row.choice_list not in lists:
            yield Issue(
                "survey",
                row.number,
                f"选项表“{row.choice_list}”不存在",
                "在 choices 表补上，或改题型中的表名",
            )
    for name in sorted(lists - used):
        first = next(row.number for row in book.sheet("choices") if row["list_name"] == name)
        yield Issue("choices", first, f"选项表“{name}”没有题目用到", "删掉，或检查题型中的表名")


def _references(book: Workbook) -> Iterator[Issue]:
    names = {row["name"] for row in book.sheet("survey")}
    for sheet in ("survey", "entities"):
        for row in book.sheet(sheet):
            used = {name for cell in row.cells.values() for name in _REFERENCE.findall(cell)}
            for name in sorted(used - names):
                yield Issue(sheet, row.number, f"引用的题目 ${{{name}}} 不存在", "核对题目名称的拼写")


def _nesting(book: Workbook) -> Iterator[Issue]:
    open_rows: list[Row] = []
    for row in book.sheet("survey"):
        verb, _, what = row.type.partition("_")
        if verb == "begin":
            open_rows.append(row)
        elif verb == "end":
            if not open_rows or open_rows[-1].type != f"begin_{what}":
                yield Issue(
                    "survey", row.number, f"多出的 {row.type}", f"补上对应的 begin_{what}，或删掉这行"
                )
            else:
                open_rows.pop()
    for row in open_rows:
        yield Issue(
            "survey", row.number, f"“{row['name']}”没有结束", f"补上 {row.type.replace('begin', 'end')}"
        )


def _save_to(book: Workbook) -> Iterator[Issue]:
    declared = {row["list_name"] for row in book.sheet("entities")}
    codes = _codes_by_list(book)
    first: dict[str, int] = {}
    for row in book.sheet("survey"):
        target = row["save_to"]
        if not target:
            continue
        dataset, _, name = target.partition("#")
        known = PROPERTIES.get(dataset, {})
        if name not in known:
            yield Issue(
                "survey", row.number, f"没有属性“{target}”", "写成 household#head_name 的样子，并核对属性表"
            )
        elif target in first:
            yield Issue(
                "survey", row.number, f"“{target}”与第{first[target]}行重复保存", "一个属性只由一题保存"
            )
        elif dataset not in declared:
            yield Issue("survey", row.number, f"实体“{dataset}”没有声明", "在 entities 表加一行")
        elif known[name]:
            for code in sorted(codes.get(row.choice_list, set()) - known[name]):
                yield Issue(
                    "survey", row.number, f"选项“{code}”不是 {target} 的代码", "改选项代码，或先扩充属性表"
                )
        first.setdefault(target, row.number)


def _codes_by_list(book: Workbook) -> dict[str, set[str]]:
    codes: dict[str, set[str]] = {}
    for row in book.sheet("choices"):
        codes.setdefault(row["list_name"], set()).add(row["name"])
    return codes


def _entities(book: Workbook) -> Iterator[Issue]:
    saved = {row["save_to"] for row in book.sheet("survey")}
    counted = Counter(row["list_name"] for row in book.sheet("entities"))
    for row in book.sheet("entities"):
        dataset = row["list_name"]
        if dataset not in PROPERTIES:
            yield Issue(
                "entities", row.number, f"没有实体“{dataset}”", f"改用：{'、'.join(sorted(PROPERTIES))}"
            )
        if counted[dataset] > 1:
            yield Issue(
                "entities", row.number, f"实体“{dataset}”声明了不止一次", "一份记录里每种实体只能有一个"
            )
        for name in sorted(MUST_SAVE.get(dataset, frozenset())):
            if f"{dataset}#{name}" not in saved:
                yield Issue(
                    "entities", row.number, f"没有题目保存 {dataset}#{name}", "加一行 calculate 来保存它"
                )


def _secrets_are_masked(book: Workbook) -> Iterator[Issue]:
    """What saves to a secret property, or is worked into it, must not be read by whoever opens the record."""
    rows = {row["name"]: row for row in book.sheet("survey")}
    for row in rows.values():
        dataset, _, name = row["save_to"].partition("#")
        if name not in SECRET.get(dataset, frozenset()):
            continue
        named = (rows.get(each) for each in _REFERENCE.findall(row["calculation"]))
        for asked in [each for each in named if each] if row.type == "calculate" else [row]:
            if MASKED not in asked["appearance"].split():
                yield Issue(
                    "survey", asked.number, f"“{asked['name']}”会存入保密的 {row['save_to']}，却没有遮盖",
                    f"appearance 填 {MASKED}",
                )  # fmt: skip


def _repeats_save_nothing(book: Workbook) -> Iterator[Issue]:
    depth = 0
    for row in book.sheet("survey"):
        depth += {"begin_repeat": 1, "end_repeat": -1}.get(row.type, 0)
        if depth > 0 and row["save_to"]:
            yield Issue(
                "survey", row.number, "重复组内的题目不能保存到实体", "在组外用 calculate 汇总后再保存"
            )


CHECKS: tuple[Callable[[Workbook], Iterator[Issue]], ...] = (
    _settings,
    _languages,
    _types,
    _names,
    _survey_translations,
    _choices,
    _choice_lists,
    _references,
    _nesting,
    _save_to,
    _entities,
    _secrets_are_masked,
    _repeats_save_nothing,
)
