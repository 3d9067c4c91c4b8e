"""A keystroke costs what it changes, and a sound record a glance: each against working the whole form out, side by
side in one run.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from time import perf_counter

from pyxform.xls2xform import convert

from survey_forms.glance import is_surely_sound
from survey_forms.interview import Context, Interview, answer, answers, begin, draft, examine, questions
from survey_forms.xform import parse

CONTEXT = Context(date(2020, 3, 10), datetime(2020, 3, 10, 9, tzinfo=timezone(timedelta(hours=8))))
ROUNDS = 200


def sixty_questions() -> Interview:
    """Ten groups of six: every group has relevance, a constraint, a choice_filter and a sum."""
    rows = [
        "type | name | label | relevant | constraint | calculation | choice_filter | required",
        "text | who | 户主 | | | | |",
    ]
    for n in range(10):
        before = "${who}" if n == 0 else f"${{area{n - 1}}}"
        rows += [
            f"begin_group | g{n} | 第{n}组 ${{who}} | {before} != '' | | | |",
            f"select_one fuels | fuel{n} | 能源 | | | | | yes",
            f"select_one devices | device{n} | 设备 | | | | fuel = ${{fuel{n}}} |",
            f"decimal | area{n} | 面积 | | . > 0 and . <= 500 | | | yes",
            f"decimal | price{n} | 单价 | ${{area{n}}} > 0 | . >= 0 | | |",
            f"calculate | total{n} | | | | round(${{area{n}}} * ${{price{n}}}, 2) | |",
            f"note | told{n} | 共 ${{total{n}}} 元 | ${{total{n}}} > 0 | | | |",
            "end_group | | | | | | |",
        ]
    sheets = {
        "survey": rows,
        "choices": [
            "list_name | name | label | fuel",
            "fuels | gas | 燃气 |",
            "devices | boiler | 壁挂炉 | gas",
        ],
        "settings": ["form_title | form_id | version", "六十题 | sixty | 1"],
    }
    text = "".join(
        f"| {name} |\n" + "".join(f"| | {row} |\n" for row in lines) for name, lines in sheets.items()
    )
    interview = begin(parse(convert(xlsform=text, file_type=".md", validate=False).xform), CONTEXT)
    interview = answer(interview, "/data/who", "张三")
    for n in range(10):
        for name, value in (("fuel", "gas"), ("device", "boiler"), ("area", "80.5"), ("price", "1.25")):
            interview = answer(interview, f"/data/g{n}/{name}{n}", value)
    return interview


def fastest_ms(work: Callable[[int], object]) -> float:
    """The least of many runs: what the work costs when nothing else happens."""
    best = float("inf")
    for turn in range(ROUNDS):
        started = perf_counter()
        work(turn)
        best = min(best, perf_counter() - started)
    return best * 1000


def test_a_keystroke_costs_what_it_changes() -> None:
    interview = sixty_questions()
    form, typed = interview.form, draft(interview)
    questions(interview, "zh")

    def step(turn: int) -> object:
        return questions(answer(interview, "/data/g9/price9", f"{turn}.5"), "zh")

    def everything(turn: int) -> object:
        typed["g9"]["price9"] = f"{turn}.5"
        return questions(begin(form, CONTEXT, typed, resumed=True), "zh")

    assert step(7) == everything(7)
    one_ms, all_ms = fastest_ms(step), fastest_ms(everything)
    ratio = all_ms / one_ms
    assert len(questions(interview, "zh")) > 50
    assert ratio > 5, f"a step {one_ms:.3f} ms, everything {all_ms:.3f} ms, ratio {ratio:.1f}"
    assert one_ms < 1, f"a step {one_ms:.3f} ms"


def test_a_sound_record_costs_a_glance() -> None:
    interview = sixty_questions()
    form, record = interview.form, answers(interview)

    def glance(_turn: int) -> object:
        return is_surely_sound(form, record, CONTEXT)

    def full_look(_turn: int) -> object:
        return examine(form, record, CONTEXT)

    assert glance(0) is True
    assert full_look(0) == ()
    glance_ms, full_ms = fastest_ms(glance), fastest_ms(full_look)
    ratio = full_ms / glance_ms
    assert ratio > 1.5, f"a glance {glance_ms:.3f} ms, the full look {full_ms:.3f} ms, ratio {ratio:.1f}"
