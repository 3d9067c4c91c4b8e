"""A glance never says yes to what the full look finds fault with, and what answers save does not hang on it."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survey_forms import released
from survey_forms.alone import judges
from survey_forms.answers import entity_changes
from survey_forms.form import Form
from survey_forms.glance import is_surely_sound
from survey_forms.interview import (
    Context,
    Interview,
    Shown,
    add_repeat,
    answer,
    answers,
    begin,
    check,
    examine,
    faults,
    questions,
)
from survey_forms.lexical import is_canonical, is_valid, normal
from survey_forms.records import flatten
from survey_forms.scope import Scope
from survey_forms.settling import State, canonical_text, settle_all
from survey_forms.xform import parse

Fill = Callable[..., Interview]
Record = dict[str, Any]

RELEASED = {f"{name} {version}": parse(xml) for name, version, xml in released()}
_TEXTS = (
    *("", " ", "x", "0", "1", "2.50", "7", " 7", "007", "-1", "2020-03-09", "2020-03-11", "2020-02-30", "OK"),
    *(
        "yes",
        "no",
        "gas",
        "coal",
        "boiler",
        "burned",
        "none",
        "owner",
        "heated",
        "not_heated",
        "removed",
        "4",
    ),
    *(
        "b a",
        "a b",
        "35.5 112.5",
        "35.50 112.5",
        "王建军",
        "两\n行",
        "两\r\n行",
        "\x00",
        "１２",
        "13835640000",
    ),
)
"""Texts that some question of some form takes, and texts that none does."""

FITTING: Mapping[str, tuple[str, ...]] = {
    "text": ("3组12号", "王建军", "13835640000", "11010519491231002X", "6222020200112230", "HT-2020-001"),
    "integer": ("0", "3", "1990", "2021"),
    "decimal": ("0.5", "12", "80.25", "300"),
    "date": ("2019-11-20", "2020-02-29", "2020-03-10"),
    "geopoint": ("35.5 112.85", "35.4961234 112.85 750.3 4.9"),
    "image": ("0123abcd.jpg",),
    "range": ("5",),
    "acknowledge": ("OK",),
    "select_one": (),
    "select_multiple": (),
}
"""Type of question → texts of which one fits, whatever the form wants to know."""
TOLD = {"household_id": "h-1", "coal_use_id": "u-1", "village": "140525105201", "village_name": "模拟村"}

FAMILY = """
| survey | | | | | | | | |
| | type | name | label | required | relevant | constraint | calculation | choice_filter |
| | hidden | household_id | | | ${kind} != 'none' | | | |
| | select_one kinds | kind | 类别 | yes | | . != 'odd' | | |
| | select_multiple parts | part | 部分 | | ${kind} = 'big' | count-selected(.) <= 2 | | kind = ${kind} |
| | range | share | 份额 | | | | | |
| | acknowledge | sure | 确认 | | | ${kind} != 'small' | | |
| | begin_repeat | person | 人 | | ${kind} != 'none' | | | |
| | text | name | 姓名 | yes | | string-length(.) <= 4 | | |
| | integer | age | 年龄 | | ${name} != 'x' | . <= 150 and position(..) < 3 | | |
| | begin_repeat | pet | 宠物 | | ${age} > 10 | | | |
| | select_one kinds | size | 大小 | | | | | |
| | end_repeat | | | | | | | |
| | calculate | twice | | | | | ${age} * 2 | |
| | end_repeat | | | | | | | |
| | calculate | ages | | | | | sum(${age}) | |
| | date | on_day | 日期 | | | . <= today() | | |
| | calculate | stamp | | | | | today() | |
| choices | | | | |
| | list_name | name | label | kind |
| | kinds | big | 大 | |
| | kinds | small | 小 | |
| | kinds | odd | 怪 | |
| | kinds | none | 无 | |
| | parts | a | 甲 | big |
| | parts | b | 乙 | big |
| | parts | c | 丙 | small |
"""
A_FAMILY: Record = {
    "household_id": "h-1",
    "kind": "big",
    "part": "a b",
    "share": "5",
    "sure": "OK",
    "person": [{"name": "甲", "age": "12", "pet": [{"size": "small"}, {}], "twice": "24"}, {"name": "乙"}],
    "on_day": "2020-03-09",
    "stamp": "2020-01-01",
}


@pytest.fixture(scope="session")
def family(form_of: Callable[[str], Form]) -> Form:
    return form_of(FAMILY)


def plainly_saved(form: Form, record: Any, context: Context) -> dict[str, dict[str, str]]:
    """What `entity_changes` means, without any haste: everything worked out, and then looked up."""
    flat = flatten(form, record)
    scope = Scope({}, flat.typed, context, form.default_language, form)
    settle_all(State(form, scope, flat.counts, kept=True, timeless=True))
    return {
        each.dataset: {
            name: canonical_text(form.nodes[path], flat.typed.get(path, {}).get((), ""))
            for name, path in each.properties.items()
        }
        for each in form.entities
        if () in scope.live[each.scope]
        and any(when and when.string(scope, ()) in ("true", "1") for when in (each.creates, each.updates))
    }


def spots(record: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record, groups and instances included."""
    for key, value in record.items() if isinstance(record, dict) else enumerate(record):
        yield (*where, key)
        if isinstance(value, dict | list):
            yield from spots(value, (*where, key))


