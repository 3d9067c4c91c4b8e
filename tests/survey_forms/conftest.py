"""Forms for tests are small sheets in text, published by pyxform as the office publishes them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import pytest
from hypothesis import settings
from pyxform.xls2xform import convert

from survey_forms.form import Form
from survey_forms.interview import Context, Interview, answer, begin
from survey_forms.xform import parse

# Two cores are shared by many tests: how long one example takes says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

_SETTINGS = """
| settings | | | | |
| | form_title | form_id | version | default_language |
| | 登记 / Record | t | 2020.1 | 中文 (zh) |
"""
_HOUSE = """
| survey | | | | | | | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | hint::中文 (zh) | hint::English (en) | required | required_message::中文 (zh) | required_message::English (en) | relevant | constraint | constraint_message::中文 (zh) | constraint_message::English (en) | calculation | choice_filter | default | appearance | readonly |
| | hidden | household_id | | | | | | | | | | | | | | | | |
| | select_one yes_no | heated | 冬季取暖吗 | Heated? | | | yes | 请选择 | Please choose | | | | | | | | | |
| | begin_group | heating | ${who} 家取暖 | Heating of ${who} | | | | | | ${heated} = 'yes' | | | | | | | field-list | |
| | select_one fuels | fuel | 能源 | Fuel | 主要的一种 | The main one | yes | | | | | | | | | | minimal | |
| | select_one devices | device | 设备 | Device | | | | | | | | | | | fuel = ${fuel} | | | |
| | decimal | area | 面积 | Area | | | yes | | | | . > 0 and . <= 500 | 面积应在0至500之间,现在是 ${area} | Area must be 0 to 500 | | | | | |
| | begin_group | cost | 费用 | Cost | | | | | | | | | | | | | | |
| | decimal | price | 单价 | Price | | | | | | | | | | | | 1.5 | | |
| | calculate | total | | | | | | | | | | | | ${area} * ${price} | | | | |
| | end_group | | | | | | | | | | | | | | | | | |
| | end_group | | | | | | | | | | | | | | | | | |
| | text | who | 姓名 | Name | | | | | | | | | | | | | | |
| | note | thanks | 谢谢 ${who},共 ${total} 元 | Thanks ${who}: ${total} yuan | | | | | | ${who} != '' | | | | | | | | |
| | date | visited_on | 日期 | Date | | | | | | | . <= today() | | | | | today() | | |
| | text | fixed | 编号 | Number | | | | | | | | | | | | A-1 | | yes |
| choices | | | | | |
| | list_name | name | label::中文 (zh) | label::English (en) | fuel |
| | yes_no | yes | 是 | Yes | |
| | yes_no | no | 否 | No | |
| | fuels | gas | 燃气 | Gas | |
| | fuels | coal | 煤 | Coal | |
| | devices | boiler | 壁挂炉 | Boiler | gas |
| | devices | stove | 煤炉 | Stove | coal |
"""

_STOVES = """
| survey | | | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | required | relevant | calculation | default | repeat_count | choice_filter |
| | integer | rooms | 房间 | Rooms | | | | | | |
| | begin_repeat | room | 房间 | Room | | | | | ${rooms} | |
| | text | use | 用途 | Use | | | | | | |
| | calculate | number | | | | | position(..) | | | |
| | end_repeat | | | | | | | | | |
| | text | owner | 户主 | Owner | | | | | | |
| | begin_repeat | stove | 炉具 | Stove | | ${owner} != 'none' | | | | |
| | decimal | coal_t | 用煤 | Coal | yes | | | | | |
| | text | maker | 厂家 | Maker | | ${coal_t} > 1 | | 无 | | |
| | text | since | 时间 | Since | | | | concat('约', ${rooms}) | | |
| | begin_repeat | pipe | 烟道 | Pipe | | | | | | |
| | integer | length | 长度 | Length | | | | | | |
| | end_repeat | | | | | | | | | |
| | calculate | lengths | | | | | sum(${length}) | | | |
| | end_repeat | | | | | | | | | |
| | calculate | coal_all | | | | | sum(${coal_t}) | | | |
"""

_EVENTS = """
| survey | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | calculation | trigger | default |
| | today | recorded_on | | | | | |
| | start | started_at | | | | | |
| | text | stove | 炉具 | Stove | | | |
| | date | stove_on | 日期 | Date | today() | ${stove} | |
| | calculate | first_seen | | | once(${stove}) | | |
| | calculate | record | | | once(uuid()) | | |
| | text | copy | 抄 | Copy | | | ${recorded_on} |
"""
_SHARED = {"house": _HOUSE, "stoves": _STOVES, "events": _EVENTS}
CHINA = timezone(timedelta(hours=8))


@lru_cache(maxsize=256)
def _published(sheet: str) -> str:
    sheet = _SHARED.get(sheet, sheet)
    text = sheet if "| settings |" in sheet else sheet + _SETTINGS
    return str(convert(xlsform=text, file_type=".md", validate=False).xform)


@lru_cache(maxsize=256)
def _form(sheet: str) -> Form:
    return parse(_published(sheet))


@pytest.fixture(scope="session")
def published() -> Callable[[str], str]:
    """Sheet (its text, or the name of a shared one) → XForm XML."""
    return _published


@pytest.fixture(scope="session")
def form_of() -> Callable[[str], Form]:
    """Sheet (its text, or the name of a shared one) → Form."""
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
