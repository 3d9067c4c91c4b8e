"""Who holds a village already: what an official must see before giving it to one more tablet, and say when it is meant.

Two tablets in one village are sometimes right (a large village, a surveyor who helps out) and more often an oversight
that ends in homes registered twice. So the page shows the holders, ticks nothing, and takes a village that a working
tablet holds only where the official says that both shall.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from server.access.places import Place
from server.access.tables import Assignment, EnrolmentCode, Person, Tablet
from server.access.views import told
from server.database import parts
from server.web import N_, Problem

FAULT = "village_held"


@dataclass(frozen=True)
class Holder:
    """A tablet that holds a village now, with its surveyor in words. `works`: neither revoked nor closed."""

    told: str
    works: bool


@dataclass(frozen=True)
class HeldPlace:
    """A village to choose, with whoever holds it; `promised`: names on codes for it that nobody has used yet."""

    place: Place
    holders: tuple[Holder, ...]
    promised: tuple[str, ...]

    @property
    def free(self) -> bool:
        return not self.promised and not any(each.works for each in self.holders)


def tablet_names(session: Session, county: str) -> dict[str, str]:
    """Device → what the office calls it, of every tablet that the county has or had."""
    return {tablet.device: tablet.called for tablet in session.exec(_of_county(county))}


def _of_county(county: str) -> SelectOfScalar[Tablet]:
    return select(Tablet).where(Tablet.county == county).order_by(col(Tablet.device))


def holders(
    session: Session, county: str, villages: Collection[str], *, apart_from: str = ""
) -> dict[str, list[Holder]]:
    """Village → the tablets that hold it now, but one; of those that somebody holds."""
    found: dict[str, list[Holder]] = {}
    for some in parts(sorted(set(villages))):
        rows = session.exec(
            select(Assignment.village, Tablet, Person.name)
            .join(
                Tablet,
                (col(Tablet.county) == col(Assignment.county)) & (col(Tablet.device) == col(Assignment.device)),
            )
            .join(Person, col(Person.id) == col(Tablet.person))
            .where(
                Assignment.county == county, col(Assignment.village).in_(some),
                col(Assignment.until_at).is_(None), Assignment.device != apart_from,
            )
            .order_by(col(Assignment.village), col(Assignment.from_at), col(Assignment.device))
        )  # fmt: skip
        for village, tablet, name in rows:
            works = tablet.revoked_at is None and tablet.closed_as is None
            found.setdefault(village, []).append(Holder(told(tablet, name), works))
    return found


def with_holders(
    session: Session, county: str, places: Sequence[Place], now: datetime, *, apart_from: str = ""
) -> list[HeldPlace]:
    """Villages to choose from, each with whoever holds it or is about to."""
    known = holders(session, county, [place.code for place in places], apart_from=apart_from)
    codes = session.exec(
        select(EnrolmentCode, Person.name)
        .join(Person, col(Person.id) == col(EnrolmentCode.person))
        .where(
            EnrolmentCode.county == county,
            col(EnrolmentCode.used_at).is_(None),
            col(EnrolmentCode.expires_at) > now,
        )
        .order_by(col(EnrolmentCode.made_at))
    )
    promised: dict[str, list[str]] = {}
    for code, name in codes:
        for village in code.villages:
            promised.setdefault(village, []).append(name)
    return [
        HeldPlace(place, tuple(known.get(place.code, ())), tuple(promised.get(place.code, ())))
        for place in places
    ]


def refuse_held(
    session: Session,
    county: str,
    places: Mapping[str, str],
    *,
    shared: bool,
    apart_from: str = "",
) -> None:
    """Raises Problem `village_held` where a working tablet holds one of these villages (code → name), unless `shared`
    says that two shall."""
    if shared:
        return
    # Of two who give one village away at once the second sees what the first has done.
    session.exec(_of_county(county).with_for_update()).all()
    known = holders(session, county, places, apart_from=apart_from)
    # Each village once, together with those that the same tablets hold.
    held: dict[tuple[str, ...], list[str]] = {}
    for village, several in known.items():
        if working := tuple(each.told for each in several if each.works):
            held.setdefault(working, []).append(places[village])
    if held:
        said = "；".join(f"{'、'.join(names)}（{'，'.join(tablets)}）" for tablets, names in held.items())
        raise Problem(
            FAULT,
            409,
            f"这些村已有平板负责：{said}。",
            N_(
                "不该两台同时负责的，请取消勾选，或在原来的平板上移交；确实要两台同时负责的，请勾选村名下面的确认。"
            ),
        )
