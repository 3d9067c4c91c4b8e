"""Releasing plans: a document goes into the table once, and never changes there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlmodel import Session

from server.access.audit import audit
from server.programme.document import Fault
from server.programme.plan import Plan, PlanFault, plan_of, read_document
from server.programme.tables import PlanRow
from server.web import N_

BUNDLED: Final = Path(__file__).parent / "plans"


def release(session: Session, document: bytes, now: datetime) -> Plan:
    """Releases a plan; the same document again changes nothing. Raises PlanFault, also where this version
    was released with other content: then a new version number is needed.
    """
    read = read_document(document)
    plan = plan_of(read)
    known = session.get(PlanRow, (plan.county, plan.id, plan.version))
    if known is None:
        session.add(
            PlanRow(
                county=plan.county, id=plan.id, version=plan.version, sha256=plan.sha256, document=read,
                released_at=now,
            )
        )  # fmt: skip
        session.flush()
        audit(
            session, person="", verb="plan.release", county=plan.county, area=plan.county,
            subject=f"plan/{plan.id}/{plan.version}", detail={N_("校验值"): plan.sha256}, now=now,
        )  # fmt: skip
    elif known.sha256 != plan.sha256:
        message = f"这个版本已于 {known.released_at:%Y-%m-%d} 发布，内容不同（{known.sha256[:12]}…）。"
        raise PlanFault((Fault("version", plan.version, message, "已发布的不能改；请换一个新的版本号。"),))
    return plan


def release_bundled(session: Session, county: str, now: datetime) -> list[Plan]:
    """Releases every plan of a county that comes with the program."""
    released = []
    for path in sorted(BUNDLED.glob("*.json")):
        data = path.read_bytes()
        if plan_of(read_document(data)).county == county:
            released.append(release(session, data, now))
    return released
