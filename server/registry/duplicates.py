"""What an official does about two homes that may be one: merge them, take that back, or say that they are two.

A merge goes through journal, entities and feed, in one transaction with all that follows from it; so tablets learn
of it like of any record, and undoing it loses nothing that was recorded since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from server.access.audit import audit, common_area
from server.exchange import history, journal
from server.exchange.store import Exchange, write_down
from server.exchange.tables import EntityRow
from server.registry import aliases
from server.registry.duplicate_tables import HouseholdMerge, NotDuplicate
from server.registry.tables import CoalUse, Conversion, Household
from server.web import N_, Problem
from sync import joining
from sync.codec import derived_id
from sync.facts import Held
from sync.joining import Act
from sync.sight import same

FAULT: Final = "duplicate"
REASON_CHARS_MAX: Final = 500
Watcher = Callable[[Session, str, Collection[str]], None]
"""(session, county, households): what rooms above do when homes were merged or separated."""


@dataclass(frozen=True)
class Merge:
    """What an official decided. `theirs`: properties of which the survivor gets the other home's value; `versions`:
    of both homes, survivor first, as the page showed them."""

    survivor: str
    loser: str
    versions: tuple[int, int]
    theirs: frozenset[str]
    reason: str
    person: str


def refused(message: str, remedy: str, status: int = 422) -> Problem:
    return Problem(FAULT, status, message, remedy)


def _moved() -> Problem:
    return refused(
        N_("这两户刚刚又有变化，您看到的已经不是最新的。"), N_("什么也没有改动；请看过最新情况再决定。"), 409
    )


def _reason(text: str) -> str:
    told = text.strip()
    if not 0 < len(told) <= REASON_CHARS_MAX:
        raise refused(
            N_("没有写明依据，或依据超过 500 字。"), N_("请写明怎样核实的，例如“村干部现场核对，同一院落”。")
        )
    return told


# ---- merging


def merge(
    exchange: Exchange, session: Session, county: str, said: Merge, now: datetime, watchers: Iterable[Watcher]
) -> HouseholdMerge:
    """Makes the loser's id lead to the survivor. Raises Problem `duplicate`, and journal.Stale if another writer was
    in the way.
    """
    reason = _reason(said.reason)
    one, other = _both(session, county, said.survivor, said.loser)
    if (one.version, other.version) != said.versions:
        raise _moved()
    chosen = values(one, other, said.theirs)
    row = HouseholdMerge(
        county=county, id=exchange.new_id(), survivor=one.id, loser=other.id, village=one.village,
        loser_village=other.village, chosen=chosen, reason=reason, merged_by=said.person, merged_at=now,
    )  # fmt: skip
    session.add(row)
    pushed = joining.join(one, other, chosen, Act(said.person, reason, county, history.present(session), now))
    before = {held.key: held for held in (one, other)}
    audit(
        session, person=said.person, verb="household.merge", county=county,
        area=common_area([one.village, other.village], county), subject=f"household/{one.id}", now=now,
        detail={
            N_("保留"): _named(one), N_("并入"): f"{_named(other)}（{other.id}）",
            N_("采用并入户的值"): "、".join(sorted(said.theirs & other.props.keys())), N_("依据"): reason,
        },
    )  # fmt: skip
    write_down(exchange, session, county, pushed, before, now)
    _follow(exchange, session, county, (one, other), now)
    _watched(session, county, (one.id, other.id), watchers)
    return row


def values(survivor: Held, loser: Held, theirs: Collection[str]) -> dict[str, str]:
    """Property → the value the survivor gets from the loser: where it was chosen, and where it has none of its own."""
    own, other = survivor.values(), loser.values()
    return {
        name: value
        for name, value in other.items()
        if not same(value, own.get(name)) and (name in theirs or not own.get(name))
    }


def _both(session: Session, county: str, survivor: str, loser: str) -> tuple[Held, Held]:
    keys = {("household", survivor), ("household", loser)}
    found = journal.entities(session, county, keys)
    one, other = found.get(f"household/{survivor}"), found.get(f"household/{loser}")
    if survivor == loser or one is None or other is None:
        raise refused(N_("没有这两户。"), N_("请从疑似重复的清单进入。"), 404)
    if one.same_as or other.same_as:
        raise _moved()
    return one, other


def _named(held: Held) -> str:
    told = held.values()
    return f"{told.get('door_number', '')} {told.get('head_name', '')}".strip() or held.id


# ---- undoing


def separate(
    exchange: Exchange, session: Session, county: str, id: str, person: str, reason: str, now: datetime,
    watchers: Iterable[Watcher],
) -> HouseholdMerge:  # fmt: skip
    """Takes a merge back. Raises Problem `duplicate` where a later one stands on it, and journal.Stale."""
    told = _reason(reason)
    row = session.get(HouseholdMerge, (county, id))
    if row is None:
        raise refused(N_("没有这次合并。"), N_("请从已合并的清单进入。"), 404)
    found = journal.entities(session, county, {("household", row.survivor), ("household", row.loser)})
    survivor, alias = found[f"household/{row.survivor}"], found[f"household/{row.loser}"]
    if row.undone_at is not None:
        raise _moved()
    if not joining.may_separate(survivor, alias):
        raise refused(
            N_("这次合并之后，保留的住户又合并过，不能先撤销这一次。"), N_("请先撤销较晚的那次合并。"), 409
        )
    row.undone_by, row.undone_at, row.undone_reason = person, now, told
    session.add(row)
    pushed = joining.separate(survivor, alias, Act(person, told, county, history.present(session), now))
    audit(
        session, person=person, verb="household.separate", county=county,
        area=common_area([row.village, row.loser_village], county), subject=f"household/{row.survivor}",
        detail={N_("撤销合并"): f"{_named(survivor)} / {row.loser}", N_("依据"): told}, now=now,
    )  # fmt: skip
    write_down(exchange, session, county, pushed, {held.key: held for held in (survivor, alias)}, now)
    _follow(exchange, session, county, (survivor, alias), now)
    _watched(session, county, (row.survivor, row.loser), watchers)
    return row


def _follow(exchange: Exchange, session: Session, county: str, homes: Sequence[Held], now: datetime) -> None:
    """What belongs to either home is derived anew: it follows to where its owner's id leads now."""
    owned = _owned(session, county, homes)
    found = journal.entities(session, county, owned)
    changed = [found[key] for key in sorted(found)]
    if changed:
        for derive in exchange.derivations:
            derive(session, county, changed, now)


