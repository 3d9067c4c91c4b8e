"""Reading XForms: what pyxform writes is understood, and whatever is beyond that is refused with reasons."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from survey_forms import released
from survey_forms.form import Form, FormFault, Issue
from survey_forms.interview import begin, questions
from survey_forms.xform import parse

ONE = """
| survey | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | relevant | calculation |
| | integer | a | 甲 | A | | |
| | begin_group | g | 组 | Group | | |
| | integer | b | 乙 | B | ${a} > 1 | |
| | calculate | c | | | | ${b} + 1 |
| | end_group | | | | | |
"""


def faults_of(xml: str) -> tuple[Issue, ...]:
    with pytest.raises(FormFault) as fault:
        parse(xml)
    return fault.value.issues


def test_a_form_says_what_it_is(form_of: Callable[[str], Form]) -> None:
    form = form_of(ONE)
    assert (form.id, form.version, form.languages, form.root) == ("t", "2020.1", ("zh", "en"), "/data")
    assert form.title == {"zh": "登记", "en": "Record"}
    assert [(node.path, node.kind, node.type) for node in form.nodes.values()] == [
        ("/data", "group", "hidden"),
        ("/data/a", "leaf", "integer"),
        ("/data/g", "group", "hidden"),
        ("/data/g/b", "leaf", "integer"),
        ("/data/g/c", "leaf", "calculate"),
    ]


def test_what_a_change_reaches_is_known_when_the_form_is_read(form_of: Callable[[str], Form]) -> None:
    form = form_of(ONE)
    assert [node.path for node in form.affected["/data/a"]] == ["/data/g/b", "/data/g/c"]
    assert form.affected["/data/g/c"] == ()


def test_a_form_without_translations_speaks_to_everyone(
    form_of: Callable[[str], Form], published: Callable[[str], str]
) -> None:
    sheet = """
| survey | | | |
| | type | name | label |
| | text | a | 甲 |
| settings | | | |
| | form_title | form_id | version |
| | 表 | f | 1 |
"""
    form = parse(published(sheet))
    assert form.languages == ()
    assert form.title == {"zh": "表", "en": "表"}


@pytest.mark.parametrize(("form_id", "version", "xml"), released())
def test_every_released_form_can_be_read_for_ever(form_id: str, version: str, xml: str) -> None:
    form = parse(xml)
    assert (form.id, form.version, form.languages) == (form_id, version, ("zh", "en"))


def test_every_fault_is_told_at_once(published: Callable[[str], str]) -> None:
    sheet = """
| survey | | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | relevant | constraint | calculation |
| | integer | a | 甲 | A | nonsense(1) | . > | |
| | integer | b | 乙 | B | /data/nowhere = 1 | | |
| | calculate | c | | | | | random() |
| | geotrace | d | 线 | Line | | | |
| | audio | e | 录音 | Audio | | | |
"""
    issues = faults_of(published(sheet))
    told = "\n".join(map(str, issues))
    for part in ("nonsense", "“. >”", "/data/nowhere", "random", "geotrace", "audio"):
        assert part in told
    assert all(issue.where and issue.what and issue.remedy for issue in issues)


@pytest.mark.parametrize(
    ("rows", "circle"),
    [
        (["calculate | a | | | | ${b}", "calculate | b | | | | ${a}"], "/data/a → /data/b → /data/a"),
        (
            ["integer | a | 甲 | A | ${b} > 1 | ", "integer | b | 乙 | B | ${a} > 1 | "],
            "/data/a → /data/b → /data/a",
        ),
        (
            ["begin_group | g | 组 | G | ${a} > 1 | ", "integer | a | 甲 | A | | ", "end_group | | | | | "],
            "/data/g → /data/g/a → /data/g",
        ),
    ],
)
def test_a_circular_form_is_refused_with_its_circle(
    published: Callable[[str], str], rows: list[str], circle: str
) -> None:
    sheet = "| survey | | | | | | |\n| | type | name | label::中文 (zh) | label::English (en) | relevant | calculation |\n"
    issues = faults_of(
        published(sheet + "".join(f"| | {row} |\n" for row in rows) + "| | text | z | 末 | Z | | |\n")
    )
    assert any(circle in issue.what for issue in issues)


def test_a_node_may_not_decide_on_itself(published: Callable[[str], str]) -> None:
    sheet = ONE + "| | calculate | d | | | | . + 1 |\n"
    assert any("自己的值" in issue.what for issue in faults_of(published(sheet)))


def test_a_long_chain_of_questions_is_no_circle(form_of: Callable[[str], Form]) -> None:
    rows = "".join(f"| | calculate | c{n} | ${{c{n + 1}}} + 1 |\n" for n in range(300))
    sheet = f"| survey | | | |\n| | type | name | calculation |\n{rows}| | calculate | c300 | 1 |\n"
    assert len(form_of(sheet).order) == 302


BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<h:html xmlns:h="http://www.w3.org/1999/xhtml">&lol2;</h:html>"""


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        (BILLION_LAUGHS, "DTD"),
        ("", "XML 读不懂"),
        ("<a", "XML 读不懂"),
        ("<a/>", "不是 XForm"),
        ('<h:html xmlns:h="http://www.w3.org/1999/xhtml"/>', "不是 XForm"),
        ("<a>" * 100_000 + "</a>" * 100_000, "不是 XForm"),
        ("<a>" + " " * 2_000_000 + "</a>", "超过 2 MB"),
        ("\x00", "XML 读不懂"),
    ],
)
def test_what_is_no_form_is_refused(xml: str, told: str) -> None:
    assert told in faults_of(xml)[0].what


