"""A township's list of payees: every fault at its cell, all or nothing, and the same list twice changes nothing."""

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from server.database import read, write
from server.subsidies import payee_list, payee_views, payees
from server.subsidies.payee_list import Brought, Preview
from server.subsidies.payee_views import PayeeFilter
from server.subsidies.payments import Payee
from server.subsidies.tables import PayeeListRow
from server.web import Problem

BANK = "农行泽州支行"


@pytest.fixture
def look(registered, town) -> Callable[..., Preview]:
    """What a list would change, for somebody who may import for the villages of an area."""

    def preview(data: bytes, area: str = town.county) -> Preview:
        with read(registered) as session:
            return payee_list.look(session, town.county, _brought(data, town, area))

    return preview


@pytest.fixture
def bring(registered, town, look) -> Callable[..., Preview]:
    """Looks at a list and confirms it."""

    def confirm(data: bytes, seen: str | None = None) -> Preview:
        brought = _brought(data, town, town.county)
        digest = look(data).digest if seen is None else seen
        with write(registered) as session:
            session.add(
                PayeeListRow(
                    county=town.county,
                    id=brought.id,
                    name="名单.xlsx",
                    sha256=brought.sha256,
                    content=data,
                    read_at=town.at,
                    read_by="official",
                )
            )
        with write(registered) as session:
            return payee_list.bring_in(session, town.county, brought, digest)

    return confirm


def _brought(data: bytes, town, area: str) -> Brought:
    return Brought(str(uuid.uuid4()), data, "official", town.at, lambda village: village.startswith(area))


def faults(preview: Preview) -> list[tuple[str, str]]:
    return [(each.at, each.what()) for each in preview.faults]


def test_a_list_is_brought_in_and_the_same_again_changes_nothing(
    list_file, town, bring, stated, logged
) -> None:
    first, second, third = town.cards
    data = list_file(
        town.row(town.id_number(1)),
        town.row(town.id_number(2).lower(), "李小四", second, relation="儿子"),
        town.row("", "王五", third, village="南石店村委会", township="南村镇", door="１ 号", head="王 五"),
    )
    done = bring(data)
    assert faults(done) == []
    assert stated() == [
        ("h1", 1, "in_force", "张三", "0018", "list"),
        ("h2", 1, "in_force", "李小四", "0122", "list"),
        ("h3", 1, "in_force", "王五", "0128", "list"),
    ]
    lines = logged()
    assert [line.subject for line in lines][-1].startswith("payee_list/") and len(lines) == 4
    assert first not in str([line.detail for line in lines]) and "…0018" in str(
        [line.detail for line in lines]
    )
    again = bring(data)
    assert not any(each.outcome.state for each in again.matched)
    assert len(stated()) == 3 and len(logged()) == 5


def test_a_payee_that_differs_becomes_a_proposal(list_file, town, bring, stated) -> None:
    bring(list_file(town.row(town.id_number(1))))
    changed = bring(list_file(town.row(town.id_number(1), account=town.cards[1])))
    assert [each.outcome.before for each in changed.having(payees.PROPOSED)] == [
        Payee("张三", town.cards[0], BANK, "self")
    ]
    assert [row[2] for row in stated()] == ["in_force", "proposed"]


def test_what_changed_since_the_look_stops_all_of_it(list_file, town, look, bring, stated) -> None:
    data, other = (
        list_file(town.row(town.id_number(1))),
        list_file(town.row(town.id_number(1), account=town.cards[1])),
    )
    seen = look(other).digest
    bring(data)
    with pytest.raises(Problem, match="什么也没有导入"):
        bring(other, seen)
    with pytest.raises(Problem, match="什么也没有导入"):
        bring(data, look(other).digest)
    assert len(stated()) == 1


def test_a_list_with_one_fault_is_not_brought_in_at_all(list_file, town, look, bring, stated) -> None:
    data = list_file(town.row(town.id_number(1)), town.row(town.id_number(2), account=""))
    assert faults(look(data)) == [("G3", "没有账号。")]
    with pytest.raises(Problem, match="什么也没有导入"):
        bring(data)
    assert stated() == []


