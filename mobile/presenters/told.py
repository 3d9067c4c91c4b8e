"""What the office tells of a village and a home: the coal-free zone, and the money. Nothing here can be recorded.

The zone's rule is told in the words of the document. What it makes of this home's stove is not worked out on the
tablet: that changes with the calendar, with a season proven, with a plan released, all without any record, and a
verdict that is stale at the door does more harm than none. The surveyor reads the rule beside what is registered of
the stove; the office decides.
"""

from dataclasses import dataclass

from mobile.presenters.desk import Desk
from mobile.presenters.states import Chip
from sync.replica_rows import Shown

# How much a state of a zone matters to who stands in it, most first; a refused one matters to nobody.
ORDER = ("in_force", "designated", "proposed", "withdrawn")
TONES = {"in_force": "waiting", "designated": "draft", "proposed": "plain", "withdrawn": "plain"}


@dataclass(frozen=True)
class ZoneTold:
    """A coal-free zone over a village. `status`, `since` and `means` are words, `rule` the document's own text (empty
    where nothing is forbidden). `left_out`: ids of the households it leaves out; `but` says in words how many."""

    name: str
    state: str
    status: str
    since: str
    document: str
    means: str
    rule: str
    left_out: frozenset[str]
    but: str

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def line(self) -> str:
        """The zone in one line."""
        return " · ".join(part for part in (self.name, self.status, self.since) if part)


@dataclass(frozen=True)
class MoneyTold:
    """What became of a home's subsidies, a sentence each; none where nothing is on record. `as_of` in words."""

    lines: tuple[str, ...]
    as_of: str


NO_MONEY = MoneyTold((), "")


def zone_of(desk: Desk, village: str) -> ZoneTold | None:
    """The zone that matters most in a village, None where there is none."""
    found = [(_state(desk, shown), shown) for shown in desk.replica.in_villages("zone", village)]
    known = sorted((ORDER.index(state), shown.id, shown) for state, shown in found if state in ORDER)
    return _told(desk, ORDER[known[0][0]], known[0][2]) if known else None


def zone_chips(desk: Desk) -> dict[str, Chip]:
    """Village → the chip of its zone, for the list of villages; none for one that is withdrawn."""
    chips: dict[str, tuple[int, Chip]] = {}
    for shown in desk.replica.in_villages("zone"):
        state = _state(desk, shown)
        rank = ORDER.index(state) if state in ORDER[:3] else len(ORDER)
        if rank < chips.get(shown.village, (len(ORDER), None))[0]:
            text = desk.say("zone.chip", status=desk.say(f"zone.{state}"))
            chips[shown.village] = rank, Chip(text, TONES[state])
    return {village: chip for village, (_, chip) in chips.items()}


def money_of(desk: Desk, household: str) -> MoneyTold:
    """The sentences of a home's subsidies, in the surveyor's language where the office gave them in it."""
    found = desk.replica.related("subsidy", household)
    if not found:
        return NO_MONEY
    props = found[0].props
    told = props.get(f"lines_{desk.language}") or props.get("lines", "")
    lines = tuple(line.strip() for line in told.splitlines() if line.strip())
    day = props.get("as_of", "")
    return MoneyTold(lines, desk.say("money.as_of", day=day) if lines and day else "")


def _state(desk: Desk, shown: Shown) -> str:
    """As of today: a zone that was designated comes into force on its day, contact or none."""
    state, day = shown.props.get("status", ""), shown.props.get("in_force_on", "")
    return "in_force" if state == "designated" and day and day <= desk.today().isoformat() else state


def _told(desk: Desk, state: str, shown: Shown) -> ZoneTold:
    say, day = desk.say, shown.props.get("in_force_on", "")
    since = {"in_force": "zone.since", "designated": "zone.from"}.get(state)
    return ZoneTold(
        name=shown.props.get("name", ""),
        state=state,
        status=say(f"zone.{state}"),
        since=say(since, day=day) if since and day else "",
        document=shown.props.get("document_number", "") if state in ORDER[:2] else "",
        means=say(f"zone.{state}.means", day=day),
        rule=shown.props.get("rule", "") if state in ORDER[:2] else "",
        left_out=frozenset(shown.props.get("left_out", "").split()),
        but=say("zone.left_out_n", n=shown.props["left_out_n"]) if _some_left_out(shown) else "",
    )


def _some_left_out(shown: Shown) -> bool:
    return shown.props.get("left_out_n", "0") not in ("", "0")