def replaced(record: Any, where: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value there; None takes it away."""
    key, *further = where
    copy: Any = dict(record) if isinstance(record, dict) else list(record)
    if further:
        copy[key] = replaced(copy[key], tuple(further), value)
    elif value is None:
        del copy[key]
    else:
        copy[key] = value
    return copy


def spoilt(data: st.DataObject, record: Record) -> Record:
    """A record with up to two answers changed, taken away, moved or misshapen."""
    texts = st.sampled_from(_TEXTS)
    others = texts | st.none() | st.sampled_from([{}, [], [{}], ["x"], 1, {"x": "1"}])
    for _ in range(data.draw(st.integers(0, 2))):
        places = list(spots(record))
        if not places:
            return record
        record = replaced(record, data.draw(st.sampled_from(places)), data.draw(others))
        if data.draw(st.integers(0, 4)) == 0:
            names = ["remark", "household_id", "coal", "person", "part", "new", "price", "maker", "coal_t"]
            record = {**record, data.draw(st.sampled_from(names)): data.draw(texts)}
    return record


def agree(form: Form, record: Any, context: Context) -> bool:
    """Whether a glance was enough; that it is right is asserted."""
    found, is_enough = examine(form, record, context), is_surely_sound(form, record, context)
    assert not (is_enough and found)
    assert check(form, record, context) == found
    assert entity_changes(form, record) == plainly_saved(form, record, context)
    return is_enough


@settings(max_examples=400)
@given(st.data())
def test_a_glance_never_overlooks_a_fault(
    family: Form, form_of: Callable[[str], Form], context: Context, data: st.DataObject
) -> None:
    given = Context(context.today, context.now, data.draw(st.sampled_from([{}, {"household_id": "h-1"}])))
    house = {
        "household_id": "h-1",
        "heated": "yes",
        "heating": {"fuel": "gas", "device": "boiler", "area": "10", "cost": {"price": "1.5", "total": "15"}},
        "visited_on": "2020-03-10",
        "fixed": "A-1",
    }
    stove = {"coal_t": "2", "maker": "甲", "pipe": [{"length": "1"}, {"length": "2"}], "lengths": "3"}
    stoves = {"owner": "王", "stove": [stove], "coal_all": "2"}
    form, record = data.draw(
        st.sampled_from([(family, A_FAMILY), (form_of("house"), house), (form_of("stoves"), stoves)])
    )
    agree(form, spoilt(data, record), given)


@pytest.mark.parametrize("name", [*RELEASED, "house", FAMILY])
@settings(max_examples=20)
@given(st.integers(0, 10**6), st.data())
def test_every_form_answered_well_is_seen_at_a_glance(
    name: str, form_of: Callable[[str], Form], context: Context, seed: int, data: st.DataObject
) -> None:
    rng, form = Random(seed), RELEASED.get(name) or form_of(name)
    known = {"head_name": "王建军", "door_number": "3组12号", "mountain": rng.choice(("yes", "no"))}
    given = Context(context.today, context.now, TOLD | (known if rng.random() < 0.7 else {}))
    interview = answered(form, given, rng)
    assume(not faults(interview, "zh"))
    record = answers(interview)
    assert agree(form, record, given)
    for _ in range(10):
        agree(form, spoilt(data, record), given)


def answered(form: Form, context: Context, rng: Random) -> Interview:
    """An interview in which everything the form insists on is answered, and now and then more."""
    interview = begin(form, context)
    for node in form.nodes.values():
        if node.kind == "repeat" and len(node.repeats) == 1:
            for _ in range(rng.randrange(3)):
                interview = add_repeat(interview, node.path)
    for chance in (0.5, 0, 0):
        wanted = {fault.path for fault in faults(interview, "zh")}
        for row in questions(interview, "zh"):
            if row.path in wanted or (row.type in FITTING and not row.value and rng.random() < chance):
                interview = fitting(interview, row, rng)
    return interview


def fitting(interview: Interview, row: Shown, rng: Random) -> Interview:
    """The first answer that the form has nothing to say against; none where there is none."""
    texts = [choice.value for choice in row.choices] or list(FITTING.get(row.type, ()))
    rng.shuffle(texts)
    for text in texts:
        tried = answer(interview, row.path, text)
        if row.path not in {fault.path for fault in faults(tried, "zh")}:
            return tried
    return answer(interview, row.path, "")


def test_a_sound_record_is_seen_at_a_glance(family: Form, context: Context) -> None:
    given = Context(context.today, context.now, {"household_id": "h-1"})
    assert examine(family, A_FAMILY, given) == ()
    assert is_surely_sound(family, A_FAMILY, given)
    assert is_surely_sound(family, {"kind": "none", "ages": "0"}, given)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "odd"},
        {"part": "c"},
        {"part": "b x"},
        {"sure": "no"},
        {"on_day": "2020-03-11"},
        {"ages": "13"},
        {"household_id": "h-2"},
        {"kind": "none"},
        {"person": [{"age": "12"}]},
        {"person": [{"name": "x", "age": "12"}]},
        {"person": [{"name": "甲", "age": "151"}]},
        {"person": [{"name": "甲", "age": "9", "pet": [{"size": "small"}]}]},
        {"person": [{"name": "甲", "age": "12", "twice": "25"}]},
        {"person": ["x"]},
        {"person": {}},
        {"surprise": "1"},
        {"kind": ["big"]},
    ],
)
def test_what_is_wrong_gets_the_full_look(family: Form, context: Context, change: Record) -> None:
    given = Context(context.today, context.now, {"household_id": "h-1"})
    record = {**A_FAMILY, **change}
    assert examine(family, record, given)
    assert not agree(family, record, given)


def test_a_counted_repeat_is_left_to_the_full_look(
    form_of: Callable[[str], Form], filled: Fill, context: Context
) -> None:
    interview = filled("stoves", {"/data/owner": "none"})
    assert faults(interview, "zh") == ()
    record = answers(interview)
    assert not is_surely_sound(form_of("stoves"), record, context)
    assert check(form_of("stoves"), record, context) == ()


@given(
    st.sampled_from(["string", "int", "decimal", "date", "time", "dateTime", "geopoint", "binary"]), st.data()
)
def test_a_text_is_canonical_if_nothing_would_write_it_otherwise(kind: str, data: st.DataObject) -> None:
    text = data.draw(
        st.sampled_from(_TEXTS) | st.text(max_size=8) | st.from_regex(r"[-+]?[0-9]{1,3}(\.[0-9]{0,3})?")
    )
    assert is_canonical(kind, text) == (text != "" and normal(kind, text) == text and is_valid(kind, text))


@pytest.mark.parametrize("name", RELEASED)
@given(st.data())
def test_what_is_sound_by_itself_is_canonical(name: str, data: st.DataObject) -> None:
    form = RELEASED[name]
    node = data.draw(st.sampled_from(form.leaves))
    codes = tuple(node.options.by_value) if node.options else ()
    text = data.draw(st.sampled_from((*_TEXTS, *codes)) | st.text(max_size=8))
    if judges(form)[node.path](text):
        assert canonical_text(node, text) == text != ""
        assert is_valid(node.data_type, text)
