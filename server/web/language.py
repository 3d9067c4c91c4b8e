"""Chinese first, English beside it.

The Chinese text itself is the message id, so a page reads as it will be seen and a missing translation
shows Chinese, never a key. Each capability keeps its English in its own en.json; a test walks all
templates and all `N_` marks and finds any text that lacks one. A choice of language is kept in a cookie,
because an office shares its links and a link should not decide what language the next reader gets.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from starlette.requests import Request

from server.web.figures import position

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
LANGUAGE_COOKIE: Final = "lang"
CAPABILITIES: Final = Path(__file__).resolve().parent.parent


def N_(msgid: str) -> str:  # noqa: N802 - the name gettext readers expect
    """Marks a text for translation where it is written down and not yet shown."""
    return msgid


@lru_cache(maxsize=1)
def english() -> dict[str, str]:
    """Every capability's en.json in one table: Chinese text to English text."""
    table: dict[str, str] = {}
    for path in sorted(CAPABILITIES.glob("*/en.json")):
        table.update(json.loads(path.read_text(encoding="utf-8")))
    return table


def translate(lang: Language, msgid: str, **values: object) -> str:
    """The text in the language asked for, its {places} filled; Chinese where there is no English."""
    text = english().get(msgid, msgid) if lang == "en" else msgid
    return text.format(**values) if values else text


def labelled(lang: Language, label: str, value: str) -> str:
    """A message id and what it is said of, joined as each language does: 区域：金村镇."""
    return translate(lang, N_("{label}：{value}"), label=translate(lang, label), value=value)


def located(lang: Language, text: str) -> str:
    """A recorded position in words; what is none stays as it was recorded."""
    found = position(text)
    if found is None:
        return text
    latitude, longitude, off = found
    said = translate(lang, N_("纬度 {latitude}°，经度 {longitude}°"), latitude=latitude, longitude=longitude)
    return said + (translate(lang, N_("，误差约 {metres} 米"), metres=off) if off else "")


def _known(value: str | None) -> Language | None:
    for language in LANGUAGES:
        if value == language:
            return language
    return None


def request_language(request: Request) -> Language:
    """`?lang=` decides, then the cookie, then Chinese."""
    asked = _known(request.query_params.get("lang"))
    return asked or _known(request.cookies.get(LANGUAGE_COOKIE)) or "zh"
