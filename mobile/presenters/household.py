"""A household and its history: who lives there, how they heat, conversions, coal use, my records, conflicts."""

from dataclasses import dataclass

from mobile.presenters import drafting
from mobile.presenters.desk import Desk
from mobile.presenters.differences import Difference, difference
from mobile.presenters.interview import InterviewPresenter, InterviewState
from mobile.presenters.outbox import RecordLine, begin_correction, draft_line, record_line
from mobile.presenters.record import Fact
from mobile.presenters.told import NO_MONEY, MoneyTold, ZoneTold, money_of, zone_of
from mobile.presenters.vocabulary import Vocabulary
from sync.replica_rows import Shown

IDENTITY = (
    "head_name", "id_number", "phone", "door_number", "address", "tenure", "registration", "residents_n", "hardship",
    "visit_outcome", "visited_on",
)  # fmt: skip
HEATING = (
    "heating_status", "not_heated_reason", "device", "fuel", "house_use", "occupancy", "house_area_m2",
    "heated_area_m2", "rooms_n", "mountain", "demolition_year", "old_stove", "old_stove_on", "remark",
)  # fmt: skip
CONVERSION = (
    "device_code", "batch", "contract_number", "contractor", "account_number", "brand", "model", "serial",
    "signed_on", "installed_on", "connected_on", "first_used_on", "accepted_on", "remark",
)  # fmt: skip
PAYEE = ("holder", "account", "bank", "relation", "relation_other", "on_day")
SIGHTING = ("place", "amount_t", "location", "remark")
COAL = ("coal_t", "price_yuan_per_t", "coal_source", "stock_t", "observed_on")
HIDDEN_DIGITS = 8


@dataclass(frozen=True)
class Event:
    """A conversion or a season's coal use, with its facts."""

    id: str
    title: str
    facts: tuple[Fact, ...]
    pending: bool


@dataclass(frozen=True)
class HouseholdState:
    """What the page shows; `gone` in words once the household left the register. `zone_words` say
    what the zone means, or that there is none."""

    title: str
    subtitle: str
    pending: bool
    gone: str
    identity: tuple[Fact, ...]
    heating: tuple[Fact, ...]
    conversions: tuple[Event, ...]
    coal: tuple[Event, ...]
    records: tuple[RecordLine, ...]
    conflicts: tuple[Difference, ...]
    payee: tuple[Fact, ...] = ()
    money: MoneyTold = NO_MONEY
    zone: tuple[Fact, ...] = ()
    zone_words: tuple[str, ...] = ()
    sightings: tuple[Event, ...] = ()


