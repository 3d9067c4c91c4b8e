"""From merged entities to typed rows: nothing recorded is lost, whatever it looks like."""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from server import database
from server.registry.policy import GROUPS, POLICY
from server.registry.projection import COLUMNS, TABLES, projection, row_of, spelling
from server.registry.tables import CoalUse, Conversion, Household
from server.registry.vocabulary import PROPERTIES, choice
from sync.facts import Held, PropertyState
from sync.messages import Conflict

AT = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
VILLAGE = "140525100200"
HOME = "11111111-1111-4111-8111-111111111111"


def _held(dataset: str, props: Mapping[str, str], identity: str = HOME, version: int = 1) -> Held:
    states = {name: PropertyState(value, version, "s") for name, value in props.items()}
    return Held(dataset, identity, VILLAGE, version, states, updated_at="2020-09-01T08:00:00.000000Z")


def _household(**props: str) -> dict[str, object]:
    return row_of("140525", _held("household", props))


def test_values_become_what_their_columns_hold() -> None:
    row = _household(
        head_name="张三", residents_n="4", heated_area_m2="80.5", demolition_year="", visited_on="2020-04-01"
    )
    assert (row["residents_n"], row["heated_area_m2"]) == (4, Decimal("80.50"))
    assert (row["demolition_year"], row["visited_on"]) == (None, date(2020, 4, 1))
    assert (row["head_pinyin"], row["head_initials"], row["extra"]) == ("zhangsan", "zs", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heated_area_m2", "eighty"), ("heated_area_m2", "80.123"), ("heated_area_m2", "1e30"),
        ("heated_area_m2", "NaN"), ("residents_n", "4.5"), ("residents_n", "99999999999"),
        ("heated_area_m2", "1E+999999999"), ("heated_area_m2", "1E-999999999"), ("residents_n", "9" * 5_000),
        ("visited_on", "2020-02-30"), ("a_later_form_asks", "yes"),
    ],
)  # fmt: skip
def test_what_a_column_cannot_hold_is_kept_word_for_word(name: str, value: str) -> None:
    row = _household(**{name: value})
    assert row["extra"] == {name: value}
    assert row.get(name) is None


def test_a_price_is_kept_in_whole_fen() -> None:
    row = row_of("140525", _held("coal_use", {"price_yuan_per_t": "640.005", "coal_t": "2.7"}))
    assert (row["price_fen_per_t"], row["coal_t"]) == (64_001, Decimal("2.700"))
    assert row_of("140525", _held("coal_use", {"price_yuan_per_t": ""}))["price_fen_per_t"] is None


@pytest.mark.parametrize(
    ("name", "spelled"),
    [("张三", ("zhangsan", "zs")), ("单晋生", ("shanjinsheng", "sjs")), ("解 放", ("xiefang", "xf")),
     ("", ("", "")), ("O'Brien", ("o'brien", "o'brien")), ("䶮㛃", ("yanjie", "yj"))],
)  # fmt: skip
def test_names_are_spelled_as_they_are_typed(name: str, spelled: tuple[str, str]) -> None:
    assert spelling(name) == spelled


@given(
    st.dictionaries(st.sampled_from([*PROPERTIES, "other"]), st.text(max_size=12), max_size=12),
    st.sampled_from(["household", "conversion", "coal_use"]),
)
def test_every_value_is_in_a_column_or_in_extra(props: dict[str, str], dataset: str) -> None:
    row = row_of("140525", _held(dataset, props))
    columns = COLUMNS[TABLES[dataset]]
    for name, value in props.items():
        kept = row["extra"].get(name) if name in row["extra"] else row[columns[name].name]
        assert kept == value or not value or not isinstance(kept, str | None)


def test_rows_are_written_anew_with_each_version(engine: Engine) -> None:
    first = _held("household", {"head_name": "张三", "device": "kang"})
    second = _held("household", {"head_name": "张三", "device": "10", "heated_area_m2": "80.50"}, version=2)
    conversion = _held("conversion", {"household": HOME, "kind": "electric", "installed_on": "2020-05-01"})
    coal = _held("coal_use", {"household": HOME, "season": "2019-2020", "coal_t": "2.7"})
    with database.write(engine) as session:
        projection(session, "140525", [first], AT)
        projection(session, "140525", [second, conversion, coal, _held("inspection", {"x": "1"})], AT)
        session.expire_all()
        home = session.get_one(Household, ("140525", HOME))
        assert (home.device, home.version, home.heated_area_m2) == ("10", 2, Decimal("80.50"))
        assert session.get_one(Conversion, ("140525", HOME)).installed_on == date(2020, 5, 1)
        assert session.get_one(CoalUse, ("140525", HOME)).coal_t == Decimal("2.700")


def test_the_same_entity_twice_in_one_go_leaves_its_last_state(engine: Engine) -> None:
    states = [_held("household", {"device": device}, version=n) for n, device in enumerate(("1", "2"), 1)]
    with database.write(engine) as session:
        projection(session, "140525", states, AT)
        assert session.get_one(Household, ("140525", HOME)).device == "2"


def test_open_conflicts_are_counted(engine: Engine) -> None:
    conflict = Conflict("c1", "device", "s2", "kang", "1", "10", "s1", "2020-09-01T08:00:00Z", "p1")
    held = Held("household", HOME, VILLAGE, 2, {}, (conflict,), "2020-09-01T08:00:00.000000Z")
    with database.write(engine) as session:
        projection(session, "140525", [held], AT)
        assert session.get_one(Household, ("140525", HOME)).conflicts_n == 1


def test_twenty_thousand_households_are_written_in_seconds(sqlite_engine: Engine) -> None:
    props = {"head_name": "张三", "door_number": "1组1号", "device": "kang", "heated_area_m2": "80.5"}
    many = [_held("household", props, f"{n:08d}-1111-4111-8111-111111111111") for n in range(20_000)]
    started = time.monotonic()
    with database.write(sqlite_engine) as session:
        projection(session, "140525", many, AT)
    assert time.monotonic() - started < 15


def test_the_guard_groups_name_known_properties_once() -> None:
    for dataset, groups in GROUPS.items():
        names = [name for group in groups.values() for name in group]
        assert len(names) == len(set(names)) and set(names) <= PROPERTIES.keys()
        assert POLICY.groups[dataset].keys() == set(names)
    assert POLICY.groups["household"]["fuel"] == POLICY.groups["household"]["device"] == "heating"
    assert "phone" not in POLICY.groups["household"]


def test_words_are_said_in_chinese_and_unknown_codes_as_they_are() -> None:
    assert choice("device", "10") == "空气源热泵"
    assert choice("coal_source", "depot gift") == "煤场、供应网点、单位或亲友给"
    assert choice("device", "99") == "99" and choice("remark", "三 四") == "三 四"
