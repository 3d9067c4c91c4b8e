"""Acceptance (验收): an official's act about a conversion, with date, document number and evidence.

The surveyor's own date stays a claim: whoever recorded anything of a conversion can never accept it, which is
asked of the journal and not of roles. An acceptance is only ever withdrawn, with a reason; money reads what stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import and_, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from server.access.audit import audit
from server.database import parts
from server.exchange.tables import SubmissionRow, SubmissionTarget
from server.registry.acceptance_tables import Acceptance
from server.registry.amounts import yuan
from server.registry.tables import Conversion, Household
from server.registry.vocabulary import HARDSHIPS
from server.web import N_, Problem
from server.web.figures import CHINA

FAULT: Final = "acceptance"
TEXT_CHARS_MAX: Final = 500
SHOWN_MAX: Final = 5
# Why a conversion cannot be accepted by somebody on a day.
UNKNOWN, OWN, STANDS, NOT_CONNECTED, DISPUTED, TOO_EARLY = (
    N_("本县没有这项改造"),
    N_("您自己登记过这项改造，须由另一人验收"),
    N_("已经验收"),
    N_("没有接通日期"),
    N_("有未决冲突"),
    N_("验收日期早于接通日期"),
)


@dataclass(frozen=True)
class Proof:
    """What the official was shown at one home: the real cost in fen, and a class of hardship with the day from which
    its certificate counts.
    """

    cost_fen: int | None = None
    hardship: str = ""
    hardship_since: date | None = None


NOTHING_PROVEN: Final = Proof()


@dataclass(frozen=True)
class Paper:
    """What an acceptance rests on: the day on site, the document's number, where the evidence lies, and what was
    proven, which only the acceptance of a single home can say.
    """

    accepted_on: date | None
    document_number: str
    evidence: str
    proof: Proof = NOTHING_PROVEN


Watcher = Callable[[Session, str, Collection[str]], None]
"""(session, county, households): writes what follows from a change of their acceptances, in its transaction."""


def refused(message: str, remedy: str) -> Problem:
    return Problem(FAULT, 422, message, remedy)


def fault(conversion: Conversion | None, paper: Paper, *, own: bool, stands: bool) -> str | None:
    """Why one conversion cannot be accepted; None when it can. `own`: recorded by whoever accepts."""
    if conversion is None:
        return UNKNOWN
    connected_on = conversion.connected_on
    reasons = (
        (OWN, own),
        (STANDS, stands),
        (NOT_CONNECTED, connected_on is None),
        (DISPUTED, conversion.conflicts_n > 0),
        (TOO_EARLY, connected_on is not None and (paper.accepted_on or date.max) < connected_on),
    )
    return next((reason for reason, holds in reasons if holds), None)


def accept(
    session: Session, *, person: str, county: str, conversions: Collection[str], paper: Paper, now: datetime,
    watchers: Iterable[Watcher] = (),
) -> int:  # fmt: skip
    """Accepts all of these conversions or none; answers how many. Whether the person may, is asked before. The
    `watchers` are rooms above, told at the end.

    Raises Problem `acceptance`, naming the homes that stand in the way.
    """
    _check(paper, now)
    wanted = sorted(set(conversions))
    if not wanted:
        raise refused(N_("没有选中任何改造。"), N_("请勾选至少一项再提交。"))
    if len(wanted) > 1 and paper.proof != NOTHING_PROVEN:
        message = N_("实际费用和困难证明每户不同，不能几项一起填。")
        raise refused(message, N_("请一项一项验收，或把这几栏留空。"))
    found = {each.id: each for part in parts(wanted) for each in _conversions(session, county, part)}
    own, standing = surveyed_by(session, county, wanted, person), accepted(session, county, wanted)
    faults = {
        one: why for one in wanted
        if (why := fault(found.get(one), paper, own=one in own, stands=one in standing))
    }  # fmt: skip
    if faults:
        raise refused(_told(session, county, found, faults), N_("一项也没有验收。请去掉这些改造后重新提交。"))
    numbers = _numbers(session, county, wanted)
    for one in wanted:
        _write(session, found[one], numbers.get(one, 0) + 1, paper, person, now)
    try:
        session.flush()
    except IntegrityError as error:
        raise refused(N_("其中有的刚刚被别人验收。"), N_("一项也没有验收。请刷新页面后再看。")) from error
    for watcher in watchers:
        watcher(session, county, {found[one].household for one in wanted})
    return len(wanted)


def _check(paper: Paper, now: datetime) -> None:
    if paper.accepted_on is None:
        raise refused(N_("验收日期不是一个日期。"), N_("请填写到现场验收的日期。"))
    if paper.accepted_on > now.astimezone(CHINA).date():
        raise refused(N_("验收日期在今天之后。"), N_("请填写到现场验收的日期。"))
    if not paper.document_number.strip() or not paper.evidence.strip():
        message = N_("验收文号和依据都要填写。")
        raise refused(message, N_("请写明验收单或文件的编号，以及验收表、照片等依据存放在哪里。"))
    if max(len(paper.document_number), len(paper.evidence)) > TEXT_CHARS_MAX:
        raise refused(N_("验收文号或依据过长。"), N_("每项最多 500 个字。"))
    _check_proof(paper.proof, now)


def _check_proof(proof: Proof, now: datetime) -> None:
    if proof.cost_fen is not None and proof.cost_fen < 0:
        raise refused(N_("实际费用是负数。"), N_("请填写设备和安装实际花费的元数，没有凭据的留空。"))
    if proof.hardship and proof.hardship not in HARDSHIPS:
        raise refused(N_("不认识这个困难类别。"), N_("请从列表里选择。"))
    if bool(proof.hardship) != (proof.hardship_since is not None):
        message = N_("困难类别和认定日期要一起填。")
        raise refused(message, N_("日期以证明上的认定日期为准；没有看到证明的，两项都留空。"))
    if proof.hardship_since is not None and proof.hardship_since > now.astimezone(CHINA).date():
        raise refused(N_("困难类别的认定日期在今天之后。"), N_("请填写证明上的认定日期。"))


def _conversions(session: Session, county: str, keys: list[str]) -> list[Conversion]:
    # Locked in the order of their ids: of two officials the second sees what the first has done.
    statement = select(Conversion).where(Conversion.county == county, col(Conversion.id).in_(keys))
    return list(session.exec(statement.order_by(col(Conversion.id)).with_for_update()))


def surveyors(session: Session, county: str, conversions: Collection[str]) -> dict[str, set[str]]:
    """Conversion to the persons who sent any submission of it, whatever became of it."""
    found: dict[str, set[str]] = {one: set() for one in conversions}
    for part in parts(sorted(found)):
        same = and_(
            col(SubmissionRow.county) == col(SubmissionTarget.county),
            col(SubmissionRow.id) == col(SubmissionTarget.submission),
        )
        rows = session.exec(
            select(SubmissionTarget.entity, SubmissionRow.person)
            .join(SubmissionRow, same)
            .where(
                SubmissionTarget.county == county,
                SubmissionTarget.dataset == "conversion",
                col(SubmissionTarget.entity).in_(part),
            )
            .distinct()
        )
        for one, person in rows:
            found[one].add(person)
    return {one: people - {""} for one, people in found.items()}


def conversions_of(session: Session, county: str, households: Collection[str]) -> list[str]:
    """The conversions of some households."""
    found: list[str] = []
    for part in parts(sorted(households)):
        found += session.exec(
            select(Conversion.id).where(Conversion.county == county, col(Conversion.household).in_(part))
        )
    return found


def surveyed_by(session: Session, county: str, conversions: Collection[str], person: str) -> set[str]:
    """Those of the conversions of which this person sent any submission, whatever became of it."""
    found: set[str] = set()
    for part in parts(sorted(conversions)):
        same = and_(
            col(SubmissionRow.county) == col(SubmissionTarget.county),
            col(SubmissionRow.id) == col(SubmissionTarget.submission),
        )
        found |= set(
            session.exec(
                select(SubmissionTarget.entity)
                .join(SubmissionRow, same)
                .where(
                    SubmissionTarget.county == county,
                    SubmissionTarget.dataset == "conversion",
                    col(SubmissionTarget.entity).in_(part),
                    SubmissionRow.person == person,
                )
            )
        )
    return found


def accepted(session: Session, county: str, conversions: Collection[str]) -> dict[str, Acceptance]:
    """Conversion to its standing acceptance, of those that have one."""
    found: dict[str, Acceptance] = {}
    for part in parts(sorted(set(conversions))):
        rows = session.exec(
            select(Acceptance).where(
                Acceptance.county == county,
                col(Acceptance.conversion).in_(part),
                col(Acceptance.withdrawn_at).is_(None),
            )
        )
        found.update({row.conversion: row for row in rows})
    return found


def _numbers(session: Session, county: str, wanted: list[str]) -> dict[str, int]:
    """Conversion to the number of its last acceptance, withdrawn ones included."""
    found: dict[str, int] = {}
    for part in parts(wanted):
        rows = session.exec(
            select(Acceptance.conversion, func.max(Acceptance.number))
            .where(Acceptance.county == county, col(Acceptance.conversion).in_(part))
            .group_by(col(Acceptance.conversion))
        )
        found.update(dict(rows.all()))
    return found


def _told(session: Session, county: str, found: Mapping[str, Conversion], faults: Mapping[str, str]) -> str:
    """The refusal in words: which home, and why; the first few of many."""
    said = []
    for one, why in list(faults.items())[:SHOWN_MAX]:
        conversion = found.get(one)
        home = session.get(Household, (county, conversion.household)) if conversion else None
        said.append(f"{home.door_number} {home.head_name}".strip() + f"：{why}" if home else why)
    more = f"；等 {len(faults)} 项" if len(faults) > SHOWN_MAX else ""
    return "不能验收：" + "；".join(said) + more + "。"


def _write(
    session: Session, conversion: Conversion, number: int, paper: Paper, person: str, now: datetime
) -> None:
    assert paper.accepted_on is not None
    session.add(
        Acceptance(
            county=conversion.county, conversion=conversion.id, number=number, village=conversion.village,
            household=conversion.household, conversion_version=conversion.version, accepted_on=paper.accepted_on,
            document_number=paper.document_number.strip(), evidence=paper.evidence.strip(),
            cost_fen=paper.proof.cost_fen, hardship=paper.proof.hardship,
            hardship_since=paper.proof.hardship_since, accepted_by=person, entered_at=now,
        )
    )  # fmt: skip
    detail = {
        N_("验收日期"): paper.accepted_on.isoformat(), N_("验收文号"): paper.document_number.strip(),
        N_("依据"): paper.evidence.strip(), **_proven(paper.proof),
    }  # fmt: skip
    audit(
        session, person=person, verb="conversion.accept", county=conversion.county, area=conversion.village,
        subject=f"household/{conversion.county}/{conversion.household}", detail=detail, now=now,
    )  # fmt: skip


def _proven(proof: Proof) -> dict[str, str]:
    """What was proven, for the log."""
    return {
        N_("实际费用（元）"): "" if proof.cost_fen is None else yuan(proof.cost_fen),
        N_("困难类别"): HARDSHIPS.get(proof.hardship, ""),
        N_("认定日期"): str(proof.hardship_since or ""),
    }


def withdraw(
    session: Session, *, person: str, county: str, conversion: str, reason: str, now: datetime,
    watchers: Iterable[Watcher] = (),
) -> None:  # fmt: skip
    """Takes the standing acceptance back, for a reason; it stays in the file. Raises Problem `acceptance`."""
    reason = reason.strip()
    if not reason or len(reason) > TEXT_CHARS_MAX:
        raise refused(N_("没有写明撤销的原因，或原因过长。"), N_("请写明为什么撤销，最多 500 个字。"))
    found = _conversions(session, county, [conversion])
    standing = accepted(session, county, [conversion]).get(conversion)
    if standing is None:
        raise refused(N_("这项改造现在没有验收。"), N_("请刷新页面后再看。"))
    standing.withdrawn_at, standing.withdrawn_by, standing.withdrawn_reason = now, person, reason
    audit(
        session, person=person, verb="acceptance.withdraw", county=county, area=standing.village,
        subject=f"household/{county}/{standing.household}",
        detail={N_("原因"): reason, N_("验收文号"): standing.document_number}, now=now,
    )  # fmt: skip
    session.flush()
    for watcher in watchers:
        watcher(session, county, {standing.household, *(each.household for each in found)})
