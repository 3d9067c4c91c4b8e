"""From merged entities to the register's typed rows, inside the transaction that merged them.

The rows are a reading of the entities and can be made anew from them at any time. A value its column cannot
hold, and a property no column reads, stay word for word in `extra`: a form may know more than this version
of the register, and a derivation never refuses what the hub has accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pypinyin import Style, lazy_pinyin
from sqlmodel import Session, SQLModel

from server.database import upsert
from server.exchange import sources
from server.registry import aliases
from server.registry.tables import CoalUse, Conversion, Household
from sync.doors import door_order
from sync.facts import Held

Reader = Callable[[str], object]

# PostgreSQL keeps no more than 2,704 bytes in a row of an index, and two such texts may stand in one.
KEY_CHARS_MAX: Final = 300


def _text(value: str) -> str:
    return value


def _key(value: str) -> str:
    """Text that an index holds. No form asks for more, but a hidden field may bring it."""
    if len(value) > KEY_CHARS_MAX:
        raise ValueError(value)
    return value


def _whole(value: str) -> int:
    number = int(value)
    if not -(2**31) <= number < 2**31:
        raise ValueError(value)
    return number


def _decimal(places: int, digits: int) -> Reader:
    step = Decimal(1).scaleb(-places)

    def read(value: str) -> Decimal:
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= Decimal(10) ** (digits - places):
            raise ValueError(value)
        if number != number.quantize(step):
            raise ValueError(value)
        return number.quantize(step)

    return read


def _fen(value: str) -> int:
    """Yuan as recorded to whole fen; a price with fractions of a fen is rounded half up."""
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= 10**7:
        raise ValueError(value)
    return int((number * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


class Column(NamedTuple):
    """Where a property goes and how its lexical value is read; `empty` stands for "asked, no answer"."""

    name: str
    read: Reader
    empty: object


def _column(name: str, read: Reader, empty: object = None) -> Column:
    return Column(name, read, empty)


def _texts(*names: str) -> dict[str, Column]:
    return {name: _column(name, _text, "") for name in names}


def _dates(*names: str) -> dict[str, Column]:
    return {name: _column(name, date.fromisoformat) for name in names}


def _keys(*names: str) -> dict[str, Column]:
    return {name: _column(name, _key, "") for name in names}


AREA: Final = _decimal(2, 10)
TONNES: Final = _decimal(3, 10)
COLUMNS: Final[dict[type[SQLModel], dict[str, Column]]] = {
    Household: {
        **_texts(
            "id_number", "phone", "address", "tenure", "registration",
            "house_use", "occupancy", "hardship", "mountain", "heating_status", "not_heated_reason",
            "device", "fuel", "location", "old_stove", "visit_outcome", "remark",
        ),
        **_keys("head_name", "door_number"),
        **_dates("old_stove_on", "visited_on"),
        **{name: _column(name, _whole) for name in ("residents_n", "rooms_n", "demolition_year")},
        **{name: _column(name, AREA) for name in ("house_area_m2", "heated_area_m2")},
    },
    Conversion: {
        **_texts(
            "kind", "device_code", "batch", "contract_number", "contractor",
            "account_number", "brand", "model", "serial", "remark",
        ),
        **_keys("household"),
        **_dates("signed_on", "installed_on", "connected_on", "first_used_on", "accepted_on"),
    },
    CoalUse: {
        **_keys("household", "season"),
        **_texts("coal_source"),
        **_dates("observed_on"),
        "coal_t": _column("coal_t", TONNES),
        "stock_t": _column("stock_t", TONNES),
        "price_yuan_per_t": _column("price_fen_per_t", _fen),
    },
}  # fmt: skip
TABLES: Final[dict[str, type[SQLModel]]] = {
    "household": Household,
    "conversion": Conversion,
    "coal_use": CoalUse,
}


# Characters that are read differently where they are a surname.
SURNAMES: Final = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "盖": "ge", "朴": "piao",
    "乐": "yue", "覃": "qin", "缪": "miao", "尉": "yu", "区": "ou", "员": "yun", "折": "she",
}  # fmt: skip


@lru_cache(maxsize=65_536)
def _spoken(character: str) -> str:
    return "".join(lazy_pinyin(character, style=Style.NORMAL)).lower()


def syllables(name: str) -> list[str]:
    """A name as it sounds: "张三" to ["zhang", "san"]."""
    letters = "".join(name.split())
    spoken = [_spoken(character) for character in letters]
    if letters and letters[0] in SURNAMES:
        spoken[0] = SURNAMES[letters[0]]
    return spoken


def spelling(name: str) -> tuple[str, str]:
    """A name as it is typed: full pinyin and initials, "张三" to ("zhangsan", "zs")."""
    spoken = syllables(name)
    return "".join(spoken), "".join([syllable[:1] for syllable in spoken])


def _typed(columns: Mapping[str, Column], values: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: column.empty for column in columns.values()}
    extra: dict[str, str] = {}
    for name, value in values.items():
        column = columns.get(name)
        if column is None:
            extra[name] = value
        elif value != "":
            try:
                row[column.name] = column.read(value)
            except (ValueError, ArithmeticError):
                extra[name] = value
    row["extra"] = extra
    return row


def row_of(county: str, held: Held) -> dict[str, Any]:
    """An entity as a row of its dataset's table."""
    table = TABLES[held.dataset]
    row = _typed(COLUMNS[table], held.values())
    row.update(
        county=county,
        id=held.id,
        village=held.village,
        version=held.version,
        conflicts_n=len(held.conflicts),
        updated_at=datetime.fromisoformat(held.updated_at.replace("Z", "+00:00")),
    )
    if table is Household:
        row["head_pinyin"], row["head_initials"] = spelling(row["head_name"])
        row["door_order"] = door_order(row["door_number"])
    return row


