"""The state of a record in words, colour and sign, the same on every screen: never colour alone."""

from dataclasses import dataclass

from mobile.locale import Say
from sync.replica_rows import Record

# Signs exist in the SC face; tones are names of the theme's colour pairs.
SIGNS = {
    "draft": ("◐", "draft"),
    "waiting": ("↑", "waiting"),
    "sent_safe": ("✓", "safe"),
    "merged": ("✓", "merged"),
    "conflict": ("⚠", "conflict"),
    "rejected": ("！", "rejected"),
    "not_yet": ("…", "not_yet"),
    "photos_waiting": ("↑", "waiting"),
    "photos_lost": ("！", "rejected"),
}
ATTENTION = frozenset({"conflict", "rejected"})
SAFE = frozenset({"sent_safe", "merged"})
LOST = frozenset({"refused", "damaged"})


@dataclass(frozen=True)
class Chip:
    """A small label: sign, word and tone."""

    text: str
    tone: str
    sign: str = ""


def chip(say: Say, state: str) -> Chip:
    """The chip of a record's state."""
    sign, tone = SIGNS[state]
    return Chip(say(f"state.{state}"), tone, sign)


def shown_state(record: Record) -> str:
    """The state a surveyor sees: a waiting record the hub asked to keep for later reads *not yet*; one that is safe is
    so only with its photos."""
    if record.state in SAFE and record.corrected_by is None and LOST & set(record.photos):
        return "photos_lost"
    if record.state in SAFE and "waiting" in record.photos:
        return "photos_waiting"
    return "not_yet" if record.state == "waiting" and record.not_yet is not None else record.state
