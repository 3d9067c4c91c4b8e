"""Visit outcomes, and what the three released forms have in common."""

from typing import Any

import pytest

from survey_forms.answers import entity_changes
from survey_forms.interview import answer, answers, faults, questions
from survey_forms.properties import PROPERTIES

Answer = tuple[str, str]


def test_nobody_at_home_never_wipes_what_is_known(surveyor: Any) -> None:
    given = {
        **surveyor.KNOWN,
        "heating_status": "not_heated",
        "not_heated_reason": "lives_with_kin",
        "remark": "院里有狗",
    }
    interview = surveyor.walk("visit", ("visit_outcome", "not_at_home"), given=given)
    assert surveyor.said(interview) == {}
    assert surveyor.asked(interview) == ["visit_outcome", "visited_on", "visit_remark"]
    assert entity_changes(surveyor.FORMS["visit"], answers(interview))["household"] == {
        "visit_outcome": "not_at_home",
        "visited_on": "2020-11-20",
        "remark": "院里有狗",
        "door_number": "3组12号",
        "head_name": "王建军",
        "heating_status": "not_heated",
        "not_heated_reason": "lives_with_kin",
    }


def test_a_home_found_unheated_gets_its_reason(surveyor: Any) -> None:
    interview = surveyor.walk("visit", ("visit_outcome", "not_heated"), given=surveyor.KNOWN)
    assert surveyor.said(interview) == {"reason": "请选择不取暖的原因"}
    interview = answer(interview, "/data/reason", "other")
    assert surveyor.said(interview) == {"visit_remark": "原因选了其他，请说明"}
    interview = answer(interview, "/data/visit_remark", "正在翻建")
    changes = entity_changes(surveyor.FORMS["visit"], answers(interview))["household"]
    assert (changes["heating_status"], changes["not_heated_reason"]) == ("not_heated", "other")
    assert changes["remark"] == "正在翻建"
    mistaken = entity_changes(
        surveyor.FORMS["visit"], answers(answer(interview, "/data/visit_outcome", "refused"))
    )
    assert (mistaken["household"]["heating_status"], mistaken["household"]["not_heated_reason"]) == (
        "heated",
        "",
    )


def test_a_door_that_nobody_has_registered_is_noted_by_its_number(surveyor: Any) -> None:
    interview = surveyor.walk("visit", ("visit_outcome", "not_at_home"))
    assert set(surveyor.said(interview)) == {"new_door"}
    interview = answer(interview, "/data/new_door", "5组1号")
    changes = entity_changes(surveyor.FORMS["visit"], answers(interview))["household"]
    assert (changes["door_number"], changes["head_name"]) == ("5组1号", "")


@pytest.mark.parametrize(
    ("form", "steps"),
    [
        ("household", (("heating/heating_status", "heated"), ("coal/coal_answer", "burned"))),
        ("conversion", (("subject/kind", "gas"), ("works/installed_on", "2020-08-01"))),
        ("visit", (("visit_outcome", "not_heated"),)),
    ],
)
def test_every_word_exists_in_both_languages(surveyor: Any, form: str, steps: tuple[Answer, ...]) -> None:
    interview = surveyor.walk(form, *steps, given=surveyor.KNOWN)
    chinese, english = (questions(interview, lang) for lang in ("zh", "en"))
    told = [faults(interview, lang) for lang in ("zh", "en")]
    assert all(here.message != there.message for here, there in zip(*told, strict=True))
    assert surveyor.FORMS[form].title["zh"] != surveyor.FORMS[form].title["en"]
    for here, there in zip(chinese, english, strict=True):
        assert here.path == there.path
        if here.path != "/data/home":
            assert here.label != there.label
        assert bool(here.hint) == bool(there.hint)


def test_the_forms_together_reach_every_property(surveyor: Any) -> None:
    reached = {dataset: set[str]() for dataset in PROPERTIES}
    for form in surveyor.FORMS.values():
        for entity in form.entities:
            reached[entity.dataset] |= set(entity.properties)
    assert reached == {dataset: set(known) for dataset, known in PROPERTIES.items()}
