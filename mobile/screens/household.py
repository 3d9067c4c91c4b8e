"""A household, its history, and what can be recorded about it."""

from collections.abc import Callable, Iterator
from functools import partial

from kivy.clock import Clock
from kivy.factory import Factory
from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from mobile.presenters.differences import Difference
from mobile.presenters.household import Event, HouseholdPresenter, HouseholdState
from mobile.screens.sections import (
    RecordTouches,
    difference_card,
    facts_card,
    record_card,
    section,
    words_card,
)
from mobile.screens.station import Station
from mobile.widgets.buttons import button
from mobile.widgets.parts import fill
from mobile.widgets.theme import load

load(__file__)


class HouseholdScreen(Screen):
    """Five actions over the sections."""

    say = ObjectProperty()
    title = StringProperty()
    subtitle = StringProperty()
    notice = StringProperty()

    def __init__(self, station: Station) -> None:
        self._station = station
        self._id = ""
        super().__init__(name="household", say=station.desk.say)

    def show(self, household: str) -> None:
        """Read the replica; another household starts at its top."""
        if household != self._id:
            self.ids.scroller.scroll_y = 1
        self._id = household
        self._presenter = HouseholdPresenter(self._station.desk, household)
        state = self._presenter.state()
        self.title, self.subtitle = state.title, state.subtitle
        self.notice = state.gone or (self.say("household.pending") if state.pending else "")
        fill(self.ids.question, ())
        fill(self.ids.sections, self._sections(state))

    def leave(self) -> None:
        """Nothing to save."""

    def back(self) -> None:
        """To the list."""
        self._station.routes.back()

    def convert(self) -> None:
        """Record a conversion; where there is one already, it may be that one's progress which is meant."""
        known = self._presenter.state().conversions
        if known:
            card = self._which(known)
            fill(self.ids.question, [card])
            Clock.schedule_once(lambda _dt: self.ids.scroller.scroll_to(card, animate=False), 0)
        else:
            self._begin(self._presenter.convert)

    def visit(self) -> None:
        """Record what came of a visit."""
        self._begin(self._presenter.visit)

    def update(self) -> None:
        """Correct what is registered."""
        self._begin(self._presenter.update)

    def payee(self) -> None:
        """Record whose account the money goes to."""
        self._begin(self._presenter.payee)

    def sight(self) -> None:
        """Record coal seen here."""
        self._begin(self._presenter.sight)

    def _discard(self, draft: str) -> None:
        self._station.routes.tell(self._presenter.discard(draft))
        self.show(self._id)
        self._station.routes.refresh()

    def _begin(self, start: Callable[[], str]) -> None:
        self._station.routes.begin(start)

    def _sections(self, state: HouseholdState) -> Iterator[Widget]:
        say = self.say
        if state.conflicts:
            cards = [words_card(say("conflict.how")), *map(self._difference, state.conflicts)]
            yield section(say("household.conflicts"), cards)
        touches = RecordTouches(
            resume=lambda draft: self._station.routes.go("interview", draft=draft),
            open=lambda submission: self._station.routes.go("record", submission=submission),
            correct=lambda submission: self._begin(lambda: self._presenter.correct(submission)),
            discard=self._discard,
        )
        conversions = [self._conversion(event) for event in state.conversions]
        coal = [facts_card(event.title, event.facts) for event in state.coal]
        records = [record_card(line, say, touches) for line in state.records]
        yield section(
            say("household.conversions"), conversions or [words_card(say("household.no_conversions"))]
        )
        yield self._money(state)
        yield self._zone(state)
        if state.sightings:
            seen = [facts_card(event.title, event.facts) for event in state.sightings]
            yield section(say("household.sightings"), seen)
        yield section(say("household.identity"), [facts_card("", state.identity)])
        yield section(say("household.heating"), [facts_card("", state.heating)])
        yield section(say("household.coal"), coal or [words_card(say("household.no_coal"))])
        yield section(say("household.records"), records or [words_card(say("household.no_records"))])

    def _money(self, state: HouseholdState) -> Widget:
        say, money = self.say, state.money
        lines = [*money.lines, *([money.as_of] if money.as_of else [])] or [say("household.no_money")]
        payee = (
            facts_card(say("household.payee"), state.payee)
            if state.payee
            else words_card(say("household.payee_elsewhere" if money.lines else "household.no_payee"))
        )
        return section(say("household.money"), [words_card(*lines, strong=len(money.lines)), payee])

    def _zone(self, state: HouseholdState) -> Widget:
        strong = len(state.zone_words) if state.zone else 0
        cards = [words_card(*state.zone_words, strong=strong)]
        if state.zone:
            cards.append(facts_card("", state.zone))
        return section(self.say("household.zone"), cards)

    def _conversion(self, event: Event) -> Widget:
        progress = button(
            self.say("household.progress"),
            lambda: self._begin(lambda: self._presenter.progress(event.id)),
            strong=True,
        )
        return facts_card(event.title, event.facts, [progress])

    def _which(self, known: tuple[Event, ...]) -> Widget:
        say = self.say
        card = Factory.Card()
        kinds = say("twin.join").join(dict.fromkeys(event.title for event in known))
        card.add_widget(Factory.Words(text=say("household.convert_which", kinds=kinds), bold=True))
        for event in known:
            text = say("household.progress") + (f" · {event.title}" if len(known) > 1 else "")
            card.add_widget(
                button(text, partial(self._begin, partial(self._presenter.progress, event.id)), strong=True)
            )
        card.add_widget(
            button(say("household.convert_another"), partial(self._begin, self._presenter.convert))
        )
        return card

    def _difference(self, difference: Difference) -> Widget:
        return difference_card(
            difference, self.say, lambda: self._begin(lambda: self._presenter.settle(difference))
        )
