"""What is to be done about a tablet, from what it said at its last contact. Pure: the list, its filters, the sheet
and the tablet's own page all say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from server.access.tables import Tablet
from server.web import N_

Concern: TypeAlias = Literal["revoked", "closed", "waiting", "never", "silent", "clock", "space", "forms"]

# A clock further off than this puts records on the wrong day often enough to be worth a visit.
CLOCK_OFFSET_TOLERATED_S: Final = 300
SILENT_AFTER: Final = timedelta(days=3)
# A season's records of a village, its snapshot and some hundred photos: below this the next visit may be the last.
SPACE_NEEDED_BYTES: Final = 300_000_000

# Each opens the list of tablets it speaks of, in this order.
WORDS: Final[Mapping[Concern, str]] = {
    "closed": N_("须重新登记"),
    "silent": N_("多日未联系"),
    "never": N_("从未联系"),
    "waiting": N_("有待上传"),
    "clock": N_("时钟不准"),
    "space": N_("存储不足"),
    "forms": N_("表单不是最新"),
    "revoked": N_("已停用"),
}


def silent(last_contact_at: datetime | None, now: datetime) -> bool:
    """Never heard of, or not for days: its records may be missing from every figure of its villages."""
    return last_contact_at is None or now - last_contact_at > SILENT_AFTER


def stated_forms(stated: Collection[str]) -> list[tuple[str, str]]:
    """(id, version) of the forms that a tablet stated as "id@version"."""
    return [(form, version) for form, _, version in (each.partition("@") for each in stated)]


def outdated(stated: Collection[str], newest: Mapping[str, str]) -> tuple[str, ...]:
    """Ids of the forms whose newest version (`newest`: id → version) the tablet did not state (as "id@version")."""
    return tuple(form for form, version in newest.items() if f"{form}@{version}" not in stated)


def concerns(tablet: Tablet, newest: Mapping[str, str], now: datetime) -> tuple[Concern, ...]:
    """What somebody should look after, the gravest first; nothing more of a tablet that is out of use."""
    if tablet.revoked_at is not None:
        return ("revoked",)
    heard = tablet.last_contact_at is not None
    found: dict[Concern, bool] = {
        "closed": tablet.closed_as is not None,
        "never": not heard,
        "silent": silent(tablet.last_contact_at, now),
        "waiting": tablet.waiting + tablet.photos_waiting > 0,
        "clock": abs(tablet.clock_offset_s) > CLOCK_OFFSET_TOLERATED_S,
        "space": tablet.free_bytes is not None and tablet.free_bytes < SPACE_NEEDED_BYTES,
        "forms": heard and bool(outdated(tablet.forms, newest)),
    }
    return tuple(concern for concern, true in found.items() if true)