@pytest.mark.parametrize(
    ("given", "at", "what"),
    [
        ({"home": "14052519700101888X"}, "E2", "不是有效的身份证号。"),
        ({"home": 140525197001010017}, "E2", "存成了数值"),
        ({"home": "1.40525E+17"}, "E2", "变成了科学计数法"),
        ({"home": "serial 5"}, "E2", "登记中没有这个身份证号的户主。"),
        ({"home": "serial 9"}, "E2", "登记中有 2 户用这个身份证号。"),
        ({"home": "serial 1", "head": "李四"}, "D2", "登记的户主是张三。"),
        ({}, "B2", "没有写村，认不出是哪一户。"),
        ({"village": "南石店村", "door": "1号", "head": "王五"}, "B2", "本县有 2 个村叫这个名字。"),
        ({"village": "无此村", "door": "1号", "head": "王五"}, "B2", "本县没有这个村。"),
        ({"village": "北石店村", "door": "77号", "head": "张三"}, "C2", "北石店村没有登记这个门牌号。"),
        ({"village": "北石店村", "door": "1号", "head": "王五"}, "D2", "登记的户主是张三。"),
        (
            {"home": "serial 5", "village": "北石店村", "door": "1号", "head": "张三"},
            "E2",
            "这一户登记的是另一个身份证号。",
        ),
        ({"home": "serial 1", "holder": ""}, "F2", "没有填户名。"),
        ({"home": "serial 1", "account": 6228480402564890018}, "G2", "存成了数值"),
        ({"home": "serial 1", "account": "6.22848E+18"}, "G2", "变成了科学计数法"),
        ({"home": "serial 1", "bank": ""}, "H2", "没有填开户银行。"),
        ({"home": "serial 1", "relation": ""}, "I2", "没有写与户主的关系。"),
        ({"home": "serial 1", "relation": "邻居"}, "I2", "不认识这种关系。"),
    ],
)
def test_each_fault_is_told_by_its_cell(list_file, town, look, given: dict, at: str, what: str) -> None:
    if str(given.get("home", "")).startswith("serial"):
        given = {**given, "home": town.id_number(int(given["home"].split()[1]))}
    found = faults(look(list_file(town.row(**given))))
    assert found[0][0] == at and found[0][1].startswith(what)


def test_every_fault_is_told_at_once_and_a_home_stands_once(list_file, town, look) -> None:
    good = town.row(town.id_number(1))
    data = list_file(good, town.row("", account="", relation="?"), good, town.row(town.id_number(9)))
    assert [at for at, _ in faults(look(data))] == ["B3", "C3", "D3", "G3", "I3", "E4", "E5"]


def test_an_official_brings_in_what_lies_in_the_own_area_and_learns_of_nobody_else(
    list_file, town, look
) -> None:
    data = list_file(
        town.row(town.id_number(4)),
        town.row("", village=town.far, door="1号", head="某某"),
        town.row(town.id_number(1)),
    )
    assert faults(look(data, "140525100")) == [
        ("E2", "这一户所在的村不归您负责。"),
        ("B3", "这一户所在的村不归您负责。"),
    ]


def test_a_home_without_a_number_is_found_by_its_place_and_keeps_none(list_file, town, look) -> None:
    place = {"township": "南村镇", "village": "南石店村", "door": "1号", "head": "王五", "holder": "王五"}
    found = look(list_file(town.row(town.id_number(5), **place)))
    assert [each.home.id for each in found.matched] == ["h3"] and faults(found) == []


def test_a_list_that_names_no_home_says_which_columns_would(list_file, look) -> None:
    found = look(
        list_file(
            ["张三", "6228480402564890018", "农行", "本人"], headings=["户名", "账号", "开户行", "关系"]
        )
    )
    assert faults(found) == [("", "表头里没有能认出住户的列。")]


def test_other_kin_is_kept_in_words(list_file, town, bring) -> None:
    done = bring(list_file(town.row(town.id_number(1), "李村长", relation="其他：村干部")))
    assert done.matched[0].outcome.statement.payee.relation == "村干部"


def test_a_list_and_its_pages_work_on_both_databases(registered_anywhere, town, list_file) -> None:
    engine, card = registered_anywhere, town.cards[0]
    brought = _brought(
        list_file(town.row(town.id_number(1)), town.row(town.id_number(2), account=card)), town, town.county
    )
    with write(engine) as session:
        session.add(
            PayeeListRow(
                county=town.county, id=brought.id, name="名单.xlsx", sha256=brought.sha256, content=brought.data,
                read_at=town.at, read_by="official",
            )
        )  # fmt: skip
    with write(engine) as session:
        payee_list.bring_in(
            session, town.county, brought, payee_list.look(session, town.county, brought).digest
        )
    with read(engine) as session:
        wanted = PayeeFilter(town.county, q="张三")
        counts = payee_views.counts(session, replace(wanted, q=""))
        found = payee_views.page(session, wanted, number=1, size=50)
        file = payee_views.file(session, town.county, "h2")
        lists = payee_views.imported(session, town.county)
    assert counts == {"known": 2, "missing": 0, "proposed": 0, "shared": 2, "other_holder": 1, "none": 4}
    assert {line.household.id for line in found.rows} == {"h1", "h2"}
    assert file.statements[0].list_name == "名单.xlsx" and file.statements[0].list_row == "3"
    assert file.statements[0].warnings == ("shared", "other_holder")
    assert [(row.name, row.first_n) for row, _ in lists] == [("名单.xlsx", 2)]