@pytest.mark.parametrize(
    ("found", "replaced", "told"),
    [
        ('nodeset="/data/g/c"', 'nodeset="/data/g/x"', "不存在的题目"),
        ('<input ref="/data/a">', '<input ref="/data/x">', "题目不在记录里"),
        ('<input ref="/data/a">', '<input ref="/data/g">', "题目指向一个组"),
        ('<input ref="/data/a">', '<secret ref="/data/a">', "不支持题型 secret"),
        ('version="2020.1"', "", "没有写明 id 或 version"),
        ('type="int"', 'type="geoshape"', "不支持数据类型 geoshape"),
        ("<instance>", '<instance id="far" src="jr://file-csv/far.csv"/><instance>', "引用了外部文件"),
        (
            '<bind nodeset="/data/a"',
            '<setvalue ref="/data/x" event="odk-instance-first-load"/><bind nodeset="/data/a"',
            "要赋值的题目不存在",
        ),
        (
            '<bind nodeset="/data/a"',
            '<setvalue ref="/data/a" event="xforms-submit"/><bind nodeset="/data/a"',
            "不支持事件 xforms-submit",
        ),
    ],
)
def test_a_form_changed_by_hand_is_refused(
    published: Callable[[str], str], found: str, replaced: str, told: str
) -> None:
    xml = published(ONE).replace(found, replaced)
    if "secret" in replaced:
        xml = re.sub(r"</input>", "</secret>", xml, count=1)
    assert any(told in issue.what for issue in faults_of(xml))


def test_a_deep_form_is_refused_and_does_not_exhaust_the_reader(published: Callable[[str], str]) -> None:
    deep = "<x>" * 500 + "</x>" * 500
    xml = published(ONE).replace("<a/>", f"<a/>{deep}")
    assert any("超过 20 层" in issue.what for issue in faults_of(xml))


CHOICES = """
| choices | | | |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | abc | a | 甲 ${x} | A ${x} |
| | abc | b | 乙 | B |
"""


def test_choices_speak_both_languages_and_may_carry_answers(
    form_of: Callable[[str], Form], context: Any
) -> None:
    sheet = """
| survey | | | | |
| | type | name | label::中文 (zh) | label::English (en) | default |
| | text | x | 文 | X | 1 |
| | select_one abc | one | 选 | One | |
"""
    form = form_of(sheet + CHOICES)
    row = questions(begin(form, context), "en")[1]
    assert [choice.label for choice in row.choices] == ["A 1", "B"]


def test_random_order_and_choices_from_elsewhere_are_refused(published: Callable[[str], str]) -> None:
    sheet = """
| survey | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | parameters |
| | text | x | 文 | X | |
| | select_one abc | one | 选 | One | randomize=true |
| | begin_repeat | r | 组 | R | |
| | text | b | 文 | B | |
| | end_repeat | | | | |
| | select_one ${b} | two | 选 | Two | |
"""
    told = [issue.where for issue in faults_of(published(sheet + CHOICES))]
    assert len(told) == 2
    assert told[0].startswith("/data/one")
    assert told[1].startswith("/data/two")
