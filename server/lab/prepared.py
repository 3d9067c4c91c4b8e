"""What a demo county needs before anybody works in it: divisions, decisions, plan, people, codes.

Each step is harmless to repeat, and `demo.json` is written once all of them are done: whoever finds it can
sign in, enrol a tablet and ask the API.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from sqlmodel import Session, col, select

from server.access import actions, credentials, enrolment, rules
from server.access.places import Place
from server.access.tables import EnrolmentCode, Person
from server.database import read, write
from server.lab import team
from server.lab.filling import entity_id
from server.lab.showcase import township_of
from server.programme.actions import release_bundled
from server.registry.actions import classify, import_bundled_divisions
from server.registry.tables import Division
from server.subsidies import schedules
from server.terminal.steps import Steps

TABLETS_N: Final = 8
VISITOR: Final = "演示调查员"
SOURCE: Final = "模拟认定：统计城乡分类代码（2016年版）"
DECIDED_ON: Final = date(2020, 3, 10)
APPROVER: Final = "模拟审批人"
# The synthetic official's decision; 123 and villages without a code are left for a person to decide.
CLASS_OF: Final = {"121": "built_up", "112": "fringe", "122": "fringe", "210": "rural", "220": "rural"}


class DemoProblem(Exception):
    """The demo cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    login: str
    password: str
    role: str
    name: str = ""


@dataclass(frozen=True)
class DemoFile:
    """What `demo.json` says. ``tablet_codes``: one-time codes of the eight headless tablets. ``township``: where money
    and a zone are shown, nine digits.
    """

    address: str
    token: str
    accounts: tuple[Account, ...]
    enrolment_code: str
    county: str
    data: str
    seed: int
    households: int
    tablet_codes: tuple[str, ...]
    township: str

    @classmethod
    def load(cls, path: Path) -> DemoFile:
        """Raises DemoProblem when the file cannot be read as what it should be."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            accounts = tuple(Account(**account) for account in said.pop("accounts"))
            return cls(**(said | {"accounts": accounts, "tablet_codes": tuple(said["tablet_codes"])}))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DemoProblem(f"{path} 读不懂（{error}）。请用 FRESH=1 重新开始演示。") from error

    def save(self, path: Path) -> None:
        """Replaces the file whole, so that a reader never finds half of it."""
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        beside.chmod(0o600)
        beside.replace(path)


def places(session: Session, county: str) -> list[Place]:
    """The county's villages as the synthetic county and its tablets know them, by code."""
    names = dict(session.exec(select(Division.code, Division.name).where(Division.level == "township")).all())
    villages = session.exec(
        select(Division)
        .where(Division.level == "village", col(Division.code).startswith(county))
        .order_by(Division.code)
    )
    return [
        Place(
            village.code,
            village.name,
            names.get(village.parent or "", ""),
            CLASS_OF.get(village.urban_rural_code or ""),
        )
        for village in villages
    ]


def shares(villages: Sequence[Place], tablets_n: int = TABLETS_N) -> list[list[Place]]:
    """The villages of each tablet: neighbours, in the order of their codes, about equally many."""
    size = -(-len(villages) // tablets_n)
    return [list(villages[start : start + size]) for start in range(0, len(villages), size)]


def held(all_shares: Sequence[Sequence[Place]], number: int) -> list[Place]:
    """What tablet ``number`` (from 0) holds: its share, and for every other one its neighbour's first village,
    so that two surveyors meet at a door now and then."""
    shared = all_shares[number + 1][:1] if number % 2 == 0 and number + 1 < len(all_shares) else []
    return [*all_shares[number], *shared]


def prepare(app: FastAPI, *, seed: int, households: int, address: str, steps: Steps) -> DemoFile:
    """Make the county ready in ``app``'s database; says how to get in. Only for a database just made."""
    settings, clock, new_id = app.state.settings, app.state.clock, app.state.new_id
    password = app.state.first_password
    if password is None:
        raise DemoProblem(f"{settings.data} 里的演示没有准备完。请用 FRESH=1 重新开始。")
    with write(app.state.engine) as session:
        with steps("导入行政区划（行）") as told:
            import_bundled_divisions(session, told)
        villages = places(session, settings.county)
        _decide(session, settings.county, villages, clock())
        release_bundled(session, settings.county, clock())
        schedules.release_bundled(session, settings.county, clock())
        township = township_of(seed, households, villages)
        team.hire(session, seed, settings.county, township, password, clock())
        official = session.exec(select(Person).where(Person.login == "admin")).one()
        token = actions.make_token(session, official, label="demo.json", county=settings.county, now=clock())
        codes = []
        all_shares = shares(villages)
        for number in range(len(all_shares)):
            surveyor = actions.surveyor(
                session, name=f"模拟调查员{number + 1}", county=settings.county, new_id=new_id, now=clock()
            )
            codes.append(_code(session, settings.county, surveyor, held(all_shares, number), clock()))
        visitor = actions.surveyor(session, name=VISITOR, county=settings.county, new_id=new_id, now=clock())
        window = _window_code(session, settings.county, visitor, villages, township, clock())
        _clerk(session, settings.county, seed, clock())
    return DemoFile(
        address=address,
        token=token,
        accounts=_accounts(password),
        enrolment_code=window,
        county=settings.county,
        data=str(settings.data),
        seed=seed,
        households=households,
        tablet_codes=tuple(codes),
        township=township,
    )


def _accounts(password: str) -> tuple[Account, ...]:
    officials = (Account(each.login, password, each.role, each.name) for each in team.TEAM)
    return (Account("admin", password, "administrator", "管理员"), *officials)


def usable_code(app: FastAPI, file: DemoFile) -> str:
    """The file's code for the window while a tablet can still be enrolled with it; else a new one."""
    county, now = file.county, app.state.clock()
    digest = credentials.sha256(rules.typed_code(file.enrolment_code))
    with read(app.state.engine) as session:
        found = session.get(EnrolmentCode, (county, digest))
    if found is not None and found.used_at is None and found.expires_at > now:
        return file.enrolment_code
    with write(app.state.engine) as session:
        visitor = session.exec(select(Person).where(Person.name == VISITOR)).one()
        return _window_code(session, county, visitor, places(session, county), file.township, now)


def _window_code(
    session: Session, county: str, visitor: Person, villages: Sequence[Place], township: str, now: datetime
) -> str:
    """For whoever opens the window: the first village of each of the first tablets, and two where money is shown."""
    shown = [village for village in villages if village.code.startswith(township)]
    return _code(session, county, visitor, [*(share[0] for share in shares(villages)[:3]), *shown[:2]], now)


def clerk_id(seed: int) -> str:
    """The person who enters the baseline."""
    return entity_id(seed, "clerk", 0)


def _clerk(session: Session, county: str, seed: int, now: datetime) -> None:
    actions.surveyor(
        session, name="基线调查录入（模拟）", county=county, new_id=lambda: clerk_id(seed), now=now
    )


def _code(session: Session, county: str, person: Person, villages: Sequence[Place], now: datetime) -> str:
    codes = [village.code for village in villages]
    return enrolment.make_code(
        session, county=county, person=person.id, villages=codes, made_by="demo", now=now
    )


def _decide(session: Session, county: str, villages: Sequence[Place], now: datetime) -> None:
    for area_class in sorted(set(CLASS_OF.values())):
        classify(
            session,
            county=county,
            villages=[village.code for village in villages if village.area_class == area_class],
            area_class=area_class,
            source=SOURCE,
            decided_on=DECIDED_ON,
            approver=APPROVER,
            entered_by="demo",
            now=now,
        )
