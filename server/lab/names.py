"""Names, numbers and doors of people who do not exist.

Apart from the county's figures because each of these must be recognisable as made up and yet pass every check
a real one passes: whoever looks at a row must never wonder whether somebody is meant.
"""

from collections.abc import Sequence
from datetime import date
from random import Random

# Families per thousand, roughly as surnames are spread in the south-east of Shanxi; see README.md.
_SURNAMES = {
    "王": 118, "张": 108, "李": 99, "刘": 58, "赵": 44, "郭": 38, "杨": 33, "任": 19,
    "武": 17, "贾": 16, "马": 16, "韩": 16, "田": 15, "侯": 14, "高": 14, "秦": 14,
    "原": 14, "司": 13, "牛": 13, "陈": 13, "段": 12, "常": 12, "成": 11, "申": 11,
    "靳": 10, "苗": 10, "卫": 9, "梁": 9, "闫": 9, "薛": 8, "樊": 8, "焦": 8,
    "孔": 7, "和": 7, "孟": 7, "宋": 7, "崔": 7, "冯": 7, "许": 6, "吴": 6,
    "史": 6, "董": 6, "范": 5, "魏": 5, "都": 4, "聂": 4, "裴": 4, "琚": 3,
    "上官": 2, "司马": 1,
}  # fmt: skip
_FIRST = {
    "国": 9, "建": 9, "志": 8, "小": 8, "秀": 8, "玉": 8, "永": 7, "文": 7,
    "晋": 7, "红": 7, "爱": 6, "明": 6, "桂": 6, "春": 6, "海": 6, "天": 5,
    "金": 5, "素": 5, "俊": 5, "学": 4, "广": 4, "福": 4, "兴": 4, "雪": 3,
}  # fmt: skip
_SECOND = {
    "强": 8, "军": 8, "明": 8, "平": 8, "英": 8, "兰": 8, "生": 7, "林": 7,
    "花": 6, "梅": 6, "芳": 6, "珍": 6, "华": 6, "太": 5, "香": 5, "云": 5,
    "霞": 5, "义": 5, "旺": 4, "锁": 4, "虎": 4, "莲": 4, "亮": 4, "琴": 4,
}  # fmt: skip
# Real names hold characters that fonts, databases and printers stumble over; some household must have them.
_RARE = ("䶮", "㛃", "𬍛")
_RARE_SHARE = 0.004
_ONE_CHARACTER_SHARE = 0.22

# 154 has been given to no operator, so nobody's telephone rings.
_PHONE_PREFIX = "154"
_STREETS = ("凤台街", "丹河路", "新市街", "文昌街", "迎宾路", "府城路")
_BIRTH_SHIFT_YEARS = 120


def person_name(rng: Random) -> str:
    """A surname and a given name of one or two characters, about one in 250 with a rare character."""
    surname = _weighted(rng, _SURNAMES)
    if rng.random() < _RARE_SHARE:
        return surname + rng.choice(_RARE)
    if rng.random() < _ONE_CHARACTER_SHARE:
        return surname + _weighted(rng, _SECOND)
    return surname + _weighted(rng, _FIRST) + _weighted(rng, _SECOND)


def resident_number(rng: Random, county: str, age_years: int) -> str:
    """An 18-character resident number with a valid check character that nobody can hold.

    `county` is its six-digit division. The date of birth lies 120 years too early, in the nineteenth century:
    numbers of 18 characters were introduced in 1999, and nobody born then has ever been given one.
    """
    year = 2020 - age_years - _BIRTH_SHIFT_YEARS
    born = date(year, rng.randint(1, 12), rng.randint(1, 28))
    return with_check_character(f"{county}{born:%Y%m%d}{rng.randint(1, 999):03d}")


def with_check_character(body: str) -> str:
    """Append the check character of ISO 7064 MOD 11-2 (GB 11643) to 17 digits."""
    assert len(body) == 17 and body.isdigit(), body
    remainder = 0
    for digit in body:
        remainder = (remainder + int(digit)) * 2 % 11
    return body + "0123456789X"[(12 - remainder) % 11]


def phone_number(rng: Random) -> str:
    return _PHONE_PREFIX + f"{rng.randrange(10**8):08d}"


def door_number(rng: Random, index: int, area_class: str | None) -> str:
    """The door of the `index`-th household (from 0) of a village; unique within it."""
    if area_class == "built_up":
        building, rest = divmod(index, 24)
        unit, flat = divmod(rest, 12)
        return f"{building + 1}号楼{unit + 1}单元{flat // 2 + 1}0{flat % 2 + 1}"
    if area_class == "fringe" and rng.random() < 0.4:
        return f"{rng.choice(_STREETS)}{index + 1}号"
    return f"{index // 30 + 1}组{index % 30 + 1}号"


def _weighted(rng: Random, weights: dict[str, int]) -> str:
    names: Sequence[str] = tuple(weights)
    return rng.choices(names, tuple(weights.values()))[0]
