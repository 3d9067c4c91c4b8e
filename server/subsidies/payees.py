"""Who is paid for a household (收款人), as tablets and townships' lists state it.

The first statement is in force. A later one that differs is only proposed: money goes where it went until
somebody decides, with a reason (`payee_changes`). Statements are never altered or taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select
from sqlmodel import Session, col

from server.database import parts
from server.exchange.tables import SubmissionRow
from server.registry import aliases
from server.subsidies import relations
from server.subsidies.payments import Payee, plain_account
from server.subsidies.tables import PayeeRow
from server.web import N_
from sync.codec import to_instant
from sync.facts import Held

DATASET: Final = "payee"
STATED: Final = ("holder", "account", "bank", "relation", "relation_other")
HOLDER_CHARS_MAX: Final = 30
BANK_CHARS_MAX: Final = 60
ID_CHARS: Final = 36
IN_FORCE, REPLACED, PROPOSED, ADOPTED, DISMISSED = "in_force", "replaced", "proposed", "adopted", "dismissed"
STATES: Final = {
    IN_FORCE: N_("现用"),
    PROPOSED: N_("待确认"),
    ADOPTED: N_("已采用"),
    DISMISSED: N_("未采用"),
    REPLACED: N_("已更换"),
}
TABLET, LIST, OFFICE = "tablet", "list", "office"
SOURCES: Final = {TABLET: N_("平板登记"), LIST: N_("乡镇名单"), OFFICE: N_("办公室更改")}

Tell = Callable[[Session, str, Collection[str], datetime], None]
"""(session, county, households, now): tells tablets, in the transaction that changed something."""


@dataclass(frozen=True)
class Statement:
    """Somebody says who is paid for a household; where it was said (`source_ref`), when and by whom."""

    household: str
    payee: Payee
    source: str
    source_ref: str
    stated_at: datetime
    stated_by: str


@dataclass(frozen=True)
class Outcome:
    """What a statement comes to: `state` in_force (the first), proposed, or empty where nothing is new; and the
    payee in force before it."""

    statement: Statement
    state: str
    before: Payee | None


def payee_of(row: PayeeRow) -> Payee:
    return Payee(row.holder, row.account, row.bank, row.relation)


def in_force(session: Session, county: str, households: Collection[str]) -> dict[str, Payee]:
    """Household → its payee in force; whoever has none is left out. A merged home that stated none of its own has
    that of the id merged into it."""
    ids = aliases.every_id(session, county, households)
    every = {id for several in ids.values() for id in several}
    rows = rows_of(session, county, every, col(PayeeRow.state) == IN_FORCE)
    known = {row.household: payee_of(row) for row in rows}
    found = {
        id: next((known[each] for each in several if each in known), None) for id, several in ids.items()
    }
    return {id: payee for id, payee in found.items() if payee is not None}


def rows_of(
    session: Session, county: str, households: Collection[str], *conditions: Any
) -> Iterator[PayeeRow]:
    """Households' statements, each home's in the order of their numbers."""
    for part in parts(sorted(set(households))):
        found = select(PayeeRow).where(
            col(PayeeRow.county) == county, col(PayeeRow.household).in_(part), *conditions
        )
        yield from session.execute(found.order_by(col(PayeeRow.number))).scalars()


# ---- stating


def says_the_same(standing: Payee, stated: Payee) -> bool:
    """Whether a statement changes nothing: bank and relation may be left unsaid."""
    return (
        (standing.holder, standing.account) == (stated.holder, stated.account)
        and stated.bank in ("", standing.bank)
        and stated.relation in ("", standing.relation)
    )


def outcomes(session: Session, county: str, statements: Sequence[Statement]) -> list[Outcome]:
    """What statements would come to, in their order; nothing is written."""
    known = _histories(session, county, [each.household for each in statements])
    found = []
    for each in statements:
        history = known.setdefault(each.household, [])
        standing = next((payee for state, _, payee in history if state == IN_FORCE), None)
        state = _judged(history, standing, each)
        if state:
            history.append((state, each.source_ref, each.payee))
        found.append(Outcome(each, state, standing))
    return found


_History = list[tuple[str, str, Payee]]


def _judged(history: _History, standing: Payee | None, stated: Statement) -> str:
    if standing is None:
        return IN_FORCE
    if says_the_same(standing, stated.payee):
        return ""
    for state, ref, payee in history:
        # Waiting already, or decided about: what was read once is not read again.
        if (state == PROPOSED or ref == stated.source_ref) and says_the_same(payee, stated.payee):
            return ""
    return PROPOSED


def _histories(session: Session, county: str, households: Collection[str]) -> dict[str, _History]:
    found: dict[str, _History] = {}
    for row in rows_of(session, county, households):
        found.setdefault(row.household, []).append((row.state, row.source_ref, payee_of(row)))
    return found


def state(session: Session, county: str, statements: Sequence[Statement]) -> list[Outcome]:
    """Writes statements that say something new, each once."""
    found = outcomes(session, county, statements)
    fresh = [each for each in found if each.state]
    numbers = last_numbers(session, county, [each.statement.household for each in fresh])
    rows = []
    for each in fresh:
        said = each.statement
        numbers[said.household] = numbers.get(said.household, 0) + 1
        rows.append(
            {
                "county": county, "household": said.household, "number": numbers[said.household],
                "holder": said.payee.holder, "account": said.payee.account, "bank": said.payee.bank,
                "relation": said.payee.relation, "state": each.state, "source": said.source,
                "source_ref": said.source_ref, "stated_at": said.stated_at, "stated_by": said.stated_by,
                "reason": "",
            }
        )  # fmt: skip
    if rows:
        session.execute(insert(PayeeRow), rows)
    return found


def last_numbers(session: Session, county: str, households: Collection[str]) -> dict[str, int]:
    """Household → number of its latest statement; none for a home without any."""
    # Rows come in the order of their numbers, so the last one stays.
    return {row.household: row.number for row in rows_of(session, county, households)}


# ---- of merged homes

# Stands as the reason with a statement that came along with a merge; a separation takes it back.
CAME_ALONG: Final = N_("随合并的登记带来")


def follow(session: Session, county: str, households: Collection[str]) -> None:
    """Homes were merged or separated: what was stated for a home that is an alias by now is stated for the one that
    lives on, where somebody decides if it had another; what had come along with a home that stands for itself again
    is given up there.
    """
    leads_to = aliases.survivors(session, county, households)
    known: dict[str, list[PayeeRow]] = {}
    for row in rows_of(session, county, households):
        known.setdefault(row.household, []).append(row)
    for id, end in sorted(leads_to.items()):
        standing = [row for row in known.get(id, ()) if row.state == IN_FORCE]
        given = [
            Statement(end, payee_of(row), row.source, row.source_ref, row.stated_at, row.stated_by)
            for row in standing
        ]
        before = last_numbers(session, county, [end]).get(end, 0)
        state(session, county, given)
        for row in rows_of(session, county, [end], col(PayeeRow.number) > before):
            row.reason = CAME_ALONG
    if not leads_to:
        _give_up(known)


def _give_up(known: Mapping[str, Sequence[PayeeRow]]) -> None:
    for household, rows in known.items():
        others = {row.source_ref for id, each in known.items() if id != household for row in each}
        for row in rows:
            if row.reason == CAME_ALONG and row.source_ref in others and row.state in (IN_FORCE, PROPOSED):
                row.state = DISMISSED


# ---- from tablets


def projection(session: Session, county: str, changed: Sequence[Held], now: datetime) -> None:
    """Subsidies' derivation of payees: states what tablets recorded, and what stands in conflict with it.

    One payee is one entity of a household, so a second tablet that knew nothing of the first makes a conflict:
    its values become a statement too, and the office finds both in one list.
    """
    found: dict[tuple[str, Payee], Statement] = {}
    for held in sorted((each for each in changed if each.dataset == DATASET), key=lambda each: each.id):
        for statement in _of_entity(session, county, held, now):
            found.setdefault((statement.household, statement.payee), statement)
    if found:
        state(session, county, list(found.values()))


def _of_entity(session: Session, county: str, held: Held, now: datetime) -> Iterator[Statement]:
    values = held.values()
    latest = max(
        (held.props[name] for name in STATED if name in held.props),
        key=lambda prop: prop.version,
        default=None,
    )
    if latest is not None:
        source = session.get(SubmissionRow, (county, latest.submission))
        at = to_instant(source.observed_at) if source else now
        yield from _stated(values, latest.submission, at, source.person if source else "")
    for submission in dict.fromkeys(each.submission for each in held.conflicts if each.property in STATED):
        mine = {each.property: each.mine for each in held.conflicts if each.submission == submission}
        first = next(each for each in held.conflicts if each.submission == submission)
        yield from _stated({**values, **mine}, submission, to_instant(first.at), first.person)


def _stated(values: Mapping[str, str], submission: str, at: datetime, person: str) -> Iterator[Statement]:
    """Nothing where the record lacks what a payment needs: the form asks for it, and a derivation never refuses."""
    account, holder = plain_account(values.get("account", "")).upper(), values.get("holder", "").strip()
    household = values.get("household", "")
    if account and holder and 0 < len(household) <= ID_CHARS:
        relation = relations.told(values.get("relation", ""), values.get("relation_other", ""))
        payee = Payee(holder, account, values.get("bank", "").strip(), relation)
        yield Statement(household, payee, TABLET, submission, at, person)