def _owned(session: Session, county: str, homes: Sequence[Held]) -> set[tuple[str, str]]:
    ids = sorted({id for held in homes for id in held.ids()})
    found = {("payee", derived_id("payee", id)) for id in ids}
    for dataset, model in (("conversion", Conversion), ("coal_use", CoalUse)):
        rows = session.exec(select(model.id).where(model.county == county, col(model.household).in_(ids)))
        found |= {(dataset, id) for id in rows}
    villages = sorted({held.village for held in homes})
    seen = select(EntityRow.id).where(
        EntityRow.county == county, EntityRow.dataset == "sighting", col(EntityRow.village).in_(villages)
    )
    return found | {("sighting", id) for id in session.exec(seen)}


def _watched(session: Session, county: str, homes: Sequence[str], watchers: Iterable[Watcher]) -> None:
    session.flush()
    for watcher in watchers:
        watcher(session, county, homes)


# ---- two homes after all


def dismiss(
    session: Session, county: str, pair: tuple[str, str], person: str, reason: str, now: datetime
) -> NotDuplicate:
    """Notes that two homes are two: they are not shown as a pair any more. Raises Problem `duplicate`."""
    told = _reason(reason)
    one, other = sorted(pair)
    homes = [aliases.home(session, county, id) for id in (one, other)]
    if one == other or any(home is None for home in homes):
        raise refused(N_("没有这两户。"), N_("请从疑似重复的清单进入。"), 404)
    if _standing(session, county, one, other) is not None:
        raise _moved()
    villages = [home.village for home in homes if home is not None]
    row = NotDuplicate(
        county=county, one=one, other=other, number=_last(session, county, one, other) + 1,
        village=villages[0], reason=told, said_by=person, said_at=now,
    )  # fmt: skip
    session.add(row)
    _note(session, row, villages, person, {N_("不是重复"): _pair_named(homes), N_("依据"): told}, now)
    return row


def take_up(session: Session, county: str, pair: tuple[str, str], person: str, now: datetime) -> NotDuplicate:
    """Takes back that two homes are two: the pair stands open again. Raises Problem `duplicate`."""
    one, other = sorted(pair)
    row = _standing(session, county, one, other)
    if row is None:
        raise _moved()
    row.withdrawn_by, row.withdrawn_at = person, now
    session.add(row)
    homes = [aliases.home(session, county, id) for id in (one, other)]
    villages = [home.village for home in homes if home is not None] or [row.village]
    _note(session, row, villages, person, {N_("重新列为疑似重复"): _pair_named(homes)}, now)
    return row


def _standing(session: Session, county: str, one: str, other: str) -> NotDuplicate | None:
    wanted = select(NotDuplicate).where(
        NotDuplicate.county == county, NotDuplicate.one == one, NotDuplicate.other == other,
        col(NotDuplicate.withdrawn_at).is_(None),
    )  # fmt: skip
    return session.exec(wanted).first()


def _last(session: Session, county: str, one: str, other: str) -> int:
    wanted = select(func.max(NotDuplicate.number)).where(
        NotDuplicate.county == county, NotDuplicate.one == one, NotDuplicate.other == other
    )
    return session.exec(wanted).one() or 0


def _pair_named(homes: Sequence[Household | None]) -> str:
    told = (f"{home.door_number} {home.head_name}".strip() or home.id for home in homes if home)
    return " / ".join(told)


def _note(
    session: Session, row: NotDuplicate, villages: list[str], person: str, detail: Mapping[str, str], now: datetime
) -> None:  # fmt: skip
    audit(
        session, person=person, verb="household.tell_apart", county=row.county,
        area=common_area(villages, row.county), subject=f"household/{row.one}", detail=detail, now=now,
    )  # fmt: skip
