"""A released form, mutilated at random, is either refused with reasons or filled without an accident."""

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from survey_forms import released
from survey_forms.answers import entity_changes
from survey_forms.form import Form, FormFault
from survey_forms.interview import (
    Context,
    Interview,
    add_repeat,
    answer,
    answers,
    begin,
    check,
    faults,
    questions,
)
from survey_forms.xform import parse

FORMS = [xml for _, _, xml in released()]
TEXTS = [
    "",
    "..",
    "/data",
    ". = 1",
    "count(..)",
    "today()",
    "once(.)",
    "instance('x')/root/item",
    "int",
    "true()",
]
Mutilation = tuple[int, str, str]


def mutilated(xml: str, mutilations: list[Mutilation]) -> str:
    tree = ElementTree.fromstring(xml)
    for place, way, text in mutilations:
        elements = list(tree.iter())
        element = elements[place % len(elements)]
        if way == "remove":
            for child in list(element)[:1]:
                element.remove(child)
        elif way == "text":
            element.text = text
        elif element.attrib:
            names = sorted(element.attrib)
            element.set(names[place % len(names)], text)
    return ElementTree.tostring(tree, encoding="unicode")


def filled(form: Form, context: Context) -> Interview:
    interview = begin(form, context)
    for row in questions(interview, "zh"):
        if row.repeat is not None and row.repeat.can_add:
            interview = add_repeat(interview, row.repeat.path)
        elif row.repeat is None and not row.readonly and row.type != "note":
            interview = answer(interview, row.path, row.choices[0].value if row.choices else "2020-01-01")
    return interview


@settings(max_examples=60)
@given(
    st.sampled_from(FORMS),
    st.lists(
        st.tuples(
            st.integers(0, 2_000), st.sampled_from(["remove", "text", "attribute"]), st.sampled_from(TEXTS)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_mutilated_form_is_refused_or_works(
    context: Context, xml: str, mutilations: list[Mutilation]
) -> None:
    try:
        form = parse(mutilated(xml, mutilations))
    except FormFault as fault:
        assert fault.issues
        assert all(issue.what and issue.remedy for issue in fault.issues)
        return
    interview = filled(form, context)
    record = answers(interview)
    assert set(check(form, record, context)) == set(faults(interview, "zh"))
    assert isinstance(entity_changes(form, record), dict)
