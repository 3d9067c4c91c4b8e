"""A position somebody recorded is read as latitude and longitude, on a record and in a conflict."""

from typing import Any

import pytest

from server.exchange import wording
from server.exchange.forms import Forms, ReleasedForm, sha256
from server.exchange.wording import Wordings
from survey_forms import released
from survey_forms.xform import parse
from sync.messages import FormXml, Submission

AT = "35.490123 112.851236 700.1 8.4"


@pytest.fixture
def forms() -> Forms:
    return Forms({
        (form, version): ReleasedForm(parse(xml), FormXml(form, version, sha256(xml), xml))
        for form, version, xml in released()
    })  # fmt: skip


def test_a_conflict_about_a_position_is_read_in_words(forms: Forms) -> None:
    words = Wordings(forms)
    assert words.value("household", "location", AT, "zh") == "纬度 35.49012°，经度 112.85124°，误差约 8 米"
    assert words.value("household", "location", "", "zh") == ""
    english = words.value("household", "location", AT, "en")
    assert english == "latitude 35.49012°, longitude 112.85124°, within about 8 m"


def test_a_recorded_position_is_read_in_words(forms: Forms) -> None:
    form = forms.by_key["sighting", "2020.1"]
    path = next(node.path for node in form.form.nodes.values() if node.type == "geopoint")
    inside = path.removeprefix("/data/").split("/")
    answers: Any = AT
    for name in reversed(inside):
        answers = {name: answers}
    record = Submission(
        id="s", device="d", device_seq=1, previous_hash="", history="h", county="140525", village="140525100201",
        person="p", form="sighting", form_version="2020.1", observed_at="2020-09-01T08:00:00.000000Z",
        corrects=None, answers=answers, targets=(),
    )  # fmt: skip
    said = {each.label: each.value for each in wording.answers(form, record, "zh")}
    assert "纬度 35.49012°，经度 112.85124°，误差约 8 米" in said.values()
