"""The shape of a subsidy schedule: which fields there are, and what each may hold.

Apart from what the parts must say of each other (`schedule_check.py`), because that reads only parts whose
shape is sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from server.programme.document import (
    TEXTS,
    Check,
    Fault,
    day,
    fault,
    fields,
    mapping,
    matching,
    one_of,
    several,
    text,
    whole,
)
from server.subsidies import money
from server.subsidies.vocabulary import (
    COMPONENTS,
    CONSTRUCTION,
    DEVICE_CODES,
    HARDSHIP_CLASSES,
    KINDS,
    LEVELS,
    OPERATING,
)

FORMAT: Final = "cleanheat-subsidy/1"
YEAR_MIN: Final = 2013
YEAR_MAX: Final = 2099
SEASONS_MAX: Final = 20


def amount(value: Any, path: str) -> Iterator[Fault]:
    """An amount in yuan, as text: a number of JSON would already have passed through a float."""
    if not isinstance(value, str):
        yield fault(path, value, "金额应为文字。", '请加引号，以元为单位，例如 "5000.00"。')
        return
    try:
        if money.fen(value) < 0:
            yield fault(path, value, "金额是负数。", "请填 0 或正数。")
    except money.MoneyFault as found:
        yield fault(path, value, found.message, found.remedy)


def ratio(value: Any, path: str) -> Iterator[Fault]:
    sound = isinstance(value, str) and re.fullmatch(r"\d{1,6}/[1-9]\d{0,5}|[01](\.\d{1,6})?", value, re.ASCII)
    if not sound or Fraction(value) > 1:
        yield fault(path, value, "不是比例。", '请填 0 到 1 之间的数并加引号，例如 "1/2" 或 "0.3"。')


def _month_day(value: Any, path: str) -> Iterator[Fault]:
    # 2019 is no leap year: a season can not begin on a day that most years lack.
    if not isinstance(value, str) or list(day(f"2019-{value}", "")):
        yield fault(path, value, "不是月日。", "请按 11-15 这样填写每年都有的日子。")


AMOUNTS: Final = mapping(matching(r"\d{4}", "四位年份"), amount, least=1)
YEAR: Final = whole(YEAR_MIN, YEAR_MAX)
KIND_LIST: Final = several(one_of(*KINDS), least=1)
COMPONENT_LIST: Final = several(one_of(*COMPONENTS), least=1)
CLASSES: Final = several(one_of(*HARDSHIP_CLASSES), least=1)
_NARROWED: Final[Mapping[str, Check]] = {
    "devices": several(one_of(*DEVICE_CODES), least=1),
    "tiers": several(text, least=1),
}
RATE: Final = fields(
    {"kinds": KIND_LIST, "amounts": AMOUNTS},
    {
        **_NARROWED,
        "per": one_of("household", "m2"),
        "area_max_m2": matching(r"[1-9]\d{0,4}(\.\d{1,2})?", '平方米数并加引号，例如 "100"'),
        "remark": TEXTS,
    },
)
SILENT: Final = fields({"kinds": KIND_LIST, "remark": TEXTS}, {**_NARROWED, "years": several(YEAR, least=1)})
SHARES: Final = fields(
    {"of": mapping(one_of(*LEVELS), ratio, least=1), "remainder": one_of(*LEVELS)}, {"remark": TEXTS}
)
HARDSHIP_SECTION: Final = fields(
    {
        "supplements": several(
            fields(
                {"classes": CLASSES, "with": one_of(CONSTRUCTION, OPERATING), "amount": amount},
                {"kinds": KIND_LIST, "remark": TEXTS},
            )
        ),
        "full_cover": several(fields({"classes": CLASSES}, {"limit": amount, "remark": TEXTS})),
        "silent": several(fields({"classes": CLASSES, "remark": TEXTS})),
    },
    {"shares": SHARES},
)
DOCUMENT: Final = fields(
    {
        "format": one_of(FORMAT),
        "id": matching(r"[a-z0-9][a-z0-9-]{0,63}", "小写字母、数字和连字符"),
        "version": matching(r"[0-9A-Za-z][0-9A-Za-z.]{0,15}", "版本号，例如 1 或 2020.1"),
        "area": matching(r"\d{4}|\d{6}", "4 位市级或 6 位县级区划代码"),
        "example": one_of(True, False),
        "title": TEXTS,
        "source": fields(
            {"title": text, "original_seen": one_of(True, False)},
            {"number": text, "issuer": text, "dated": day, "item": text, "read_at": text, "remark": TEXTS},
        ),
        "effective": fields({"from": day, "to": day}, {"remark": TEXTS}),
        "tiers": mapping(
            text,
            fields(
                {"title": TEXTS, "counties": mapping(matching(r"\d{6}", "6 位县级区划代码"), text, least=1)}
            ),
            least=1,
        ),
        "conversion_years": fields(
            {
                "from": YEAR,
                "to": YEAR,
                "of": one_of("signed", "installed", "connected", "accepted"),
                "remark": TEXTS,
            }
        ),
        "rounding": fields({"unit": one_of("fen"), "rule": one_of("half_up")}),
        "construction": fields(
            {
                "per_household": whole(1, 9),
                "rates": several(RATE),
                "silent": several(SILENT),
                "shares": SHARES,
            },
            {"remark": TEXTS},
        ),
        "operating": fields(
            {
                "rates": several(RATE),
                "silent": several(SILENT),
                "seasons": mapping(matching(r"\d{4}", "四位年份"), whole(0, SEASONS_MAX), least=1),
                "window": fields({"first": YEAR, "last": YEAR}),
                "season": fields({"begins": _month_day, "ends": _month_day}),
                "due": one_of("season_begins", "season_ends"),
                "shares": SHARES,
            },
            {"remark": TEXTS},
        ),
        "hardship": HARDSHIP_SECTION,
        "caps": several(
            fields(
                {
                    "per": one_of("household", "total"),
                    "components": COMPONENT_LIST,
                    "amount": amount,
                    "remark": TEXTS,
                }
            )
        ),
        "exclusions": several(
            fields(
                {
                    "what": one_of("self_converted", "not_heated", "demolition"),
                    "components": COMPONENT_LIST,
                    "remark": TEXTS,
                },
                {"within_years": whole(0, 10)},
            )
        ),
    },
    {"mark": TEXTS, "replaces": text},
)
