"""Two records of one home: who may have been registered twice, how sure that is, and why.

Apart from tablet and office because both ask: the tablet before a record is saved, the office over a whole county.
A ledger of double replacement names a home by the identity number and the address together, for one person may own
two homes; two surveyors who meet the same door offline more often agree on name, door and place. Nothing is decided
here: a likeness is a question to a person.

Homes are compared only where they share a key (identity number, or in one village door, name or its sound), never
each with each: 20,000 homes take well under a second.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal, TypeAlias

Grade: TypeAlias = Literal["certain", "likely"]
Code: TypeAlias = Literal["id_number", "name", "name_sound", "name_close", "door", "address", "near"]

NEAR_M: Final = 50.0
"""Two fixes taken at one gate lie within this distance; so do neighbours, so it never says anything alone."""
FAR_M: Final = 300.0
SHARED_MAX: Final = 40
"""A key that more homes share says little (a whole courtyard under one number): each is compared with the next only."""
EARTH_M: Final = 6_371_000.0


@dataclass(frozen=True)
class Home:
    """What is compared, as recorded. `location`: an XForms geopoint ("lat lon alt accuracy"); `sound`: the name in
    pinyin where somebody can spell it, without spaces."""

    id: str
    village: str
    head_name: str = ""
    id_number: str = ""
    door_number: str = ""
    address: str = ""
    location: str = ""
    sound: str = ""

    @cached_property
    def name(self) -> str:
        return plain_name(self.head_name)

    @cached_property
    def door(self) -> str:
        found = plain_door(self.door_number)
        return found if re.search("[1-9]", found) else ""  # 无 and 0 name no door

    @cached_property
    def number(self) -> str:
        return re.sub(r"\s", "", unicodedata.normalize("NFKC", self.id_number)).upper()

    @cached_property
    def place(self) -> tuple[float, float] | None:
        return point(self.location)


@dataclass(frozen=True)
class Reason:
    """Why two records may be one home. `metres`: how far apart, for the code `near`."""

    code: Code
    metres: int | None = None


@dataclass(frozen=True)
class Likeness:
    """Two homes, the smaller id first, with how sure it is that they are one, and every reason."""

    one: str
    other: str
    grade: Grade
    reasons: tuple[Reason, ...]


def pairs(homes: Iterable[Home]) -> list[Likeness]:
    """Every two of the homes that may be one, certain ones first, then in order of ids."""
    found: dict[tuple[str, str], Likeness] = {}
    for block in _blocks(homes):
        several = combinations(block, 2) if len(block) <= SHARED_MAX else pairwise(block)
        for one, other in several:
            key = _ordered(one.id, other.id)
            if key not in found and (likeness := compare(one, other)):
                found[key] = likeness
    return sorted(found.values(), key=lambda each: (each.grade, each.one, each.other))


def like(home: Home, others: Iterable[Home]) -> list[Likeness]:
    """Those of the others that may be the same home, certain ones first."""
    found = (compare(home, other) for other in others if other.id != home.id)
    return sorted((each for each in found if each), key=lambda each: (each.grade, each.one, each.other))


def compare(one: Home, other: Home) -> Likeness | None:
    """Whether two records may be one home; None where nothing speaks for it."""
    here = one.village == other.village
    same_number = bool(one.number) and one.number == other.number
    door = here and bool(one.door) and one.door == other.door
    name = _names_alike(one, other)
    apart = distance_m(one.place, other.place) if one.place and other.place else None
    near = here and apart is not None and apart <= NEAR_M
    address = here and len(one.address) > 1 and plain_door(one.address) == plain_door(other.address)
    at_one_place = door or address or near
    other_person = bool(one.number and other.number) and not same_number
    beside = near and name in ("name", "name_sound") and not other_person  # a namesake may live next door
    if not (same_number or beside or (door and (name or near))):
        return None
    contradicted = other_person or (apart is not None and apart > FAR_M)
    sure = (same_number and at_one_place) or (name == "name" and door and not contradicted)
    reasons = [Reason("id_number")] if same_number else []
    reasons += [Reason(name)] if name else []
    reasons += [Reason("door")] if door else []
    reasons += [Reason("address")] if address else []
    reasons += [Reason("near", round(apart))] if near and apart is not None else []
    return Likeness(*_ordered(one.id, other.id), "certain" if sure else "likely", tuple(reasons))


def _blocks(homes: Iterable[Home]) -> Iterator[list[Home]]:
    """Homes that share a key, in order of their ids."""
    by_key: dict[tuple[str, ...], list[Home]] = {}
    for home in sorted(homes, key=lambda each: each.id):
        for key in _keys(home):
            by_key.setdefault(key, []).append(home)
    yield from (block for block in by_key.values() if len(block) > 1)


def _keys(home: Home) -> Iterator[tuple[str, ...]]:
    if home.number:
        yield ("number", home.number)
    if home.door:
        yield ("door", home.village, home.door)
    if home.name:
        yield ("name", home.village, home.name)
    if home.sound:
        yield ("sound", home.village, home.sound)


def _ordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


# --- names -----------------------------------------------------------------------------------------------------

# A traditional or variant form, followed by the form it is compared as.
_VARIANTS: Final = (
    "張张劉刘陳陈楊杨趙赵黃黄吳吴孫孙馬马鄭郑羅罗許许鄧邓馮冯蕭萧鄒邹葉叶閻阎閆阎闫阎潘潘餘余鐘钟鍾钟譚谭賈贾韋韦範范龍龙喬乔賴赖龔龚"
    "蘇苏盧卢蔣蒋呂吕魏魏韓韩譚谭陸陆嚴严顧顾錢钱湯汤齊齐莊庄顏颜聶聂牛牛連连紀纪邊边薊蓟車车項项"
    "國国華华偉伟強强彊强軍军東东榮荣貴贵蘭兰鳳凤鵬鹏飛飞鴻鸿誌志愛爱寶宝寳宝賓宾昇升陞升豐丰學学興兴義义樹树"
    "會会長长萬万葉叶雲云麗丽蓮莲蕓芸芸芸英英霞霞紅红艷艳豔艳靜静嬌娇娟娟潔洁輝辉煇辉燁烨曄晔傑杰堅坚勝胜勛勋勳勋"
    "峯峰崗岗嶽岳巖岩喆哲堃坤崑昆崐昆淩凌冰冰雙双號号鎖锁鐵铁銀银錦锦鋒锋鋼钢鎮镇鑫鑫銘铭瑩莹瓊琼璽玺環环"
    "發发啟启啓启慶庆懷怀憲宪應应戰战禮礼祿禄禎祯穎颖頴颖積积維维綱纲緒绪繼继續续緯纬純纯紹绍統统縣县臨临"
    "舉举藝艺蘊蕴衛卫裏里裡里襄襄見见規规覺觉諒谅謙谦證证賢贤質质躍跃達达運运遠远選选鄉乡開开陽阳隨随雋隽"
    "順顺領领頭头頂顶顯显風风馳驰驗验驕骄髙高鳴鸣鶴鹤麥麦黨党齡龄淸清靑青産产亜亚亞亚來来倫伦億亿儉俭兒儿"
)
_PLAIN: Final = str.maketrans(dict(zip(_VARIANTS[::2], _VARIANTS[1::2], strict=True)))


def plain_name(name: str) -> str:
    """A name as it is compared: full-width and variant forms made one, without spaces and middle dots."""
    told = unicodedata.normalize("NFKC", name).translate(_PLAIN)
    return re.sub(r"[\s·•・.]", "", told).lower()


def _names_alike(one: Home, other: Home) -> Literal["name", "name_sound", "name_close"] | None:
    if not one.name or not other.name:
        return None
    if one.name == other.name:
        return "name"
    if one.sound and one.sound == other.sound:
        return "name_sound"
    return "name_close" if _one_apart(one.name, other.name) else None


def _one_apart(one: str, other: str) -> bool:
    """Whether one character was written otherwise, left out or added. A two-character name must keep its surname."""
    if len(one) == len(other):
        unlike = [at for at in range(len(one)) if one[at] != other[at]]
        return len(unlike) == 1 and (len(one) > 2 or unlike[0] > 0)
    short, long = sorted((one, other), key=len)
    return (
        len(long) - len(short) == 1
        and len(short) > 1
        and any(long[:at] + long[at + 1 :] == short for at in range(1, len(long)))
    )


# --- door numbers ----------------------------------------------------------------------------------------------

_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "○": 0, "两": 2, "兩": 2, "壹": 1, "贰": 2, "貳": 2, "叁": 3, "參": 3, "肆": 4, "伍": 5, "陆": 6,
    "陸": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS: Final = {"廿": 20, "卅": 30}
_NUMERAL: Final = re.compile("[" + "".join([*_DIGITS, *_UNITS, *_TENS]) + "]+")
_PARTING: Final = re.compile(r"[组組队隊排巷弄栋棟幢院单元單室\-‐‑–—/\\.,、，。_#]+")
_IDLE: Final = re.compile(r"[\s号號户戶第门門牌()（）:：]+")


def plain_door(door: str) -> str:
    """A door number as it is compared: 三组十二号, 3组12號 and "3 - 012" are all "3-12"."""
    told = unicodedata.normalize("NFKC", door).lower().translate(_PLAIN)
    told = _NUMERAL.sub(lambda found: str(number_of(found[0])), told)
    told = _IDLE.sub("", _PARTING.sub("-", told)).strip("-")
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0") or "0", re.sub("-+", "-", told))


def number_of(numeral: str) -> int:
    """A Chinese numeral below ten thousand: 十二, 二百零三, 廿一, or digit by digit as in 二〇三."""
    if not any(sign in _UNITS or sign in _TENS for sign in numeral):
        return int("".join(str(_DIGITS[sign]) for sign in numeral))
    total, digit = 0, 0
    for sign in numeral:
        if sign in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[sign], 0
        elif sign in _TENS:
            total, digit = total + _TENS[sign], 0
        else:
            digit = _DIGITS[sign]
    return total + digit


# --- places ----------------------------------------------------------------------------------------------------


def point(location: str) -> tuple[float, float] | None:
    """Latitude and longitude of a geopoint in degrees; None where it is empty or none."""
    parts = location.split()
    try:
        lat, lon = float(parts[0]), float(parts[1])
    except (IndexError, ValueError):
        return None
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two places on the globe."""
    lat, lon, lat2, lon2 = map(radians, (*one, *other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(half))
