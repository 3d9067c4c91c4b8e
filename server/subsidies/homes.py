"""Homes as the rules of money know them, read from the register, the journal and the acceptances.

A class of hardship counts from the day that was proven to an official; what a surveyor recorded of it is a
claim without a day, and waits for the proof. What hinders a new decision though the rules would make one (a
conflict not settled, a conversion changed since it was accepted) is told beside the home.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, select
from sqlmodel import Session, col

from server.database import parts
from server.exchange.tables import EntityRow, SubmissionRow, SubmissionTarget
from server.registry import acceptance, aliases
from server.registry.acceptance_tables import Acceptance
from server.registry.tables import Conversion, Household
from server.subsidies import facts, spells
from server.subsidies.facts import Home, Spell
from server.subsidies.spells import Said
from server.web.figures import CHINA
from sync.documents import read_held, read_traces

# Of a conversion: what money is worked out from. Changed after the acceptance, somebody has to accept anew.
COUNTED: Final = ("household", "kind", "device_code", "batch", "signed_on", "installed_on", "connected_on")
DISPUTED: Final = "disputed"
CHANGED: Final = "changed"


@dataclass(frozen=True)
class HomeFile:
    """A home, and for its conversions: why nothing new may be decided about one, and who accepted it."""

    home: Home
    doubts: Mapping[str, str]
    accepted_by: Mapping[str, str]


def files(session: Session, county: str, households: Collection[str]) -> dict[str, HomeFile]:
    """Household to its home and what hinders decisions, of those that are registered. Reads some hundreds at a
    time: callers go by parts."""
    rows = {row.id: row for row in _of(session, Household, Household.id, county, households)}
    conversions: dict[str, list[Conversion]] = defaultdict(list)
    for row in _of(session, Conversion, Conversion.household, county, list(rows)):
        conversions[row.household].append(row)
    ids = [row.id for found in conversions.values() for row in found]
    accepted = acceptance.accepted(session, county, ids)
    changed = _changed_since(session, county, conversions, accepted)
    told = _told(session, county, [row.id for row in rows.values()])
    return {
        id: _file(row, sorted(conversions[id], key=lambda each: each.id), accepted, changed, told[id])
        for id, row in rows.items()
    }


def _of(session: Session, model: Any, key: Any, county: str, keys: Collection[str]) -> Iterator[Any]:
    for part in parts(sorted(set(keys))):
        yield from session.execute(select(model).where(model.county == county, col(key).in_(part))).scalars()


def _file(
    row: Household, conversions: Sequence[Conversion], accepted: Mapping[str, Acceptance],
    changed: Collection[str], told: Sequence[Said],
) -> HomeFile:  # fmt: skip
    mine = {each.id: accepted[each.id] for each in conversions if each.id in accepted}
    spelt = spells.not_heated(told)
    home = Home(
        county=row.county,
        village=row.village,
        household=row.id,
        conversions=tuple(_conversion(each, mine.get(each.id)) for each in conversions),
        hardship=_hardship(row, mine.values()),
        not_heated=spells.as_of_now(spelt, row.heating_status, row.not_heated_reason, row.visited_on),
        demolition_year=row.demolition_year,
        heated_area_m2=row.heated_area_m2,
    )
    doubts = {each.id: CHANGED for each in conversions if each.id in changed}
    doubts |= {each.id: DISPUTED for each in conversions if each.conflicts_n}
    return HomeFile(home, doubts, {id: each.accepted_by for id, each in mine.items()})


def _conversion(row: Conversion, accepted: Acceptance | None) -> facts.Conversion:
    return facts.Conversion(
        id=row.id,
        kind=row.kind,
        device=row.device_code,
        batch=row.batch,
        signed_on=row.signed_on,
        installed_on=row.installed_on,
        connected_on=row.connected_on,
        accepted_on=accepted.accepted_on if accepted else None,
        acceptance=accepted.document_number if accepted else "",
        cost_fen=accepted.cost_fen if accepted else None,
    )


def _hardship(row: Household, accepted: Collection[Acceptance]) -> tuple[Spell, ...]:
    """What was proven; only where nothing was, the surveyor's claim, which has no day."""
    proven = {Spell(each.hardship, each.hardship_since) for each in accepted if each.hardship}
    if proven:
        return tuple(sorted(proven, key=lambda spell: (str(spell.since or ""), spell.value)))
    claimed = row.hardship not in ("", "none")
    return (Spell(row.hardship, None),) if claimed else ()


def _changed_since(
    session: Session, county: str, conversions: Mapping[str, Sequence[Conversion]],
    accepted: Mapping[str, Acceptance],
) -> set[str]:  # fmt: skip
    """Conversions of which something that counts has changed since they were accepted."""
    later = {
        each.id: accepted[each.id].conversion_version
        for rows in conversions.values()
        for each in rows
        if each.id in accepted and each.version != accepted[each.id].conversion_version
    }
    found = set()
    for part in parts(sorted(later)):
        rows = session.execute(
            select(col(EntityRow.id), col(EntityRow.held)).where(
                col(EntityRow.county) == county,
                col(EntityRow.dataset) == "conversion",
                col(EntityRow.id).in_(part),
            )
        )
        for id, held in rows:
            props = read_held(held).props
            if any(props[name].version > later[id] for name in COUNTED if name in props):
                found.add(id)
    return found


def _told(session: Session, county: str, households: Collection[str]) -> dict[str, list[Said]]:
    """What was recorded of heating or not, household by household, in the order it came, whichever id was named."""
    found: dict[str, list[Said]] = defaultdict(list)
    same = and_(
        col(SubmissionRow.county) == col(SubmissionTarget.county),
        col(SubmissionRow.id) == col(SubmissionTarget.submission),
    )
    leads_to = {id: end for end, ids in aliases.ids_of(session, county, households).items() for id in ids}
    for part in parts(sorted(leads_to)):
        rows = session.execute(
            select(
                col(SubmissionTarget.entity),
                col(SubmissionRow.id),
                col(SubmissionRow.observed_at),
                col(SubmissionRow.sent),
                col(SubmissionRow.traces),
            )
            .join(SubmissionRow, same)
            .where(
                col(SubmissionTarget.county) == county,
                col(SubmissionTarget.dataset) == "household",
                col(SubmissionTarget.entity).in_(part),
                col(SubmissionRow.traces).contains(spells.STATUS),
            )
            .order_by(col(SubmissionRow.received_at), col(SubmissionRow.position))
        )
        for named, id, observed_at, sent, traces in rows:
            # What another id had before it was merged is that record's; since then it says what this home is.
            household = leads_to[named]
            trace = read_traces(traces).get(f"household/{household}")
            steps = trace.steps if trace else {}
            values = {
                name: steps[name].sent
                for name in (spells.STATUS, spells.REASON)
                if name in steps and steps[name].outcome == "applied"
            }
            if values:
                corrects = json.loads(sent).get("corrects") or ""
                on = datetime.fromisoformat(observed_at).astimezone(CHINA).date()
                found[household].append(Said(id, corrects, on, values))
    return found
