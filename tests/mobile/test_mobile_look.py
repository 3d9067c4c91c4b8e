"""What can be computed of the look: words in both languages, contrast, fonts and their rare characters."""

import json
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

import mobile.locale
from mobile.device.fonts import FontsMissing, faces
from mobile.locale import speak
from mobile.widgets.date_question import tidy
from mobile.widgets.geopoint_question import spaced
from mobile.widgets.number_question import plain

FOLDER = Path(mobile.locale.__file__).parent


def luminance(colour):
    """Relative luminance after WCAG 2."""
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_both_languages_have_the_same_words():
    zh, en = (json.loads((FOLDER / f"{name}.json").read_text()) for name in ("zh", "en"))
    assert zh.keys() == en.keys()
    fields = {
        key: {part.split("}")[0].split(":")[0] for part in text.split("{")[1:]} for key, text in zh.items()
    }
    assert fields == {
        key: {part.split("}")[0].split(":")[0] for part in text.split("{")[1:]} for key, text in en.items()
    }


def test_every_word_in_use_is_known_and_every_known_word_in_use():
    root = FOLDER.parent
    code = "".join(path.read_text() for path in (*root.rglob("*.py"), *root.rglob("*.kv")))
    zh = json.loads((FOLDER / "zh.json").read_text())
    families = (
        "state.",
        "filter.",
        "area_class.",
        "outbox.",
        "property.",
        "sync.",
        "problem.",
        "when.",
        "mark.",
        "zone.",
        "photo.",
        "revoked.",
    )
    assert [key for key in zh if key not in code and not key.startswith(families)] == []


def test_text_can_be_read_in_sunlight(_kivy):
    from mobile.widgets import theme

    for tone in theme.TONES:
        assert contrast(theme.ground(tone), theme.ink(tone)) >= 7, tone
    pairs = [
        ("ink", "card"),
        ("ink", "ground"),
        ("faint", "card"),
        ("faint", "ground"),
        ("on_accent", "accent"),
    ]
    pairs += [("accent", "card"), ("accent", "accent_soft"), ("danger", "card"), ("on_strip", "strip")]
    for one, other in [*pairs, ("strip_faint", "strip")]:
        assert contrast(theme.colour(one), theme.colour(other)) >= 7, (one, other)


def test_the_faces_are_simplified_chinese_and_know_rare_names():
    for path in (faces().regular, faces().bold):
        with TTFont(path, lazy=True) as font:
            assert font["name"].getDebugName(1) == "Noto Sans CJK SC"
            assert {ord(sign) for sign in "䶮㛃𬍛◐↑✓⚠！…●○"} <= font.getBestCmap().keys()


def test_without_the_collection_one_is_told_what_to_install(tmp_path):
    with pytest.raises(FontsMissing, match="fonts-noto-cjk"):
        faces(tmp_path / "built", [tmp_path])


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("2020.9.1", "2020-09-01"),
        ("20200901", "2020-09-01"),
        ("2020年9月1日", "2020-09-01"),
        ("昨天", "昨天"),
    ],
)
def test_dates_are_understood_as_people_write_them(typed, taken):
    assert tidy(typed) == taken


def test_numbers_and_places_lose_only_their_dress():
    assert plain("１，２００．５") == "1200.5"
    assert plain("约60") == "约60"
    assert spaced("35.49，112.85") == "35.49 112.85"


@pytest.mark.parametrize("width", [200, 333, 480])
def test_no_line_begins_with_a_closing_mark(_kivy, width):
    from mobile.widgets.theme import dress
    from mobile.widgets.words import NEVER_FIRST, broken

    dress(faces())
    text = "把本机记录上传到服务器，并下载名册的最新情况。中途断网没有关系，下次会接着传（合同编号 ZZ-2020-0417）。"
    lines = broken(text, width, 22, False).split("\n")
    assert len(lines) > 1
    assert not [line for line in lines if line[0] in NEVER_FIRST]
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_an_unknown_word_is_our_mistake():
    with pytest.raises(KeyError):
        speak("en")("no.such.word")
