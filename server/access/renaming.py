"""What the office calls a tablet: what stands on its label, for on the network every tablet may be "localhost"."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from server.access.audit import audit, common_area
from server.access.enrolment import held
from server.access.tables import Tablet
from server.web import N_, Problem

NAME_CHARS_MAX: Final = 40


def rename(session: Session, *, county: str, device: str, name: str, now: datetime, by: str) -> None:
    """The office calls a tablet otherwise. Raises Problem `tablet_name`."""
    if not name.strip() or len(name.strip()) > NAME_CHARS_MAX:
        raise Problem(
            "tablet_name", 400, N_("没有写平板名称，或名称超过 40 个字。"), N_("请写贴在平板上的编号或名称。")
        )
    tablet = session.get_one(Tablet, (county, device))
    if tablet.name == name.strip():
        return
    before, tablet.name = tablet.called, name.strip()
    session.add(tablet)
    villages = sorted(held(session, county=county, device=device))
    detail = {N_("原名称"): before, N_("平板"): tablet.name}
    audit(
        session, person=by, verb="tablet.rename", county=county, area=common_area(villages, county),
        subject=f"tablet/{device}", detail=detail, now=now,
    )  # fmt: skip
