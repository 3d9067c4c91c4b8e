"""A township's list of payees (收款人名单), matched to the register: brought in whole or not at all.

A home is found by its householder's identity number, or by village, door number and name together. What fits
two homes, none, or a home that says otherwise is a fault of its cell and nobody's guess. A payee that differs
from the one in force becomes a proposal; the same list again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from server.access.audit import audit, common_area
from server.registry import divisions
from server.registry.tables import Household
from server.subsidies import payees
from server.subsidies.payee_rows import Line, door, person_name, place_name, read
from server.subsidies.payees import Outcome, Statement
from server.subsidies.tables import PayeeListRow
from server.web import N_, Problem
from server.web.sheet_cells import Cell, Fault, fault
from server.web.sheet_reading import in_order
from sync.masking import masked


class Home(NamedTuple):
    """A home of the register, as much of it as is asked for."""

    id: str
    village: str
    door: str
    head_name: str
    id_number: str
    hardship: str


@dataclass(frozen=True)
class Matched:
    """A row of the list with its home and what it would change."""

    line: Line
    home: Home
    outcome: Outcome


@dataclass(frozen=True)
class Preview:
    """What a list would change. Bring it in only where `faults` is empty. `digest`: of all of it, so that what is
    confirmed is what somebody looked at."""

    matched: tuple[Matched, ...]
    faults: tuple[Fault, ...]
    digest: str

    def having(self, state: str) -> list[Matched]:
        return [each for each in self.matched if each.outcome.state == state]


@dataclass(frozen=True)
class Brought:
    """A list as somebody brings it. `may`: whether that person may import for a village."""

    id: str
    data: bytes
    person: str
    now: datetime
    may: Callable[[str], bool]

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def read(self) -> tuple[list[Line], list[Fault]]:
        """The rows and the faults of the sheet itself."""
        return read(self.data)

    def opened(self) -> Brought:
        """The same, its sheet read: before a writing transaction begins, for others may write meanwhile."""
        assert self.read is not None
        return self


def look(session: Session, county: str, brought: Brought) -> Preview:
    """What the list would change, with every fault; nothing is written."""
    lines, faults = brought.read[0], list(brought.read[1])
    homes = _Homes(session, county, brought.may)
    found: list[tuple[Line, Home]] = []
    for line in lines:
        home = homes.of(line)
        if isinstance(home, Home):
            found.append((line, home))
        else:
            faults.append(home)
    faults += _twice(found)
    statements = [_statement(brought, line, home) for line, home in found]
    outcomes = payees.outcomes(session, county, statements)
    matched = [Matched(line, home, outcome) for (line, home), outcome in zip(found, outcomes, strict=True)]
    return Preview(tuple(matched), in_order(faults), _digest(brought, matched, faults))


def _statement(brought: Brought, line: Line, home: Home) -> Statement:
    ref = f"{brought.sha256}/{line.row.number}"
    return Statement(home.id, line.payee, payees.LIST, ref, brought.now, brought.person)


def bring_in(session: Session, county: str, brought: Brought, seen: str) -> Preview:
    """Brings in what was looked at under `seen`, in this transaction: all of the list or nothing.

    Raises Problem `payee_list` where it has faults, or would now change something else than was looked at.
    """
    row = session.get_one(PayeeListRow, (county, brought.id))
    preview = look(session, county, brought)
    if preview.faults or preview.digest != seen:
        raise _other_by_now()
    try:
        payees.state(session, county, [each.outcome.statement for each in preview.matched])
        session.flush()
    except IntegrityError as error:
        raise _other_by_now() from error
    first, proposed = preview.having(payees.IN_FORCE), preview.having(payees.PROPOSED)
    row.imported_at, row.imported_by = brought.now, brought.person
    row.rows_n, row.first_n, row.proposed_n = len(preview.matched), len(first), len(proposed)
    _log(session, county, row, [*first, *proposed], brought)
    return preview


def _other_by_now() -> Problem:
    message = N_("名单核对之后，登记或收款人又有变化，什么也没有导入。")
    return Problem("payee_list", 409, message, N_("请重新上传名单，核对后再确认。"))


def _log(
    session: Session, county: str, row: PayeeListRow, changed: Sequence[Matched], brought: Brought
) -> None:
    def line(area: str, subject: str, **detail: str) -> None:
        audit(
            session, person=brought.person, verb="payee.import", county=county, area=area, subject=subject,
            detail=detail, now=brought.now,
        )  # fmt: skip

    counts = {
        N_("名单"): row.name, N_("行数"): str(row.rows_n), N_("新登记"): str(row.first_n),
        N_("待确认"): str(row.proposed_n), N_("文件指纹"): row.sha256[:16],
    }  # fmt: skip
    area = common_area([each.home.village for each in changed], county)
    line(area, f"payee_list/{row.id}", **counts)
    for each in changed:
        payee = each.outcome.statement.payee
        before = {N_("现用"): masked(each.outcome.before.account)} if each.outcome.before else {}
        said = {N_("收款人"): f"{payee.holder} {masked(payee.account)}", **before, N_("名单"): row.name}
        line(each.home.village, f"household/{county}/{each.home.id}", **said)


def _digest(brought: Brought, matched: Iterable[Matched], faults: Iterable[Fault]) -> str:
    said = [f"{each.line.row.number} {each.home.id} {each.outcome.state}" for each in matched]
    said += [f"{each.at} {each.message}" for each in faults]
    return hashlib.sha256("\n".join([brought.sha256, *said]).encode()).hexdigest()


def _twice(found: Sequence[tuple[Line, Home]]) -> Iterator[Fault]:
    first: dict[str, Line] = {}
    for line, home in found:
        if home.id in first:
            message, remedy = N_("与第 {row} 行是同一户。"), N_("请只留下其中一行。")
            shown = _shown_id(line) if line.id_number else line.at.text
            yield fault(line.at.at, message, remedy, shown, row=first[home.id].row.number)
        first.setdefault(home.id, line)


# ---- which home


class _Homes:
    """The register's homes of a county, by identity number and by place."""

    def __init__(self, session: Session, county: str, may: Callable[[str], bool]) -> None:
        self._may = may
        self._by_id: dict[str, list[Home]] = defaultdict(list)
        self._by_place: dict[tuple[str, str], list[Home]] = defaultdict(list)
        self._villages: dict[str, list[str]] = defaultdict(list)
        self._township = {}
        row_of = Household
        columns = (
            col(row_of.id), col(row_of.village), col(row_of.door_number), col(row_of.head_name),
            col(row_of.id_number), col(row_of.hardship),
        )  # fmt: skip
        for row in session.execute(select(*columns).where(col(Household.county) == county)):
            home = Home(*row)
            self._by_place[(home.village, door(home.door))].append(home)
            if home.id_number:
                self._by_id[home.id_number.upper()].append(home)
        for place in divisions.villages(session, county, None):
            self._township[place.code] = place_name(place.township_name)
            for name in {place_name(place.name), place.code}:
                self._villages[name].append(place.code)

    def of(self, line: Line) -> Home | Fault:
        """The home a row means, or why nobody can say."""
        if line.id_number:
            found = self._by_id.get(line.id_number, [])
            if len(found) > 1:
                message = N_("登记中有 {n} 户用这个身份证号。")
                return fault(line.at.at, message, N_("请先在登记中核实。"), _shown_id(line), n=len(found))
            if found and not self._may(found[0].village):
                return _elsewhere(line.at)
            if found:
                return self._checked(line, found[0])
            if not line.door:
                message = N_("登记中没有这个身份证号的户主。")
                return fault(line.at.at, message, N_("请核对，或加上村、门牌号和户主姓名。"), _shown_id(line))
        return self._by_name(line)

    def _by_name(self, line: Line) -> Home | Fault:
        village = self._village(line)
        if isinstance(village, Fault):
            return village
        if not self._may(village):
            # Before anything is said of who lives there.
            return _elsewhere(line.row["village"])
        at, found = line.row["door"], self._by_place.get((village, line.door), [])
        if not found:
            message = N_("{village}没有登记这个门牌号。")
            return fault(at.at, message, N_("请核对门牌号。"), at.text, village=line.row["village"].text)
        named = [home for home in found if person_name(home.head_name) == line.head_name]
        if len(named) > 1:
            message = N_("这个门牌号有 {n} 户同名的户主。")
            return fault(at.at, message, N_("请填写户主身份证号。"), at.text, n=len(named))
        if not named:
            return _other_head(line, found)
        if line.id_number and named[0].id_number:
            message = N_("这一户登记的是另一个身份证号。")
            return fault(line.row["id_number"].at, message, N_("请先核实是不是同一户。"), _shown_id(line))
        return named[0]

    def _village(self, line: Line) -> str | Fault:
        cell = line.row["village"]
        found = self._villages.get(line.village, [])
        if line.township:
            found = [code for code in found if line.township in (self._township[code], code[:9])]
        if len(found) == 1:
            return found[0]
        if found:
            message = N_("本县有 {n} 个村叫这个名字。")
            return fault(cell.at, message, N_("请填写乡镇，或填 12 位村代码。"), cell.text, n=len(found))
        return fault(cell.at, N_("本县没有这个村。"), N_("请按区划表里的村名填写。"), cell.text)

    def _checked(self, line: Line, home: Home) -> Home | Fault:
        """A home found by its identity number is the one meant only if nothing else in the row contradicts."""
        if line.head_name and home.head_name and line.head_name != person_name(home.head_name):
            return _other_head(line, [home])
        return home


def _elsewhere(cell: Cell) -> Fault:
    message = N_("这一户所在的村不归您负责。")
    return fault(cell.at, message, N_("请由负责那个村的人导入。"))


def _other_head(line: Line, found: Sequence[Home]) -> Fault:
    cell, names = line.row["head_name"], "、".join(dict.fromkeys(home.head_name or "—" for home in found[:3]))
    message = N_("登记的户主是{names}。")
    return fault(cell.at or line.at.at, message, N_("请核对户主姓名，或先更正登记。"), cell.text, names=names)


def _shown_id(line: Line) -> str:
    return f"{line.id_number[:3]}…{line.id_number[-4:]}"
