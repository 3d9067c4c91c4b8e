"""What happened in the showcase before a visitor comes: acceptance, payees, decisions, batches, a zone proposed.

Every step is a real act of a named person through the same functions the pages call, and is harmless to repeat:
it does what is not done yet and leaves the rest alone. So a demo that was stopped goes on where it was, and one
whose story is told never touches what its visitors did.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from sqlmodel import Session, select

from server.database import read, write
from server.lab import bank
from server.lab.county import SyntheticHousehold
from server.lab.recordings import MARK
from server.lab.showcase import ACCEPTED_ON, Showcase
from server.registry import acceptance, divisions
from server.registry.acceptance import Paper, Proof
from server.subsidies import decision_views, decisions, payee_list, review
from server.subsidies.decision_views import DecisionFilter
from server.subsidies.decisions import Act
from server.subsidies.payee_list import Brought
from server.subsidies.tables import PayeeListRow, PayeeRow
from server.zones import actions as zones
from server.zones.tables import Zone

PROVEN_SINCE: Final = date(2019, 6, 1)
# What a device and its installation cost where the county bears it in full.
COST_FEN: Final = 820_000
# The last winter that is paid for is left for whoever tries to decide.
UNDECIDED: Final = "2022-2023"
HOMES_AT_ONCE: Final = 100
LIST_HEADINGS: Final = (
    "乡镇", "村", "门牌号", "户主姓名", "户主身份证号", "收款户名", "收款账号", "开户银行", "与户主关系",
)  # fmt: skip
ZONE: Final = "{township}禁煤区（第一批）"


@dataclass(frozen=True)
class Office:
    """The application, who works in it (login → person id), its showcase, and where files for visitors are laid."""

    app: FastAPI
    county: str
    people: Mapping[str, str]
    showcase: Showcase
    folder: Path

    @property
    def now(self) -> datetime:
        now: datetime = self.app.state.clock()
        return now

    def tell(self, session: Session, households: Collection[str]) -> None:
        """Takes the news to tablets, as the pages do."""
        self.app.state.subsidies.tell(session, self.county, households, self.now)

    def township_name(self, session: Session) -> str:
        return divisions.area_name(session, self.showcase.township)


# ---- acceptance


def accept(office: Office) -> None:
    """The township's official accepts what is connected: alike homes by list, those with a proof one by one."""
    wanted = {office.showcase.conversion_of(home): home for home in office.showcase.to_accept}
    with read(office.app.state.engine) as session:
        done = acceptance.accepted(session, office.county, wanted)
    left = {conversion: home for conversion, home in wanted.items() if conversion not in done}
    proven = {conversion for conversion, home in left.items() if home.house.hardship != "none"}
    alike = sorted(left.keys() - proven)
    for start in range(0, len(alike), HOMES_AT_ONCE):
        _accept(office, alike[start : start + HOMES_AT_ONCE], Proof())
    for conversion in sorted(proven):
        _accept(office, [conversion], _proof(left[conversion]))


def _proof(home: SyntheticHousehold) -> Proof:
    hardship = home.house.hardship
    return Proof(COST_FEN if hardship in ("tekun", "wubao") else None, hardship, PROVEN_SINCE)


def _accept(office: Office, conversions: Sequence[str], proof: Proof) -> None:
    paper = Paper(ACCEPTED_ON, "模拟清验〔2020〕1号", f"{MARK}：乡镇档案室 2020-1 卷", proof)
    with write(office.app.state.engine) as session:
        acceptance.accept(
            session, person=office.people["xiangzhen"], county=office.county, conversions=conversions, paper=paper,
            now=office.now, watchers=office.app.state.acceptance_watchers,
        )  # fmt: skip


# ---- payees


