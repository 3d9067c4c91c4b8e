"""What tablets record inside a zone in force becomes a problem, in the transaction that took it.

Outside a zone, or before it was in force, a sighting is recorded and shown and nothing more. The problem goes
to the person the zone names, within the days the zone gives. Each record opens at most one: ids are derived
from what was recorded, so a resend or a restore finds the problem already there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, not_
from sqlmodel import Session, col, select

from server.exchange.tables import SubmissionRow
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


@dataclass(frozen=True)
class Seen:
    """What one record says: of which home or place, on which day, by whom."""

    held: Held
    household: str
    on: date
    source: SubmissionRow | None

    @property
    def person(self) -> str:
        return self.source.person if self.source else ""

    @property
    def submission(self) -> str:
        return self.source.id if self.source else ""


def watch(session: Session, county: str, changed: Sequence[Held], now: datetime) -> None:
    """The zones' derivation; comes after the register's and the inspections'."""
    today = now.astimezone(CHINA).date()
    watched = [held for held in changed if held.dataset in WATCHED]
    if not watched:
        return
    zoned = views.designated(session, county, {held.village for held in watched})
    for held in sorted(watched, key=lambda each: each.key):
        seen = _seen(session, county, held, today)
        if seen is None:
            continue
        _tell(session, county, seen, now)
        version = views.over(zoned.get(held.village, []), min(seen.on, today))
        if version is None or views.left_out_of(session, version, seen.household):
            continue
        for finding in _findings(session, version, seen, today):
            actions.open_problem(session, finding, now)


def _seen(session: Session, county: str, held: Held, today: date) -> Seen | None:
    """What the record says, where it has just said something of coal; None where it has not."""
    named = {
        "household": STOVE,
        "coal_use": ("stock_t",),
        "sighting": ("what", "household", "place", "seen_on"),
    }
    fresh = [name for name in named[held.dataset] if _just_set(held, name)]
    if not fresh:
        return None
    source = sightings.source_of(session, county, held, fresh[0])
    values = held.values()
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


def _observed(source: SubmissionRow | None) -> date | None:
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


def _tell(session: Session, county: str, seen: Seen, now: datetime) -> None:
    """Notes in problems not closed that their home or sighting is recorded otherwise now."""
    held, values = seen.held, seen.held.values()
    if held.dataset == "sighting" and held.version > 1:
        wanted = select(Problem).where(Problem.county == county, Problem.source == held.key)
        text = f"平板更正了原始记录：{SIGHTINGS.get(values.get('what', ''), '')} {values.get('seen_on', '')}"
    elif held.dataset == "household" and values.get("old_stove") in ("removed", "none", "kept"):
        wanted = select(Problem).where(
            Problem.county == county,
            Problem.household == held.id,
            col(Problem.kind).in_((*KIND_OF.values(), "coal_burned")),
        )
        words = {"removed": "已拆除", "none": "没有", "kept": "保留备用"}[values["old_stove"]]
        text = f"平板登记更新：燃煤炉具{words}（{values.get('old_stove_on', '')}）"
    else:
        return
    for row in session.exec(wanted.where(col(Problem.state) != "closed")):
        actions.record(session, row, seen.person, text, seen.submission, now)


assert set(KIND_OF.values()) <= set(KINDS)
