"""The strip that is always in sight: is everything safe, when was the last contact, whose tablet is it."""

from dataclasses import dataclass

from mobile.presenters.desk import Desk
from sync.replica_rows import Status

CLOCK_TOLERANCE_S = 300
SYNTHETIC_MARK = "模拟"


@dataclass(frozen=True)
class StripState:
    """`tone` names a colour pair of the theme."""

    text: str
    tone: str
    detail: str
    warning: str
    person: str
    county: str
    synthetic: bool


class StripPresenter:
    """Reads the replica's status; has no intents."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def state(self) -> StripState:
        """As of now."""
        desk, say = self._desk, self._desk.say
        status = desk.replica.status()
        identity = desk.replica.identity()
        county = (identity.county_name or "") if identity else ""
        text, tone = self._headline(status)
        drafts = say("strip.drafts", n=status.drafts_n) if status.drafts_n else ""
        parts = [drafts] if drafts not in ("", text) else []
        attention = status.rejected_n + status.conflict_n
        if attention:
            parts.append(say("strip.attention", n=attention))
        if status.last_contact_at:
            parts.append(say("strip.contact", when=desk.moment(status.last_contact_at)))
        else:
            parts.append(say("strip.never"))
        return StripState(
            text=text,
            tone=tone,
            detail=" · ".join(parts),
            warning=say("strip.enrol_again")
            if identity and identity.enrol_again
            else self._clock_warning(status.clock_offset_s),
            person=(identity.person_name or "") if identity else "",
            county=county,
            synthetic=SYNTHETIC_MARK in county,
        )

    def _headline(self, status: Status) -> tuple[str, str]:
        say = self._desk.say
        if status.waiting_n:
            return say("strip.unsafe", n=status.waiting_n), "waiting"
        if status.photos_waiting_n:
            return say("strip.photos", n=status.photos_waiting_n), "waiting"
        if status.safe_to_hand_in and status.unread_n:
            return say("strip.unread", n=status.unread_n), "draft"
        if status.safe_to_hand_in:
            return say("strip.all_safe"), "safe"
        return say("strip.drafts", n=status.drafts_n), "draft"

    def _clock_warning(self, offset_s: float | None) -> str:
        if offset_s is None or abs(offset_s) < CLOCK_TOLERANCE_S:
            return ""
        return self._desk.say("strip.clock", minutes=round(abs(offset_s) / 60))
