"""Forms for tests are small sheets in text, published by pyxform as the office publishes them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import pytest
from pyxform.xls2xform import convert

from survey_forms.form import Form
from survey_forms.interview import Context, Interview, answer, begin
from survey_forms.xform import parse

_SETTINGS = """
| settings | | | | |
| | form_title | form_id | version | default_language |
| | 登记 / Record | t | 2020.1 | 中文 (zh) |
"""
CHINA = timezone(timedelta(hours=8))


@lru_cache(maxsize=256)
def _published(sheet: str) -> str:
    text = sheet if "| settings |" in sheet else sheet + _SETTINGS
    return str(convert(xlsform=text, file_type=".md", validate=False).xform)


@lru_cache(maxsize=256)
def _form(sheet: str) -> Form:
    return parse(_published(sheet))


@pytest.fixture(scope="session")
def published() -> Callable[[str], str]:
    """Sheet → XForm XML."""
    return _published


@pytest.fixture(scope="session")
def form_of() -> Callable[[str], Form]:
    """Sheet → Form."""
    return _form


@pytest.fixture(scope="session")
def context() -> Context:
    """The tenth of March 2020, nine in the morning, in China."""
    return Context(date(2020, 3, 10), datetime(2020, 3, 10, 9, 0, tzinfo=CHINA), {})


@pytest.fixture(scope="session")
def filled(context: Context) -> Callable[..., Interview]:
    """Begin an interview of a sheet and give answers by path."""

    def fill(
        sheet: str, answers: dict[str, str] | None = None, given: dict[str, str] | None = None
    ) -> Interview:
        begun = begin(_form(sheet), Context(context.today, context.now, given or {}))
        for path, value in (answers or {}).items():
            begun = answer(begun, path, value)
        return begun

    return fill
