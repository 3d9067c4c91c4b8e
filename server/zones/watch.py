"""What tablets record inside a zone in force becomes a problem, in the transaction that took it.

Outside a zone, or before it was in force, a sighting is recorded and shown and nothing more. The problem goes
to the person the zone names, within the days the zone gives. Each record opens at most one: ids are derived
from what was recorded, so a resend or a restore finds the problem already there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, bindparam, not_, select
from sqlmodel import Session

from server import statements
from server.database import among, parts, table_of
from server.exchange.sources import Source
from server.inspections import actions, sightings
from server.inspections.actions import Finding
from server.inspections.rules import COAL_KINDS, KINDS, SIGHTINGS
from server.inspections.tables import Problem
from server.inspections.views import has_open_problem
from server.web.figures import CHINA
from server.zones import homes, views
from server.zones.lines import Key, members
from server.zones.stove import REASONS
from server.zones.tables import ZoneVersion
from sync.codec import derived_id, to_instant
from sync.facts import Held

STOVE: Final = ("old_stove", "device", "fuel")
WATCHED: Final = ("household", "coal_use", sightings.DATASET)
KIND_OF: Final = {"in_use_in_zone": "stove_in_use", "kept_in_zone": "stove_kept"}
# Built once: every contact that brings records asks.
_PROBLEM: Final = table_of(Problem).c
_NOT_CLOSED: Final = select(_PROBLEM.id).where(
    _PROBLEM.county == bindparam("county"), _PROBLEM.state != "closed"
)
_OF_HOMES: Final = _NOT_CLOSED.where(
    among(_PROBLEM.household, "homes"),
    _PROBLEM.kind.in_((*KIND_OF.values(), "coal_burned")),
)
_OF_SIGHTINGS: Final = _NOT_CLOSED.where(among(_PROBLEM.source, "keys"))


@dataclass(frozen=True)
class Seen:
    """What one record says: of which home or place, on which day, by whom."""

    held: Held
    household: str
    on: date
    source: Source | None

    @property
    def person(self) -> str:
        return self.source.person if self.source else ""

    @property
    def submission(self) -> str:
        return self.source.id if self.source else ""


def watch(session: Session, county: str, changed: Sequence[Held], now: datetime) -> None:
    """The zones' derivation; comes after the register's and the inspections'.

    Most records lie in no zone and touch no open problem: those are found in two statements a batch, and cost
    no more.
    """
    today = now.astimezone(CHINA).date()
    fresh = [held for held in changed if held.dataset in WATCHED and _fresh(held)]
    if not fresh:
        return
    zoned = views.designated(session, county, {held.village for held in fresh})
    problems = _problems(session, county, fresh)
    concerned = [held for held in fresh if held.village in zoned or held.key in problems]
    sources = sightings.sources(session, county, [(held, _fresh(held)[0]) for held in concerned])
    for held in sorted(concerned, key=lambda each: each.key):
        seen = _seen(held, sources.get(held.key), today)
        for row in problems.get(held.key, ()):
            actions.record(session, row, seen.person, _told(held), seen.submission, now)
        version = views.over(zoned.get(held.village, []), min(seen.on, today))
        if version is None or views.left_out_of(session, version, seen.household):
            continue
        for finding in _findings(session, version, seen, today):
            actions.open_problem(session, finding, now)


def _fresh(held: Held) -> list[str]:
    """The properties about coal that this very version of the entity set."""
    named = {
        "household": STOVE,
        "coal_use": ("stock_t",),
        "sighting": ("what", "household", "place", "seen_on"),
    }
    return [name for name in named[held.dataset] if _just_set(held, name)]


def _seen(held: Held, source: Source | None, today: date) -> Seen:
    """What the record says, where it has just said something of coal."""
    fresh, values = _fresh(held), held.values()
    household = held.id if held.dataset == "household" else values.get("household", "")
    dated = {"household": "old_stove_on", "sighting": "seen_on", "coal_use": "observed_on"}[held.dataset]
    told = values.get(dated, "") if dated != "old_stove_on" or "old_stove" in fresh else ""
    return Seen(held, household, _day(told) or _observed(source) or today, source)


def _just_set(held: Held, name: str) -> bool:
    state = held.props.get(name)
    return state is not None and state.version == held.version


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _observed(source: Source | None) -> date | None:
    return to_instant(source.observed_at).astimezone(CHINA).date() if source else None


def _findings(session: Session, version: ZoneVersion, seen: Seen, today: date) -> Iterator[Finding]:
    values = seen.held.values()
    if seen.held.dataset == "sighting":
        what = values.get("what", "")
        kind = what if what in COAL_KINDS else "other"
        said = SIGHTINGS.get(what, what)
        if values.get("amount_t"):
            said += f" {values['amount_t']} 吨"
        text = "。".join(filter(None, (said, values.get("remark", ""))))
        yield finding(version, seen, kind, text, today)
    elif seen.held.dataset == "coal_use":
        stock = values.get("stock_t", "")
        if stock.strip("0.") and seen.household:
            yield finding(version, seen, "coal_stored", f"家中存煤 {stock} 吨", today)
    else:
        county, zone = version.county, views.as_in_force(version)
        for line in homes.rulings_of(session, county, [seen.held.id], zone, today):
            if line.ruling.reason in KIND_OF:
                yield finding(version, seen, KIND_OF[line.ruling.reason], REASONS[line.ruling.reason], today)


def finding(version: ZoneVersion, seen: Seen, kind: str, text: str, today: date) -> Finding:
    """A problem for the person the zone names. A sighting opens one of a kind, however often it is corrected;
    a household may come to the same again after the problem was closed, by another submission."""
    held = seen.held
    again = "" if held.dataset == "sighting" else seen.submission
    return Finding(
        id=derived_id("problem", version.county, held.dataset, held.id, kind, again),
        county=version.county,
        kind=kind,
        village=held.village,
        found_on=min(seen.on, today),
        opened_by=seen.person,
        responsible=version.responsible,
        due_on=today + timedelta(days=version.due_days),
        household=seen.household,
        place=held.values().get("place", "") if held.dataset == "sighting" else "",
        description=text,
        source_submission=seen.submission,
        source=held.key,
        zone=version.zone,
    )


def open_standing(session: Session, version: ZoneVersion, person: str, now: datetime) -> int:
    """Opens a problem for every home of a zone in force whose stove is a violation by what is registered and
    that has none open: what stood there before the zone came into force. Answers how many homes."""
    today = now.astimezone(CHINA).date()
    key = Key(version.county, version.zone, version.number, "all")
    where = and_(members(key), not_(has_open_problem()))
    lines = homes.rulings(session, version.county, where, views.as_in_force(version), today)
    found = [line for line in lines if line.ruling.reason in KIND_OF]
    for line in found:
        home, reason = line.household, line.ruling.reason
        kind = KIND_OF[reason]
        told = Finding(
            id=derived_id("problem", version.county, "standing", home.id, kind, now.isoformat()),
            county=version.county, kind=kind, village=home.village, found_on=today, opened_by=person,
            responsible=version.responsible, due_on=today + timedelta(days=version.due_days), household=home.id,
            description=REASONS[reason], source=f"household/{home.id}", zone=version.zone,
        )  # fmt: skip
        actions.open_by_hand(session, told, now)
    return len(found)


def _problems(session: Session, county: str, fresh: Sequence[Held]) -> dict[str, list[Problem]]:
    """Key of an entity → the problems not closed that have to hear that their home or sighting is recorded
    otherwise now."""
    homes = {held.id: held.key for held in fresh if held.dataset == "household" and _gone(held)}
    corrected = [held.key for held in fresh if held.dataset == sightings.DATASET and held.version > 1]
    found: dict[str, list[Problem]] = {}
    for row in _read(session, _OF_HOMES, county, "homes", homes):
        found.setdefault(homes[row.household], []).append(row)
    for row in _read(session, _OF_SIGHTINGS, county, "keys", corrected):
        found.setdefault(row.source, []).append(row)
    return found


def _read(
    session: Session, statement: Any, county: str, name: str, given: Collection[str]
) -> Iterator[Problem]:
    """Those that the statement finds for what it is given; hardly ever any."""
    session.flush()
    for part in parts(sorted(given)):
        for (id,) in statements.rows(session, statement, {"county": county, name: part}):
            yield session.get_one(Problem, (county, id))


def _gone(held: Held) -> str:
    """What became of a coal stove that is none in use any more."""
    words = {"removed": "已拆除", "none": "没有", "kept": "保留备用"}
    return words.get(held.values().get("old_stove", ""), "")


def _told(held: Held) -> str:
    """What a problem hears of a record."""
    values = held.values()
    if held.dataset == sightings.DATASET:
        return f"平板更正了原始记录：{SIGHTINGS.get(values.get('what', ''), '')} {values.get('seen_on', '')}"
    return f"平板登记更新：燃煤炉具{_gone(held)}（{values.get('old_stove_on', '')}）"


assert set(KIND_OF.values()) <= set(KINDS)
