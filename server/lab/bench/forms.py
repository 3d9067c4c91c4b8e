"""The bench's two forms: a registration that saves thirty properties of one household, and an edit of two of them.

The registration is the released household form without its coal part (a second entity) and with four questions
about the building, so that what is checked, merged and counted is what a county's own records go through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import survey_forms
from survey_forms.form import Form
from survey_forms.xform import parse

REGISTRATION: Final = "bench_registration"
EDIT: Final = "bench_edit"
VERSION: Final = "1"
EDITED: Final = ("phone", "residents_n")

_LABEL: Final = ("label::中文 (zh)", "label::English (en)")
_BUILDING: Final = (
    ("integer", "built_year", "建成年份", "Built in the year", ". >= 1900 and . <= 2020"),
    ("select_one walls", "walls", "墙体", "Walls", ""),
    ("select_one windows", "windows", "窗户", "Windows", ""),
    ("text", "meter_number", "电表号", "Meter number", "regex(., '^[0-9]{10}$')"),
)
_CHOICES: Final = (
    ("walls", "brick", "砖", "Brick"),
    ("walls", "stone", "石", "Stone"),
    ("walls", "insulated", "有保温层", "Insulated"),
    ("windows", "single", "单层玻璃", "Single pane"),
    ("windows", "double", "双层玻璃", "Double pane"),
)
_EDIT: Final = """
| survey |
| | type | name | label::中文 (zh) | label::English (en) | required | constraint | save_to |
| | hidden | household_id | | | | | |
| | text | phone | 联系电话 | Telephone | yes | regex(., '^1[3-9][0-9]{9}$') | phone |
| | integer | residents_n | 冬季常住人数 | Residents in winter | yes | . >= 0 and . <= 20 | residents_n |
| settings |
| | form_title | form_id | version | default_language |
| | 更正（测量用） | bench_edit | 1 | 中文 (zh) |
| entities |
| | list_name | entity_id | update_if | label |
| | household | ${household_id} | true() | ${phone} |
"""


def documents() -> list[tuple[str, str, str]]:
    """(form id, version, XML) of both."""
    # pyxform takes a second to import, and most commands do without it.
    from pyxform.xls2json_backends import md_to_dict
    from pyxform.xls2xform import convert

    source = Path(survey_forms.__file__).parent / "forms" / "household.md"
    registration = _registration(md_to_dict(source.read_text(encoding="utf-8")))
    return [
        (form, VERSION, convert(sheets, form_name="data").xform)
        for form, sheets in ((REGISTRATION, registration), (EDIT, md_to_dict(_EDIT)))
    ]


def parsed(made: Iterable[tuple[str, str, str]]) -> dict[str, Form]:
    """Form id → the form."""
    return {form: parse(xml) for form, _, xml in made}


def _registration(sheets: dict[str, Any]) -> dict[str, Any]:
    choices = [
        {"list_name": of, "name": name} | dict(zip(_LABEL, labels, strict=True))
        for of, name, *labels in _CHOICES
    ]
    settings = [
        row | {"form_title": "入户登记（测量用）", "form_id": REGISTRATION, "version": VERSION}
        for row in sheets["settings"]
    ]
    return sheets | {
        "survey": [*_without_coal(sheets["survey"]), *_building()],
        "choices": [*sheets["choices"], *choices],
        "settings": settings,
        "entities": [row for row in sheets["entities"] if row["list_name"] == "household"],
    }


def _without_coal(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    inside = False
    for row in rows:
        inside = inside or (row["type"] == "begin_group" and row["name"] == "coal")
        if not inside and row.get("name") != "coal_use_id":
            yield row
        inside = inside and row["type"] != "end_group"


def _building() -> Iterator[dict[str, str]]:
    yield {"type": "begin_group", "name": "building"}
    for kind, name, zh, en, constraint in _BUILDING:
        row = {"type": kind, "name": name, "save_to": f"household#{name}"} | dict(
            zip(_LABEL, (zh, en), strict=True)
        )
        yield row | ({"constraint": constraint} if constraint else {})
    yield {"type": "end_group"}
