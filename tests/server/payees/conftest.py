"""A small register of homes, and lists of payees as townships send them."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from sqlmodel import select
from stdnum.cn import ric

from server.access.tables import Audit
from server.database import read, write
from server.registry.tables import Division, Household
from server.subsidies.tables import PayeeRow

COUNTY = "140525"
NORTH, SOUTH, FAR = "140525100201", "140525100202", "140525200201"
AT = datetime(2020, 12, 1, 8, 0, tzinfo=UTC)
HEADINGS = [
    "乡镇",
    "村",
    "门牌号",
    "户主姓名",
    "户主身份证号",
    "收款户名",
    "收款账号",
    "开户银行",
    "与户主关系",
]
# Card numbers with a right check digit.
CARDS = ("6228480402564890018", "6217001234567890122", "6222021234567890128")


def id_number(serial: int) -> str:
    body = f"14052519700101{serial:03}"
    return body + ric.calc_check_digit(body + "0")


def homes() -> list[Household]:
    said = [
        ("h1", NORTH, "1号", "张三", id_number(1)),
        ("h2", NORTH, "2号", "李四", id_number(2)),
        ("h3", SOUTH, "1号", "王五", ""),
        ("h4", FAR, "1号", "赵六", id_number(4)),
        ("twin-a", SOUTH, "9号", "陈二", id_number(9)),
        ("twin-b", FAR, "9号", "陈大", id_number(9)),
    ]
    return [
        Household(
            county=COUNTY,
            id=id,
            village=village,
            version=1,
            door_number=door,
            head_name=head,
            id_number=number,
            extra={},
            updated_at=AT,
        )
        for id, village, door, head, number in said
    ]


def divisions() -> list[Division]:
    named = {
        f"{COUNTY}000000": ("泽州县", "county", ""),
        "140525100000": ("南村镇", "township", f"{COUNTY}000000"),
        "140525200000": ("下村镇", "township", f"{COUNTY}000000"),
        NORTH: ("北石店村民委员会", "village", "140525100000"),
        SOUTH: ("南石店村", "village", "140525100000"),
        FAR: ("南石店村", "village", "140525200000"),
    }
    return [
        Division(code=code, name=name, level=level, parent=parent, edition="2016")
        for code, (name, level, parent) in named.items()
    ]


@pytest.fixture
def registered(sqlite_engine) -> Any:
    """SQLite with six homes in three villages; two villages have one name."""
    with write(sqlite_engine) as session:
        session.add_all([*divisions(), *homes()])
    return sqlite_engine


@pytest.fixture
def registered_anywhere(engine) -> Any:
    """The same on SQLite and on PostgreSQL, for what the database itself guarantees."""
    with write(engine) as session:
        session.add_all([*divisions(), *homes()])
    return engine


def row(
    home: str = "",
    holder: str = "张三",
    account: Any = CARDS[0],
    bank: str = "农行泽州支行",
    relation: str = "本人",
    township: str = "",
    village: str = "",
    door: str = "",
    head: str = "",
) -> list[Any]:
    """A row of a list; `home`: the householder's identity number."""
    return [township, village, door, head, home, holder, account, bank, relation]


@pytest.fixture(scope="session")
def list_file() -> Callable[..., bytes]:
    """`list_file(row(…), row(…))`: a list as an XLSX."""

    def make(*rows: Sequence[Any], headings: Sequence[str] = HEADINGS) -> bytes:
        made = openpyxl.Workbook()
        page = made.active
        assert page is not None
        for each in ([*headings], *rows):
            page.append(list(each))
        file = io.BytesIO()
        made.save(file)
        return file.getvalue()

    return make


@pytest.fixture
def stated(registered) -> Callable[[], list[tuple[Any, ...]]]:
    """All statements: household, number, state, holder, end of the account, source."""

    def look() -> list[tuple[Any, ...]]:
        with read(registered) as session:
            rows = session.exec(select(PayeeRow).order_by(PayeeRow.household, PayeeRow.number)).all()
        return [
            (each.household, each.number, each.state, each.holder, each.account[-4:], each.source)
            for each in rows
        ]

    return look


@pytest.fixture
def logged(registered) -> Callable[[], list[Audit]]:
    def look() -> list[Audit]:
        with read(registered) as session:
            return list(session.exec(select(Audit).order_by(Audit.at, Audit.subject)).all())

    return look


def later(hours: int) -> datetime:
    return AT + timedelta(hours=hours)


@pytest.fixture(scope="session")
def town() -> SimpleNamespace:
    """The places, people and cards that tests speak of."""
    return SimpleNamespace(
        county=COUNTY,
        north=NORTH,
        south=SOUTH,
        far=FAR,
        at=AT,
        later=later,
        cards=CARDS,
        id_number=id_number,
        row=row,
        headings=HEADINGS,
        homes=homes,
        divisions=divisions,
    )