def payees(office: Office) -> None:
    """The official brings in the township's list; some homes are missing from it, and stand on a second list."""
    missing, homes = office.showcase.without_payee, office.showcase.to_accept
    with read(office.app.state.engine) as session:
        name = office.township_name(session)
        known = set(session.exec(select(PayeeRow.household).where(PayeeRow.county == office.county)))
    lay(
        office.folder / f"收款人补录-{name}.csv",
        _list(office, name, [h for h in homes if h.number in missing]),
    )
    listed = [home for home in homes if home.number not in missing]
    if not known & {office.showcase.id_of(home) for home in listed}:
        _bring_in(office, f"收款人名单-{name}.csv", _list(office, name, listed))


def _list(office: Office, township: str, homes: Sequence[SyntheticHousehold]) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(LIST_HEADINGS)
    for home in homes:
        house = home.house
        account = bank.account(office.showcase.seed, home.number)
        writer.writerow((
            township, home.village_name, house.door_number, house.head_name, house.id_number, house.head_name,
            account, bank.BANK, "本人",
        ))  # fmt: skip
    return target.getvalue().encode("gb18030")


def _bring_in(office: Office, name: str, data: bytes) -> None:
    person, now, county = office.people["xiangzhen"], office.now, office.county
    brought = Brought(office.app.state.new_id(), data, person, now, lambda village: True)
    with write(office.app.state.engine) as session:
        session.add(
            PayeeListRow(
                county=county, id=brought.id, name=name, sha256=brought.sha256, content=data, read_at=now,
                read_by=person,
            )
        )  # fmt: skip
        session.flush()
        looked = payee_list.look(session, county, brought)
        assert not looked.faults, [str(each) for each in looked.faults[:3]]
        payee_list.bring_in(session, county, brought, looked.digest)
        office.tell(session, [each.home.id for each in looked.matched])


def lay(path: Path, data: bytes) -> None:
    """A file for visitors, whole or not at all; one that is there stays."""
    if not path.exists():
        beside = path.with_name(path.name + ".part")
        beside.write_bytes(data)
        beside.replace(path)


# ---- decisions


def decide(office: Office) -> None:
    """The clerk decides what is due, but for the last winter."""
    engine, county = office.app.state.engine, office.county
    while review.refresh(engine, county, office.now, homes_max=HOMES_AT_ONCE * 10).left:
        continue
    ours = {office.showcase.id_of(home) for home in office.showcase.homes}
    with read(engine) as session:
        offered = decision_views.every_pick(session, DecisionFilter(office.showcase.township))
    picks = [pick for pick in offered if pick.household in ours and pick.season != UNDECIDED]
    if picks:
        act = Act(review.DUE, office.people["jingban"], office.now)
        decisions.decide(engine, county, picks, act, office.app.state.new_id, tell=office.tell)


# ---- a zone


def propose(office: Office) -> None:
    """The official proposes the zone; homes that nothing reached are left out of it, with the reason."""
    person, county, now = office.people["xiangzhen"], office.county, office.now
    if not office.showcase.zone:
        return
    with write(office.app.state.engine) as session:
        name = ZONE.format(township=office.township_name(session))
        if session.exec(select(Zone).where(Zone.county == county, Zone.name == name)).first():
            return
        wanted = zones.Range(
            "new", name, f"{MARK}：热网已通，整村完成改造", "", person, 15, office.showcase.zone
        )
        version = zones.propose(
            session,
            county=county,
            zone=None,
            wanted=wanted,
            person=person,
            now=now,
            new_id=office.app.state.new_id,
        )
        for reason, homes in _unreached(office).items():
            zones.leave_out(
                session, county=county, zone=version.zone, households=homes, reason=reason, note=MARK,
                person=person, now=now,
            )  # fmt: skip


def _unreached(office: Office) -> dict[str, list[str]]:
    """Reason → heated homes of the zone without any conversion."""
    found: dict[str, list[str]] = {}
    for home in office.showcase.homes:
        clean = home.house.clean_before or (home.conversion and home.conversion.kind != "clean_coal")
        heated = home.registered_on and home.house.not_heated_reason is None and not home.away_on
        if home.village in office.showcase.zone and heated and not clean:
            reason = "demolition" if home.house.demolition_year else "no_network"
            found.setdefault(reason, []).append(office.showcase.id_of(home))
    return found
