"""A surveyor who fills in the released forms: what she types, sees and is told."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest

from survey_forms import released
from survey_forms.interview import Interview, answer, begin, faults, questions
from survey_forms.scope import Context
from survey_forms.xform import parse


class Surveyor:
    """Stands at a door on 2020-11-20. `GIVEN` is what the app knows of any door, `KNOWN` of a registered one."""

    FORMS = MappingProxyType({name: parse(xml) for name, _, xml in released()})
    GIVEN = MappingProxyType(
        {
            "household_id": "h-1",
            "conversion_id": "c-1",
            "coal_use_id": "u-1",
            "village": "140525105201",
            "village_name": "模拟村",
            "person": "p-1",
        }
    )
    KNOWN = MappingProxyType(
        {
            **GIVEN,
            "head_name": "王建军",
            "door_number": "3组12号",
            "mountain": "no",
            "heating_status": "heated",
        }
    )

    def context(self, given: Mapping[str, str] = GIVEN) -> Context:
        return Context(today=date(2020, 11, 20), now=datetime(2020, 11, 20, 2, tzinfo=UTC), given=given)

    def walk(self, form: str, *steps: tuple[str, str], given: Mapping[str, str] = GIVEN) -> Interview:
        """Answer these questions, by path below /data, one after the other."""
        interview = begin(self.FORMS[form], self.context(given))
        for path, value in steps:
            interview = answer(interview, f"/data/{path}", value)
        return interview

    def asked(self, interview: Interview) -> list[str]:
        """Names of the questions on screen that wait for an answer, in order."""
        rows = questions(interview, "zh")
        silent = ("note", "repeat", "add_repeat")
        return [row.path.rsplit("/", 1)[1] for row in rows if row.type not in silent]

    def said(self, interview: Interview) -> dict[str, str]:
        """What keeps the form from being handed in: path below /data to message."""
        return {fault.path.removeprefix("/data/"): fault.message for fault in faults(interview, "zh")}


@pytest.fixture
def surveyor() -> Surveyor:
    return Surveyor()
