"""Releasing subsidy schedules, and reading those that are released.

A document goes into the table once and never changes there: its hash is compared whenever it is read, and
nothing is worked out by one that does not match. What is wrong with a document is told all at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.access.audit import audit
from server.programme.document import DocumentFault, Fault, sha256_of
from server.subsidies.schedule import Schedule, bundled, overlapping, read_document, schedule_of
from server.subsidies.tables import ReviewRow, ScheduleRow
from server.web import N_, Problem

TAMPERED: Final = "schedule_changed"


def release(session: Session, *, county: str, document: bytes, person: str, now: datetime) -> Schedule:
    """Releases a schedule for a county; the same document again changes nothing. `person`: empty for the program.

    Raises DocumentFault with every fault, also where this version was released with other content.
    """
    read = read_document(document)
    schedule = schedule_of(read)
    known = session.get(ScheduleRow, (county, schedule.id, schedule.version))
    if known is not None and known.sha256 == schedule.sha256:
        return schedule
    faults = _faults(session, county, schedule, known)
    if faults:
        raise DocumentFault(tuple(faults))
    session.add(
        ScheduleRow(
            county=county, id=schedule.id, version=schedule.version, sha256=schedule.sha256, document=read,
            released_at=now, released_by=person,
        )
    )  # fmt: skip
    session.flush()
    # Whatever waits for a decision has to be worked out anew.
    session.execute(update(ReviewRow).where(col(ReviewRow.county) == county).values(stale=True))
    audit(
        session, person=person, verb="schedule.release", county=county, area=county,
        subject=f"schedule/{schedule.id}/{schedule.version}",
        detail={N_("标准"): schedule.title["zh"], N_("校验值"): schedule.sha256}, now=now,
    )  # fmt: skip
    return schedule


def release_bundled(session: Session, county: str, now: datetime) -> list[Schedule]:
    """Releases every schedule that comes with the program and covers the county."""
    found = [data for data in bundled().values() if county in schedule_of(read_document(data)).tiers]
    return [release(session, county=county, document=data, person="", now=now) for data in found]


def rows(session: Session, county: str) -> list[ScheduleRow]:
    """Everything released for a county, the latest first."""
    wanted = select(ScheduleRow).where(ScheduleRow.county == county)
    ordered = wanted.order_by(
        col(ScheduleRow.released_at).desc(), col(ScheduleRow.id), col(ScheduleRow.version).desc()
    )
    return list(session.exec(ordered))


def is_whole(row: ScheduleRow) -> bool:
    """Whether a released document is still what it was when it was released."""
    return sha256_of(row.document) == row.sha256


def released(session: Session, county: str) -> tuple[Schedule, ...]:
    """The schedules of a county, replaced ones included. Raises Problem where one was changed after its release."""
    found = []
    for row in rows(session, county):
        if not is_whole(row):
            message = f"补贴标准 {row.id} 第 {row.version} 版的内容与发布时的校验值不符，不能据此计算。"
            raise Problem(TAMPERED, 409, message, N_("请从备份恢复数据库，并查明是谁改动了它。"))
        found.append(schedule_of(row.document))
    return tuple(found)


def _faults(session: Session, county: str, schedule: Schedule, known: ScheduleRow | None) -> list[Fault]:
    """What stands in the way of releasing a document that has no faults of its own."""
    if known is not None:
        message = f"这个版本已于 {known.released_at:%Y-%m-%d} 发布，内容不同（{known.sha256[:12]}…）。"
        return [Fault("version", schedule.version, message, "已发布的不能改；请换一个新的版本号。")]
    faults = []
    if county not in schedule.tiers:
        counties = "、".join(sorted(schedule.tiers))
        faults.append(Fault("tiers", counties, f"没有写本县 {county}。", "请把本县列入一档。"))
    before = released(session, county)
    versions = [each.version for each in before if each.id == schedule.id]
    if schedule.replaces is not None and schedule.replaces not in versions:
        there = "、".join(versions) or "无"
        faults.append(
            Fault(
                "replaces",
                schedule.replaces,
                f"这个版本没有发布过（已发布：{there}）。",
                "请填已发布的版本号。",
            )
        )
    elif schedule.replaces in {each.replaces for each in before if each.id == schedule.id} - {None}:
        message = "这个版本已被另一个版本取代。"
        faults.append(Fault("replaces", str(schedule.replaces), message, "请取代最新的那一版。"))
    return faults + overlapping(schedule, before)
