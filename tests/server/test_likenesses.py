"""Pairs of an area as the register stands: found where something changed, kept where nothing did."""

from datetime import UTC, datetime

from sqlmodel import Session

from server.database import read, write
from server.registry import duplicate_views
from server.registry.duplicate_tables import NotDuplicate
from server.registry.duplicate_views import PairFilter
from server.registry.likenesses import Likenesses
from server.registry.tables import Household

COUNTY, FIRST, SECOND, ELSEWHERE = "140525", "140525100201", "140525100202", "140525200201"
NOW = datetime(2020, 9, 1, 8, tzinfo=UTC)
NUMBER = "14052519700101123X"


def home(session: Session, id: str, village: str = FIRST, **values: str) -> None:
    session.add(
        Household(county=COUNTY, id=id, village=village, version=1, extra={}, updated_at=NOW, **values)
    )


def found(engine, likenesses: Likenesses, area: str = COUNTY) -> list[tuple[str, str, str]]:
    with read(engine) as session:
        return [(each.one, each.other, each.grade) for each in likenesses.find(session, area)]


def test_pairs_are_found_when_a_record_makes_them_and_go_when_it_is_corrected(engine) -> None:
    likenesses = Likenesses()
    with write(engine) as session:
        home(session, "a", head_name="张三", door_number="3组12号")
        home(session, "b", head_name="李四", door_number="三组十二号")
    assert found(engine, likenesses) == []
    with write(engine) as session:
        row = session.get_one(Household, (COUNTY, "b"))
        row.head_name, row.version = "張三", 2
    assert found(engine, likenesses) == [("a", "b", "certain")]
    with write(engine) as session:
        row = session.get_one(Household, (COUNTY, "b"))
        row.head_name, row.version = "王五", 3
    assert found(engine, likenesses) == []


def test_one_persons_homes_in_two_villages_are_seen_from_either(engine) -> None:
    likenesses = Likenesses()
    with write(engine) as session:
        home(session, "a", FIRST, id_number=NUMBER)
        home(session, "b", ELSEWHERE, id_number=NUMBER)
        home(session, "c", SECOND)
    for area in (COUNTY, FIRST, ELSEWHERE[:9]):
        assert found(engine, likenesses, area) == [("a", "b", "likely")], area
    assert found(engine, likenesses, SECOND) == []


def test_what_was_told_apart_stands_in_a_list_of_its_own(engine) -> None:
    likenesses = Likenesses()
    with write(engine) as session:
        for id in ("a", "b", "c"):
            home(session, id, head_name="张三", door_number="1号")
        session.add(
            NotDuplicate(
                county=COUNTY,
                one="a",
                other="b",
                number=1,
                village=FIRST,
                reason="父子",
                said_by="o",
                said_at=NOW,
            )
        )
    with read(engine) as session:
        assert duplicate_views.counts(session, likenesses, PairFilter(COUNTY)) == {
            "open": 2, "dismissed": 1, "merged": 0,
        }  # fmt: skip
        page = duplicate_views.page(session, likenesses, PairFilter(COUNTY, "dismissed"), 1, 50)
        assert [(pair.one.home.id, pair.other.home.id, pair.dismissed.reason) for pair in page.rows] == [
            ("a", "b", "父子")
        ]
        assert (
            duplicate_views.page(session, likenesses, PairFilter(COUNTY, "open", "likely"), 1, 50).rows == []
        )