class HouseholdPresenter:
    """Intents: record a conversion, a visit, correct the household, correct one of my records."""

    def __init__(self, desk: Desk, household: str) -> None:
        self._desk = desk
        # An id that was merged into another home opens that one; what is begun here is about that one.
        shown = desk.replica.entity("household", household)
        self._id = shown.id if shown else household
        self._words = Vocabulary(desk)

    def convert(self) -> str:
        """Begin a conversion; the draft's id."""
        return drafting.start_conversion(self._desk, self._village(), self._id)

    def progress(self, conversion: str) -> str:
        """A conversion has advanced: the same form again, prefilled; the draft's id."""
        return drafting.start_progress(self._desk, self._village(), self._id, conversion)

    def visit(self) -> str:
        """Begin a visit outcome; the draft's id."""
        return drafting.start_visit(self._desk, self._village(), self._id)

    def update(self) -> str:
        """Begin a correction of what is registered; the draft's id."""
        return drafting.start_update(self._desk, self._village(), self._id)

    def payee(self) -> str:
        """Begin the household's payee; the draft's id."""
        return drafting.start_payee(self._desk, self._village(), self._id)

    def sight(self) -> str:
        """Begin a sighting of coal here; the draft's id."""
        return drafting.start_sighting(self._desk, self._village(), self._id)

    def correct(self, submission: str) -> str:
        """Begin a correction of one of my records; the draft's id."""
        return begin_correction(self._desk, submission)

    def discard(self, draft: str) -> str:
        """Throw one of the drafts away; in words why it could not be done."""
        return drafting.discard(self._desk, draft)

    def settle(self, difference: Difference) -> str:
        """Decide an open difference by a new record: a correction where the record is mine, else what is registered
        gone through again, opened at the question; the draft's id."""
        draft = self._settling(difference)
        InterviewPresenter(self._desk, draft, _unseen).decide(difference.id)
        return draft

    def _settling(self, difference: Difference) -> str:
        if self._desk.replica.record(difference.submission) is not None:
            return begin_correction(self._desk, difference.submission)
        if difference.dataset == "conversion":
            return self.progress(difference.entity)
        return self.payee() if difference.dataset == "payee" else self.update()

    def state(self) -> HouseholdState:
        """As of now."""
        desk, say = self._desk, self._desk.say
        shown = desk.replica.entity("household", self._id)
        if shown is None:
            return HouseholdState("", "", False, say("household.gone"), (), (), (), (), self._records(), ())
        conversions = desk.replica.related("conversion", self._id)
        coal = desk.replica.related("coal_use", self._id)
        payees, seen = desk.replica.related("payee", self._id), desk.replica.related("sighting", self._id)
        zone = zone_of(desk, shown.village)
        door = shown.props.get("door_number")
        parts = (
            desk.village(shown.village),
            say("households.door", door=door) if door else say("households.no_door"),
        )
        return HouseholdState(
            title=shown.props.get("head_name") or say("households.nameless"),
            subtitle=" · ".join(part for part in parts if part),
            pending=bool(shown.mine_pending),
            gone="",
            identity=self._facts(shown, IDENTITY),
            heating=self._facts(shown, HEATING),
            conversions=tuple(self._conversion(found) for found in conversions),
            coal=tuple(self._coal(found) for found in coal),
            records=self._records(),
            conflicts=self._conflicts([shown, *conversions, *coal, *payees, *seen]),
            payee=self._facts(payees[0], PAYEE) if payees else (),
            money=money_of(desk, self._id),
            zone=self._zone(shown, zone) if zone else (),
            zone_words=self._zone_words(zone),
            sightings=tuple(self._sighting(found) for found in _latest(seen)),
        )

    def _village(self) -> str:
        shown = self._desk.replica.entity("household", self._id)
        if shown is None:
            raise LookupError(self._desk.say("household.gone"))
        return shown.village

    def _facts(self, shown: Shown, names: tuple[str, ...]) -> tuple[Fact, ...]:
        return tuple(
            Fact(self._words.label(shown.dataset, name), self._value(shown.dataset, name, shown.props[name]))
            for name in names
            if shown.props.get(name)
        )

    def _value(self, dataset: str, name: str, raw: str) -> str:
        if (
            name == "id_number" and len(raw) > HIDDEN_DIGITS
        ):  # shoulder surfing: the page is shown at the door
            return f"{raw[:6]}{'*' * (len(raw) - 10)}{raw[-4:]}"
        return self._words.value(dataset, name, raw)

    def _conversion(self, shown: Shown) -> Event:
        kind = self._words.value("conversion", "kind", shown.props.get("kind", ""))
        return Event(shown.id, kind, self._facts(shown, CONVERSION), bool(shown.mine_pending))

    def _coal(self, shown: Shown) -> Event:
        season = self._desk.say("household.winter", season=shown.props.get("season", ""))
        return Event(shown.id, season, self._facts(shown, COAL), bool(shown.mine_pending))

    def _sighting(self, shown: Shown) -> Event:
        what = self._words.value("sighting", "what", shown.props.get("what", ""))
        title = " · ".join(part for part in (what, shown.props.get("seen_on", "")) if part)
        return Event(shown.id, title, self._facts(shown, SIGHTING), bool(shown.mine_pending))

    def _zone(self, shown: Shown, zone: ZoneTold) -> tuple[Fact, ...]:
        """The zone over the home, the rule, and beside it what is registered of the stove."""
        say, stove = self._desk.say, shown.props.get("old_stove", "")
        words = self._value("household", "old_stove", stove) if stove else say("zone.stove_unknown")
        day = shown.props.get("old_stove_on", "") if stove not in ("", "none") else ""
        told = {
            "zone.name": zone.name,
            "zone.status": " · ".join(part for part in (zone.status, zone.since) if part),
            "zone.document": zone.document,
            "zone.stove": " · ".join(part for part in (words, day) if part),
        }
        return tuple(Fact(say(key), value) for key, value in told.items() if value)

    def _zone_words(self, zone: ZoneTold | None) -> tuple[str, ...]:
        if zone is None:
            return (self._desk.say("zone.none"),)
        if self._id in zone.left_out:
            return (self._desk.say("zone.left_out"),)
        return tuple(text for text in (zone.means, zone.rule, zone.but) if text)

    def _records(self) -> tuple[RecordLine, ...]:
        desk = self._desk
        drafts = [
            draft_line(desk, draft) for draft in desk.replica.drafts() if draft.household_id == self._id
        ]
        return (*drafts, *(record_line(desk, record) for record in desk.replica.records(self._id)))

    def _conflicts(self, entities: list[Shown]) -> tuple[Difference, ...]:
        return tuple(
            difference(self._desk, self._words, shown, conflict)
            for shown in entities
            for conflict in shown.conflicts
        )


def _unseen(_state: InterviewState) -> None:
    """The window is not there yet."""


def _latest(seen: list[Shown]) -> list[Shown]:
    return sorted(seen, key=lambda shown: (shown.props.get("seen_on", ""), shown.id), reverse=True)