def _say_who_set_the_device(
    session: Session, county: str, homes: Mapping[str, tuple[Held, dict[str, Any]]]
) -> None:
    """Whose word a household's device is: a conversion's, which may be corrected away again, or a survey's.

    With a conversion's word stands what a survey had recorded; the two go into the rows.
    """
    setters = {
        identity: held.props["device"].submission for identity, (held, row) in homes.items() if row["device"]
    }
    conversions = sources.also_about(session, county, set(setters.values()), "conversion")
    brought = {home: conversions[setter] for home, setter in setters.items() if setter in conversions}
    ids = {id: home for home, known in _every_id(session, county, brought).items() for id in known}
    before = sources.last_set(session, county, "household", ids, "device", apart_from="conversion")
    for identity, (_, row) in homes.items():
        row["device_by"] = brought.get(identity, "")
        row["device_surveyed"] = before.get(identity, "") if identity in brought else row["device"]


def _every_id(session: Session, county: str, homes: Collection[str]) -> Mapping[str, Collection[str]]:
    return aliases.ids_of(session, county, homes) if homes else {}


Rows = dict[type[SQLModel], dict[str, dict[str, Any]]]
"""Table → id → the row of that entity."""


def rows_of(session: Session, county: str, changed: Iterable[Held]) -> Rows:
    """What the register's tables are to say of these entities; of those it knows the dataset of."""
    by_table: dict[type[SQLModel], dict[str, tuple[Held, dict[str, Any]]]] = {}
    for held in changed:
        table = TABLES.get(held.dataset)
        if table is not None:
            by_table.setdefault(table, {})[held.id] = held, row_of(county, held)
    _say_who_set_the_device(session, county, by_table.get(Household, {}))
    return {table: {id: row for id, (_, row) in rows.items()} for table, rows in by_table.items()}


def projection(session: Session, county: str, changed: Iterable[Held], now: datetime) -> None:
    """The register's derivation: writes the rows of every changed entity it knows the dataset of.

    `now` is part of what a derivation is given; the rows carry the entities' own instants.
    """
    for table, rows in rows_of(session, county, changed).items():
        # In the order of their keys, so that two writers never wait for each other crosswise.
        upsert(session, table, [rows[identity] for identity in sorted(rows)])
