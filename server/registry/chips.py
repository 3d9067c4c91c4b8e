"""The filters in use as words, each with the address that does without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from server.registry import selections
from server.registry.filters import CHOICES, HouseholdFilter
from server.registry.vocabulary import CONVERSION_KINDS, STATE_NAMES
from server.web import N_
from server.web.language import Language, labelled, translate

TITLES: Final = {
    "area": N_("区划"),
    "q": N_("搜索"),
    "area_class": N_("区域类别"),
    "heating": N_("取暖情况"),
    "situation": N_("是否清洁"),
    "m2": N_("采暖面积"),
    "device": N_("现用取暖设备"),
    "fuel": N_("现用取暖能源"),
    "reason": N_("不取暖的原因"),
    "hardship": N_("困难类别"),
    "visit": N_("走访结果"),
    "mountain": N_("山区"),
    "conflicts": N_("冲突"),
}


def chips(wanted: HouseholdFilter, home: str, area_name: str, lang: Language) -> list[tuple[str, str]]:
    """(label, address without this filter) for each filter in use; `home` is the area a list starts from."""
    return list(_chips(wanted, home, area_name, lang))


def _chips(wanted: HouseholdFilter, home: str, area_name: str, lang: Language) -> Iterator[tuple[str, str]]:
    say: Callable[..., str] = partial(translate, lang)
    if wanted.area != home:
        yield labelled(lang, TITLES["area"], area_name), wanted.address(area=home)
    if wanted.q:
        yield labelled(lang, TITLES["q"], wanted.q), wanted.address(q="")
    if wanted.kind:
        kinds = wanted.kind.split(",")
        kind = "、".join(say(CONVERSION_KINDS.get(each, CHOICES["kind"]["any"])) for each in kinds)
        since = f" ≥ {wanted.since}" if wanted.since else ""
        yield labelled(lang, STATE_NAMES[wanted.state], kind + since), wanted.address(kind="")
    if wanted.of:
        yield say(selections.label(wanted.of)), wanted.address(of="")
    for name, title in TITLES.items():
        value = str(getattr(wanted, name))
        if value and name in CHOICES:
            yield labelled(lang, title, say(CHOICES[name][value])), wanted.address(**{name: ""})
