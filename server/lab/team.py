"""The demo's officials: one person for each duty, so that two are there wherever two are needed.

They do not exist, and share one password that is drawn for each demo: what a visitor tries is the duties, not
the passwords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from server.access import credentials
from server.access.people import grant
from server.access.tables import Person
from server.lab.filling import entity_id


@dataclass(frozen=True)
class Official:
    """`here`: works for the showcase's township, else for the whole county."""

    login: str
    name: str
    role: str
    here: bool = False


TEAM: Final = (
    Official("xiangzhen", "模拟乡镇干部", "township_official", here=True),
    Official("xianban", "模拟县办干部", "township_official"),
    Official("huanbao", "模拟环保干部", "environment_officer"),
    Official("jingban", "模拟资金经办", "finance_preparer"),
    Official("shenpi", "模拟资金审批", "finance_approver"),
    Official("duizhang", "模拟对账员", "finance_preparer"),
    Official("shenji", "模拟审计员", "auditor"),
)


def person_id(seed: int, login: str) -> str:
    return entity_id(seed, f"official/{login}", 0)


def people(seed: int) -> Mapping[str, str]:
    """Login to person id."""
    return {official.login: person_id(seed, official.login) for official in TEAM}


def hire(session: Session, seed: int, county: str, township: str, password: str, now: datetime) -> None:
    """Makes the officials, all with this password."""
    hashed = credentials.hash_password(password)
    for official in TEAM:
        identity = person_id(seed, official.login)
        session.add(
            Person(id=identity, login=official.login, name=official.name, password_hash=hashed, made_at=now)
        )
        session.flush()
        grant(session, identity, official.role, township if official.here else county, now=now)
