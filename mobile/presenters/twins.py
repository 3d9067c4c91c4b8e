"""Homes that may be the one being registered: asked of the tablet's own replica while the surveyor still stands there.

Only what this tablet holds can be known here; what two tablets record on one day without a network meets at the
office. A likeness is said and never stops anybody: the surveyor sees the door, the program does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mobile.presenters.desk import Desk
from survey_forms.likeness import Home, Likeness, Reason, like
from sync.replica_rows import Draft, Registered

REASONS = {
    "id_number": "twin.id_number",
    "name": "twin.name",
    "name_sound": "twin.name_sound",
    "name_close": "twin.name_close",
    "door": "twin.door",
    "address": "twin.address",
    "near": "twin.near",
}
SHOWN_MAX = 3


@dataclass(frozen=True)
class Twin:
    """A household that may be the one being registered. `recorded`: by whom and when, as far as this tablet knows."""

    household: str
    headline: str
    title: str
    reasons: str
    recorded: str


def home_of(desk: Desk, draft: Draft, changes: Mapping[str, Mapping[str, str]]) -> Home | None:
    """What the draft says of a household that the register does not have yet; None for any other draft."""
    household, said = draft.target_ids.get("household"), changes.get("household", {})
    if household is None or not said.get("door_number", said.get("head_name", "")):
        return None
    known = desk.replica.entity("household", household)
    return None if known is not None and known.version else _home(household, draft.village, said)


def twins(desk: Desk, home: Home) -> tuple[Twin, ...]:
    """Those on this tablet that may be the same home, the surest first."""
    others = {each.id: each for each in desk.replica.registered(home.village, home.number)}
    homes = (_home(each.id, each.village, each.props) for each in others.values())
    found = [(each, each.other if each.one == home.id else each.one) for each in like(home, homes)]
    return tuple(_twin(desk, others[other], each) for each, other in found[:SHOWN_MAX])


def _home(id: str, village: str, props: Mapping[str, str]) -> Home:
    return Home(
        id,
        village,
        head_name=props.get("head_name", ""),
        id_number=props.get("id_number", ""),
        door_number=props.get("door_number", ""),
        address=props.get("address", ""),
        location=props.get("location", ""),
        sound=props.get("_pinyin", "").replace(" ", ""),
    )


def _twin(desk: Desk, other: Registered, likeness: Likeness) -> Twin:
    say, door = desk.say, other.props.get("door_number", "")
    named = (
        other.props.get("head_name") or say("households.nameless"),
        say("households.door", door=door) if door else say("households.no_door"),
        desk.village(other.village),
    )
    return Twin(
        household=other.id,
        headline=say("twin.certain") if likeness.grade == "certain" else say("twin.likely"),
        title=" · ".join(part for part in named if part),
        reasons=say("twin.join").join(_reason(desk, each) for each in likeness.reasons),
        recorded=_recorded(desk, other),
    )


def _reason(desk: Desk, reason: Reason) -> str:
    return desk.say(REASONS[reason.code], metres=reason.metres)


def _recorded(desk: Desk, other: Registered) -> str:
    """My own record says who and when; of another's the register tells the day of the visit."""
    mine = desk.replica.records(other.id)
    if mine:
        first = mine[-1].submission
        return desk.say("twin.mine", person=desk.person(first.person), when=desk.moment(first.observed_at))
    day = other.props.get("visited_on", "")
    return desk.say("twin.others", day=day) if day else desk.say("twin.others_undated")
