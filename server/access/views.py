"""What the pages of people and tablets show, read straight from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from server import statements
from server.access import tablet_state
from server.access.places import Place
from server.access.roles import SURVEYOR
from server.access.tables import (
    ApiToken,
    Assignment,
    EnrolmentCode,
    Person,
    Rescue,
    RoleAssignment,
    Tablet,
)
from server.access.tablet_state import Concern
from server.database import among, table_of

_PERSON: Final = table_of(Person).c
# Asked by every contact that has something to tell, so it is built once.
_NAMES: Final = rows_of(_PERSON.id, _PERSON.name).where(among(_PERSON.id, "people"))


@dataclass(frozen=True)
class TabletLine:
    """A tablet in the list. `concerns`: what somebody should look after (`tablet_state`)."""

    tablet: Tablet
    person_name: str
    villages_n: int
    silent: bool
    concerns: tuple[Concern, ...]

    @property
    def told(self) -> str:
        return told(self.tablet, self.person_name)


def told(tablet: Tablet, person_name: str) -> str:
    """A tablet and its surveyor in a few words; one that goes by the surveyor says the name once."""
    return tablet.called if tablet.called.startswith(person_name) else f"{person_name} · {tablet.called}"


@dataclass(frozen=True)
class HeldVillage:
    """A village a tablet holds (`until_at` None) or held, with whatever name the registry has for it."""

    code: str
    name: str
    township_name: str
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True)
class CodeLine:
    """An enrolment code in the list; the code itself is not known any more. `made_by_name`: empty for the command
    line.
    """

    code_sha256: str
    person_name: str
    made_by_name: str
    villages: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    expired: bool

    @property
    def villages_n(self) -> int:
        return len(self.villages)


@dataclass(frozen=True)
class SilentTablet:
    """A tablet whose records may be missing from every figure of its villages."""

    device: str
    name: str
    person_name: str
    last_contact_at: datetime | None
    waiting: int


@dataclass(frozen=True)
class Reporting:
    """Of `total` tablets that hold a village of an area now, those not heard of for days."""

    total: int
    silent: tuple[SilentTablet, ...]


def reporting(session: Session, area: str, now: datetime) -> Reporting:
    """How complete the figures of an area (division code prefix of at least six digits) can be."""
    lines = tablets(session, county=area[:6], newest={}, now=now, area=area)
    return Reporting(
        total=len(lines),
        silent=tuple(
            SilentTablet(
                device=line.tablet.device,
                name=line.tablet.called,
                person_name=line.person_name,
                last_contact_at=line.tablet.last_contact_at,
                waiting=line.tablet.waiting,
            )
            for line in lines
            if line.silent
        ),
    )


def tablets(
    session: Session, *, county: str, newest: Mapping[str, str], now: datetime, area: str = ""
) -> list[TabletLine]:
    """The county's tablets, those not heard of longest first, because they are what the page is for.

    With an area: only those in use that hold one of its villages now. `newest`: form → its newest version.
    """
    counts = dict(
        session.exec(
            select(Assignment.device, func.count())
            .where(Assignment.county == county, col(Assignment.until_at).is_(None))
            .group_by(col(Assignment.device))
        ).all()
    )
    query = (
        select(Tablet, Person.name)
        .where(Tablet.county == county)
        .join(Person, col(Person.id) == col(Tablet.person))
        .order_by(col(Tablet.last_contact_at).is_not(None), col(Tablet.last_contact_at), col(Tablet.device))
    )
    if area:
        holders = select(Assignment.device).where(
            Assignment.county == county,
            col(Assignment.until_at).is_(None),
            col(Assignment.village).startswith(area, autoescape=True),
        )
        query = query.where(col(Tablet.device).in_(holders), col(Tablet.revoked_at).is_(None))
    rows = session.exec(query)
    return [_line(tablet, name, counts.get(tablet.device, 0), newest, now) for tablet, name in rows]


def tablet(
    session: Session, *, county: str, device: str, newest: Mapping[str, str], now: datetime
) -> TabletLine | None:
    found = session.get(Tablet, (county, device))
    if found is None:
        return None
    person = session.get_one(Person, found.person)
    count = session.exec(
        select(func.count()).where(
            Assignment.county == county, Assignment.device == device, col(Assignment.until_at).is_(None)
        )
    ).one()
    return _line(found, person.name, count, newest, now)


def _line(
    tablet: Tablet, person_name: str, villages_n: int, newest: Mapping[str, str], now: datetime
) -> TabletLine:
    return TabletLine(
        tablet=tablet,
        person_name=person_name,
        villages_n=villages_n,
        silent=tablet_state.silent(tablet.last_contact_at, now),
        concerns=tablet_state.concerns(tablet, newest, now),
    )


def shown(lines: Sequence[TabletLine], show: str) -> list[TabletLine]:
    """Those with the concern `show`; all of them where it is none."""
    return [line for line in lines if show not in tablet_state.WORDS or show in line.concerns]


@dataclass(frozen=True)
class Board:
    """What a list of tablets comes to. `waiting`, `photos_waiting`: over all of them, as each said last.
    `concerns`: how many tablets each concern is true of, those of none left out."""

    total: int
    waiting: int
    photos_waiting: int
    concerns: Mapping[Concern, int]


def board(lines: Sequence[TabletLine]) -> Board:
    """The head of the list, from the lines themselves: its numbers are theirs."""
    met = Counter(concern for line in lines for concern in line.concerns)
    in_use = [line.tablet for line in lines if line.tablet.revoked_at is None]
    return Board(
        len(in_use),
        sum(tablet.waiting for tablet in in_use),
        sum(tablet.photos_waiting for tablet in in_use),
        {concern: met[concern] for concern in tablet_state.WORDS if met[concern]},
    )


def assignments(session: Session, *, county: str, device: str, places: Sequence[Place]) -> list[HeldVillage]:
    """The villages of a tablet, those it holds now first; `places` gives them their names."""
    names = {place.code: place for place in places}
    rows = session.exec(
        select(Assignment)
        .where(Assignment.county == county, Assignment.device == device)
        .order_by(col(Assignment.until_at).is_not(None), col(Assignment.village), col(Assignment.from_at))
    )
    return [
        HeldVillage(
            code=row.village,
            name=names[row.village].name if row.village in names else row.village,
            township_name=names[row.village].township_name if row.village in names else "",
            from_at=row.from_at,
            until_at=row.until_at,
        )
        for row in rows
    ]


def codes(session: Session, *, county: str, now: datetime, limit: int | None) -> list[CodeLine]:
    """The latest enrolment codes, unused ones first; `limit` None: all of them."""
    rows = session.exec(
        select(EnrolmentCode, Person.name)
        .where(EnrolmentCode.county == county)
        .join(Person, col(Person.id) == col(EnrolmentCode.person))
        .order_by(col(EnrolmentCode.used_at).is_not(None), col(EnrolmentCode.made_at).desc())
        .limit(limit)
    )
    found = list(rows)
    makers = names(session, {code.made_by for code, _ in found})
    return [
        CodeLine(
            code_sha256=code.code_sha256,
            person_name=name,
            made_by_name=makers.get(code.made_by, ""),
            villages=tuple(code.villages),
            made_at=code.made_at,
            expires_at=code.expires_at,
            used_at=code.used_at,
            expired=code.used_at is None and code.expires_at <= now,
        )
        for code, name in found
    ]


def surveyors(session: Session, *, county: str) -> Sequence[Person]:
    """Whoever may carry a tablet of this county."""
    roles = select(RoleAssignment.person).where(
        RoleAssignment.role == SURVEYOR,
        col(RoleAssignment.area).startswith(county),
        col(RoleAssignment.until_at).is_(None),
    )
    return session.exec(
        select(Person)
        .where(col(Person.id).in_(roles), col(Person.closed_at).is_(None))
        .order_by(col(Person.name), col(Person.id))
    ).all()


def tokens(session: Session, *, person: str) -> Sequence[ApiToken]:
    """This person's tokens that still work, latest first."""
    return session.exec(
        select(ApiToken)
        .where(ApiToken.person == person, col(ApiToken.revoked_at).is_(None))
        .order_by(col(ApiToken.made_at).desc())
    ).all()


def names(session: Session, people: set[str]) -> dict[str, str]:
    """Person id → name, of those that exist."""
    return dict(statements.rows(session, _NAMES, {"people": sorted(people)})) if people else {}


def everybody(session: Session) -> Sequence[Person]:
    """Every person there is, for naming them in a long list."""
    return session.exec(select(Person)).all()


def rescues(session: Session, *, county: str, device: str) -> Sequence[Rescue]:
    """The rescue files this tablet has left, as far as they were brought; the latest first."""
    query = select(Rescue).where(Rescue.county == county, Rescue.device == device)
    return session.exec(query.order_by(col(Rescue.read_at).desc())).all()
