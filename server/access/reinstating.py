"""Undoing a revocation made by mistake, as long as the tablet knows nothing of it.

Apart from `enrolment` because it is the one way back: what a tablet has learnt it has acted upon, and wiped itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from server.access.audit import audit, common_area
from server.access.enrolment import held
from server.access.tables import Tablet
from server.web import N_, Problem

FAULT: Final = "reinstate"
REASON_CHARS_MAX: Final = 500


def told(tablet: Tablet) -> bool:
    """Whether a revoked tablet has called since, and so wiped itself: that cannot be taken back."""
    called, revoked = tablet.last_contact_at, tablet.revoked_at
    return called is not None and revoked is not None and called >= revoked


def reinstate(session: Session, *, county: str, device: str, reason: str, now: datetime, by: str) -> None:
    """Undoes a revocation that the tablet has not learnt of: it goes on as if nothing had been. Raises Problem
    `reinstate` where there is nothing to undo, it is too late, or no reason is given.
    """
    tablet = session.get(Tablet, (county, device), with_for_update=True, populate_existing=True)
    if tablet is None or tablet.revoked_at is None:
        raise _not_reinstated(N_("这台平板没有被停用。"), N_("请刷新页面。"))
    if told(tablet):
        raise _not_reinstated(
            N_("它已经得知停用，平板上的数据已经清除，不能撤回。"),
            N_("请导入它的救援文件，再用新的登记码登记。"),
        )
    if not reason.strip() or len(reason) > REASON_CHARS_MAX:
        raise _not_reinstated(
            N_("没有写明理由，或理由超过 500 字。"), N_("请写明为什么撤回，例如“停用错了一台”。")
        )
    tablet.revoked_at = None
    session.add(tablet)
    villages = sorted(held(session, county=county, device=device))
    detail = {N_("平板"): tablet.called, N_("理由"): reason.strip()}
    audit(
        session, person=by, verb="tablet.reinstate", county=county, area=common_area(villages, county),
        subject=f"tablet/{device}", detail=detail, now=now,
    )  # fmt: skip


def _not_reinstated(message: str, remedy: str) -> Problem:
    return Problem(FAULT, 409, message, remedy)
