"""Answers on their way: one JSON, XML there and back, and what is saved to which entity."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_forms.answers import canonical, entity_changes, from_xml, prefill, to_xml
from survey_forms.form import Form, FormFault
from survey_forms.interview import Context, Interview, add_repeat, answer, answers, begin
from survey_forms.xform import parse

SHEET = """
| survey | | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | relevant | calculation | save_to |
| | hidden | household_id | | | | | |
| | hidden | conversion_id | | | | | |
| | begin_group | home | 户 | Home | | | |
| | text | head_name | 户主 | Householder | | | household#head_name |
| | select_one yes_no | converted | 改造了吗 | Converted? | | | |
| | decimal | area | 面积 | Area | ${converted} = 'yes' | | household#heated_area_m2 |
| | end_group | | | | | | |
| | begin_group | work | 改造 | Conversion | ${converted} = 'yes' | | |
| | text | kind | 方式 | Kind | | | conversion#kind |
| | calculate | home_id | | | | ${household_id} | conversion#household |
| | end_group | | | | | | |
| | begin_repeat | stove | 炉 | Stove | | | |
| | text | maker | 厂家 | Maker | | | |
| | end_repeat | | | | | | |
| choices | | | | |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | yes_no | yes | 是 | Yes |
| | yes_no | no | 否 | No |
| entities | | | | | |
| | list_name | entity_id | create_if | update_if | label |
| | household | ${household_id} | ${head_name} = '新' | ${head_name} != '新' and ${head_name} != '不存' | ${head_name} |
| | conversion | ${conversion_id} | ${kind} != '' | false() | ${kind} |
"""
GIVEN = {"household_id": "h-1", "conversion_id": "c-1"}


@pytest.fixture
def home(filled: Callable[..., Interview]) -> Callable[..., dict[str, Any]]:
    def record(**typed: str) -> dict[str, Any]:
        paths = {
            "head": "/data/home/head_name",
            "converted": "/data/home/converted",
            "area": "/data/home/area",
        }
        paths |= {"kind": "/data/work/kind", "maker": "/data/stove[1]/maker"}
        return answers(filled(SHEET, {paths[name]: value for name, value in typed.items()}, GIVEN))

    return record


def test_the_same_answers_are_the_same_bytes() -> None:
    assert canonical({"b": {"d": "2", "c": "户"}, "a": [{"x": "1"}]}) == canonical(
        {"a": [{"x": "1"}], "b": {"c": "户", "d": "2"}}
    )
    assert canonical({"b": "户", "a": "1"}) == '{"a":"1","b":"户"}'.encode()
    assert canonical({"a": "\ud800"})


def test_a_form_declares_what_it_saves(form_of: Callable[[str], Form]) -> None:
    household, conversion = sorted(form_of(SHEET).entities, key=lambda each: each.dataset, reverse=True)
    assert (household.dataset, household.properties) == (
        "household",
        {"head_name": "/data/home/head_name", "heated_area_m2": "/data/home/area"},
    )
    assert (conversion.scope, conversion.properties["household"]) == ("/data/work", "/data/work/home_id")


def test_answers_become_properties_and_what_became_irrelevant_is_emptied(
    form_of: Callable[[str], Form], home: Callable[..., dict[str, Any]]
) -> None:
    record = home(head="张三", converted="yes", area="12.10", kind="gas")
    assert entity_changes(form_of(SHEET), record) == {
        "household": {"head_name": "张三", "heated_area_m2": "12.1"},
        "conversion": {"kind": "gas", "household": "h-1"},
    }
    record = home(head="张三", converted="no", area="12.10", kind="gas")
    assert entity_changes(form_of(SHEET), record) == {
        "household": {"head_name": "张三", "heated_area_m2": ""}
    }


def test_an_entity_whose_conditions_are_false_is_left_out(
    form_of: Callable[[str], Form], home: Callable[..., dict[str, Any]]
) -> None:
    assert entity_changes(form_of(SHEET), home(head="不存", converted="yes")) == {}
    assert set(entity_changes(form_of(SHEET), home(head="新"))) == {"household"}


def test_an_interview_begins_with_what_is_known(form_of: Callable[[str], Form], context: Context) -> None:
    known = {
        "household": {"head_name": "张三", "heated_area_m2": "80", "phone": "1"},
        "conversion": {"household": "h-9"},
    }
    assert prefill(form_of(SHEET), known) == {"home": {"head_name": "张三", "area": "80"}}
    interview = begin(form_of(SHEET), context, prefill(form_of(SHEET), known))
    assert answers(answer(interview, "/data/home/converted", "yes"))["home"]["area"] == "80"


def test_other_servers_read_the_record_as_openrosa_xml(
    form_of: Callable[[str], Form], home: Callable[..., dict[str, Any]]
) -> None:
    record = home(head="张<三>", converted="yes", kind="gas")
    xml = to_xml(form_of(SHEET), record, instance_id="uuid:1", entity_ids={"conversion": "c-1"})
    root = ElementTree.fromstring(xml)
    assert (root.tag, root.get("id"), root.get("version")) == ("data", "t", "2020.1")
    assert (
        root.findtext("{http://openrosa.org/xforms}meta/{http://openrosa.org/xforms}instanceID") == "uuid:1"
    )
    entity = root.find("work/meta/{http://www.opendatakit.org/xforms/entities}entity")
    assert entity is not None
    assert entity.attrib == {"dataset": "conversion", "id": "c-1", "create": "1"}
    assert from_xml(form_of(SHEET), xml) == record


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        ("<!DOCTYPE data><data/>", "DTD"),
        ("<data", "XML 读不懂"),
        ('<data id="other" version="1"/>', "是表单 other 1 的"),
    ],
)
def test_xml_of_another_form_is_refused(form_of: Callable[[str], Form], xml: str, told: str) -> None:
    with pytest.raises(FormFault) as fault:
        from_xml(form_of(SHEET), xml)
    assert told in fault.value.issues[0].what


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=12)


@given(st.lists(_TEXTS, min_size=4, max_size=4), st.integers(0, 2))
def test_json_and_xml_bring_every_record_back(
    form_of: Callable[[str], Form], context: Context, texts: list[str], more: int
) -> None:
    form = form_of(SHEET)
    interview = begin(form, Context(context.today, context.now, GIVEN), {"home": {"converted": "yes"}})
    for _ in range(more):
        interview = add_repeat(interview, "/data/stove")
    places = (
        "/data/home/head_name",
        "/data/work/kind",
        "/data/stove[1]/maker",
        f"/data/stove[{more + 1}]/maker",
    )
    for path, text in zip(places, texts, strict=True):
        interview = answer(interview, path, text)
    record = answers(interview)
    assert json.loads(canonical(record)) == record
    assert from_xml(form, to_xml(form, record, instance_id="uuid:1")) == record


def _refused(published: Callable[[str], str], sheet: str) -> str:
    with pytest.raises(FormFault) as fault:
        parse(published(sheet))
    return str(fault.value)


def test_one_dataset_twice_or_in_a_repeat_is_refused(published: Callable[[str], str]) -> None:
    sheet = SHEET.replace(
        "| | text | maker | 厂家 | Maker | | | |", "| | text | maker | 厂家 | Maker | | | stove#maker |"
    )
    in_repeat = sheet + "| | stove | ${maker} | | | ${maker} |\n"
    assert "循环组里不能声明实体" in _refused(published, in_repeat)
    twice = published(SHEET).replace('dataset="conversion"', 'dataset="household"')
    with pytest.raises(FormFault, match="声明了两次"):
        parse(twice)


def test_a_condition_on_an_entity_may_not_read_the_clock(published: Callable[[str], str]) -> None:
    assert "会变的函数" in _refused(published, SHEET.replace("${kind} != ''", "${kind} != today()"))
    clocked = SHEET.replace(
        "| ${converted} = 'yes' | | |\n| | text | kind", "| today() > 1 | | |\n| | text | kind"
    )
    assert "会变的函数" in _refused(published, clocked)
