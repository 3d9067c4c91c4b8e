"""Expressions as forms write them, over one small record."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from survey_forms.expressions import ExpressionFault, compile_expression
from survey_forms.form import Form
from survey_forms.interview import Context, Interview, add_repeat, answer, begin
from survey_forms.scope import Shape, Surroundings
from survey_forms.values import number_text, to_text
from survey_forms.xpath_parser import parse

SHEET = """
| survey | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | relevant |
| | text | name | 姓名 | Name | |
| | decimal | area | 面积 | Area | |
| | integer | people-n | 人数 | People | |
| | date | seen_on | 日期 | Date | |
| | select_one kinds | kind | 方式 | Kind | |
| | select_multiple kinds | kinds | 方式 | Kinds | |
| | text | hidden_one | 不显示 | Hidden | ${name} = 'nobody' |
| | begin_repeat | stove | 炉 | Stove | |
| | decimal | coal_t | 煤 | Coal | |
| | begin_group | more | 更多 | More | |
| | text | maker | 厂家 | Maker | |
| | end_group | | | | |
| | end_repeat | | | | |
| | text | empty | 空 | Empty | |
| choices | | | | | |
| | list_name | name | label::中文 (zh) | label::English (en) | family |
| | kinds | 1 | 燃气 | Gas | gas |
| | kinds | 9 | 热风机 | Hot air | electric |
| | kinds | 10 | 热泵 | Heat pump | electric |
"""
ANSWERS = {
    "/data/name": "张三",
    "/data/area": "12.10",
    "/data/people-n": "3",
    "/data/seen_on": "2020-03-01",
    "/data/kind": "9",
    "/data/kinds": "10 1",
    "/data/hidden_one": "typed once",
    "/data/stove[1]/coal_t": "0.1",
    "/data/stove[2]/coal_t": "0.2",
    "/data/stove[2]/more/maker": "甲",
    "/data/stove[3]/more/maker": "乙",
}


@pytest.fixture(scope="module")
def record(form_of: Callable[[str], Form], context: Context) -> Interview:
    interview = begin(form_of(SHEET), Context(context.today, context.now, {"uuid": "seed"}))
    interview = add_repeat(add_repeat(interview, "/data/stove"), "/data/stove")
    for path, value in ANSWERS.items():
        interview = answer(interview, path, value)
    return interview


@pytest.fixture(scope="module")
def surroundings(record: Interview) -> Surroundings:
    nodes = record.form.nodes.values()
    return Surroundings(
        {node.path: Shape(node.path, node.kind, node.repeats) for node in nodes}, record.form.lists
    )


@pytest.fixture(scope="module")
def value(record: Interview, surroundings: Surroundings) -> Callable[..., str]:
    """The text an expression gives at a node of the record."""

    def evaluate(text: str, here: str = "/data/empty", at: tuple[int, ...] = ()) -> str:
        return to_text(compile_expression(text, here, surroundings).run(record.scope("zh"), at, None))

    return evaluate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/area * 2", "24.2"),
        ("0.1 + 0.2", "0.3"),
        ("1 - 0.9", "0.1"),
        ("10 div 4", "2.5"),
        ("1 div 3 * 3", "1"),
        ("1 div 0", "Infinity"),
        ("7 mod 3", "1"),
        ("-7 mod 3", "-1"),
        ("7 mod 0", "NaN"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("- 3 + 5", "2"),
        ("-(-3)", "3"),
        ("5 - 2 - 1", "2"),
        ("/data/people-n -1", "2"),
        ("/data/empty + 1", "NaN"),
        ("'12' + 1", "13"),
        ("true() + true()", "2"),
    ],
)
def test_arithmetic_is_decimal(value: Callable[..., str], text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/data/area = 12.1",
        "/data/area != 12",
        "/data/area = '12.1'",
        "not(/data/area = '12.10')",
        "/data/people-n >= 3 and /data/people-n < 4",
        "/data/empty = ''",
        "not(/data/empty > 0) and not(/data/empty <= 0)",
        "not(/data/empty = 0)",
        "/data/kind = 9",
        "'9' < '10'",
        "/data/seen_on < today()",
        "today() - /data/seen_on = 9",
        "date(/data/seen_on + 30) = '2020-03-31'",
        "/data/seen_on >= date('2020-03-01')",
        "now() > today()",
        "/data/name and not(/data/empty)",
        "false() or 1 = 1",
        "1 = 2 = false()",
        "true() = 'anything'",
        "/data/hidden_one = ''",
        "string-length(/data/hidden_one) = 0",
        "selected(/data/kinds, '10') and not(selected(/data/kinds, '0'))",
    ],
)
def test_comparisons_hold(value: Callable[..., str], text: str) -> None:
    assert value(f"boolean({text})") == "true"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(/data/stove)", "3"),
        ("sum(/data/stove[position() <= 2]/coal_t)", "0.3"),
        ("sum(/data/stove/coal_t)", "NaN"),
        ("sum(/data/stove[coal_t != '']/coal_t)", "0.3"),
        ("count(/data/stove[coal_t > 0.1])", "1"),
        ("/data/stove[2]/coal_t", "0.2"),
        ("/data/stove[position() = /data/people-n]/more/maker", "乙"),
        ("join('、', /data/stove/more/maker)", "、甲、乙"),
        ("indexed-repeat(/data/stove/coal_t, /data/stove, 2)", "0.2"),
        ("indexed-repeat(/data/stove/coal_t, /data/stove, 9)", ""),
        ("count(/data/hidden_one)", "0"),
        ("count(/data/empty)", "1"),
        ("/data/stove/coal_t = 0.2", "true"),
        ("/data/stove/coal_t = 0.3", "false"),
        ("instance('kinds')/root/item[name = /data/kind]/family", "electric"),
        ("count(instance('kinds')/root/item[family = 'electric' and name != current()/../kind])", "1"),
        ("instance('kinds')/root/item[2]/name", "9"),
        ("jr:choice-name(/data/kind, ' /data/kind ')", "热风机"),
        ("jr:choice-name(/data/kinds, ' /data/kinds ')", "燃气, 热泵"),
        ("jr:choice-name('77', ' /data/kind ')", ""),
        ("if(/data/people-n > 2, '多', 1 div 0)", "多"),
        ("coalesce(/data/empty, /data/name)", "张三"),
        ("coalesce(/data/empty, /data/empty)", ""),
        ("today()", "2020-03-10"),
        ("now()", "2020-03-10T09:00:00.000+08:00"),
        ("position(..)", "1"),
    ],
)
def test_node_sets_lists_and_the_clock(value: Callable[..., str], text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../coal_t", "0.2"),
        ("/data/stove/coal_t", "0.2"),
        ("count(/data/stove)", "3"),
        ("count(../../../stove)", "3"),
        ("sum(../../../stove[coal_t != '']/coal_t)", "0.3"),
        ("position(../..)", "2"),
        ("indexed-repeat(/data/stove/coal_t, /data/stove, position(../..) - 1)", "0.1"),
        ("current()/../../coal_t", "0.2"),
        (".", "甲"),
        ("count(../../../stove[more/maker = current()])", "1"),
    ],
)
def test_inside_a_repeat_a_path_means_its_own_instance(
    value: Callable[..., str], text: str, expected: str
) -> None:
    assert value(text, "/data/stove/more/maker", (2,)) == expected


def test_what_an_expression_reads_is_known_before_it_runs(surroundings: Surroundings) -> None:
    compiled = compile_expression(
        "if(. > /data/area, count(/data/stove), today())", "/data/empty", surroundings
    )
    assert compiled.reads == {"/data/area", "/data/stove"}
    assert compiled.own
    assert compiled.volatile


def test_an_id_is_the_same_for_the_same_record_and_place(value: Callable[..., str]) -> None:
    assert value("uuid()") == value("uuid()") != value("uuid()", "/data/name")
    assert len(value("uuid()")) == 36


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unknown-function(1)", "没有函数“unknown-function”"),
        ("random()", "没有函数“random”"),
        ("pulldata('x', 'a', 'b', 'c')", "没有函数“pulldata”"),
        ("/data/nothing", "没有题目“/data/nothing”"),
        ("../../name", "超出了表的根"),
        ("/data/name/..//name", "不支持写法“//”"),
        ("/data/@id", "不支持写法“@”"),
        ("/data/name | /data/area", "不支持写法“|”"),
        ("child::name", "不支持写法“::”"),
        ("${name}", "不支持写法“$”"),
        ("/data/*", "路径不完整"),
        ("'open", "读不懂的字符"),
        ("(1 + 2", "缺少“)”"),
        ("1 +", "不完整"),
        ("", "不完整"),
        ("1 2", "无法读懂"),
        ("concat()", "至少 1 个参数"),
        ("substr('a')", "要 2 到 3 个参数"),
        ("if(1, 2)", "要 3 个参数"),
        ("regex(., '(')", "正则表达式“(”有误"),
        ("position()", "[] 条件"),
        ("instance('nowhere')/root/item", "没有选项表“nowhere”"),
        ("instance('kinds')/root/item[colour = 1]/name", "没有列“colour”"),
        ("instance('kinds')/item", "路径不合规"),
        ("indexed-repeat(/data/name, /data/stove, 1)", "不在所写的循环组里"),
        ("jr:choice-name(/data/kind, 1 + 1)", "不是题目"),
        ("(" * 50 + "1" + ")" * 50, "嵌套太深"),
        ("1" * 9_000, "超过"),
    ],
)
def test_a_bad_expression_says_what_is_wrong_and_what_to_do(
    surroundings: Surroundings, text: str, told: str
) -> None:
    with pytest.raises(ExpressionFault) as fault:
        compile_expression(text, "/data/empty", surroundings)
    assert told in fault.value.what
    assert fault.value.remedy


@given(st.text(alphabet="ab/.[]()'\"=<>+-*,$@:|1 and", max_size=30))
def test_any_text_is_an_expression_or_a_fault_never_an_accident(text: str) -> None:
    try:
        parse(text)
    except ExpressionFault as fault:
        assert fault.what


_NUMBERS = st.decimals(min_value=-1000, max_value=1000, places=2, allow_nan=False)


@st.composite
def sums(draw: st.DrawFn, depth: int = 3) -> tuple[str, Decimal]:
    """An arithmetic expression and what Decimal says of it."""
    if depth == 0 or draw(st.booleans()):
        number = draw(_NUMBERS)
        return (f"(-{-number})" if number < 0 else str(number)), number
    (left, first), (right, second) = draw(sums(depth=depth - 1)), draw(sums(depth=depth - 1))
    sign = draw(st.sampled_from(["+", "-", "*", "div"]))
    if sign == "div":
        assume(second != 0)
        return f"({left} div {right})", first / second
    results = {"+": first + second, "-": first - second, "*": first * second}
    return f"({left} {sign} {right})", results[sign]


@given(sums())
def test_arithmetic_agrees_with_decimal(
    surroundings: Surroundings, record: Interview, pair: tuple[str, Decimal]
) -> None:
    text, expected = pair
    with localcontext(prec=28, rounding=ROUND_HALF_EVEN):
        found = compile_expression(text, "/data/empty", surroundings).run(record.scope("zh"), (), None)
        assert to_text(found) == number_text(expected)


@given(_NUMBERS, _NUMBERS)
def test_order_agrees_with_decimal(
    surroundings: Surroundings, record: Interview, first: Decimal, second: Decimal
) -> None:
    for sign, expected in (("<", first < second), ("<=", first <= second), ("=", first == second)):
        text = f"number('{first}') {sign} number('{second}')"
        assert compile_expression(text, "/data/empty", surroundings).truth(record.scope("zh"), ()) is expected
