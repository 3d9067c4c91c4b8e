"""An interview: a page of questions, and before submitting a look over everything.

Cards are kept by path from answer to answer, so that typing and the on-screen keyboard are never interrupted.
"""

from collections.abc import Callable
from contextlib import suppress

from kivy.clock import Clock
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen

from mobile.presenters.interview import InterviewPresenter, InterviewState
from mobile.presenters.photos import Shot, photo_told
from mobile.presenters.twins import Twin
from mobile.screens.review import review_widgets
from mobile.screens.station import Station
from mobile.screens.twins import TwinTouches, twin_widgets
from mobile.widgets.actions import Actions
from mobile.widgets.parts import fill
from mobile.widgets.question import QuestionCard, key
from mobile.widgets.theme import load

load(__file__)


class InterviewScreen(Screen):
    """Page, progress, previous and next."""

    say = ObjectProperty()
    title = StringProperty()
    subject = StringProperty()
    page_title = StringProperty()
    page = StringProperty()
    progress = NumericProperty(0)
    saved = StringProperty()
    problem = StringProperty()
    behind = StringProperty()
    first = BooleanProperty(True)
    last = BooleanProperty(False)
    reviewing = BooleanProperty(False)
    ready = BooleanProperty(False)

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter: InterviewPresenter | None = None
        self._cards: dict[tuple[str, str, bool], QuestionCard] = {}
        self._place: tuple[bool, int] = (False, -1)
        self._draft = self._sought = ""
        self._photographing: list[str] = []  # the draft of each photo that is being taken
        self._twins: tuple[Twin, ...] = ()
        self._actions = Actions(
            answer=self._answer,
            add=self._add,
            remove=self._remove,
            locate=station.locate,
            photograph=self._photograph,
            photo=lambda answer: photo_told(station.desk, answer),
            has_camera=station.has_camera,
            today=station.desk.today,
            say=station.desk.say,
        )
        super().__init__(name="interview", say=station.desk.say)
        # The window keeps no button that is not in it.
        self._buttons = (self.ids.previous.__self__, self.ids.past.__self__, self.ids.next.__self__)
        fill(self.ids.bar, (self.ids.previous, self.ids.next))

    def show(self, draft: str) -> None:
        """Open a draft where it was left."""
        self._cards, self._place, self._twins, self._draft = {}, (False, -1), (), draft
        self._presenter = InterviewPresenter(self._station.desk, draft, self._copy)
        state = self._presenter.state
        self._sought = next((asked.shown.path for asked in state.asked if asked.disputed), "")
        self._copy(state)

    def leave(self) -> None:
        """What is being typed is saved; after that the fields, wherever their focus goes, say nothing any more."""
        self._flush()
        self._presenter = None

    def back(self) -> None:
        """Leave; the draft waits, unless there is nothing in it and no photo is on its way into it."""
        self._flush()
        if self._presenter and self._draft not in self._photographing:
            self._presenter.put_away()
        self._station.routes.back()

    def previous(self) -> None:
        """A page back."""
        self._flush()
        if self._presenter:
            self._presenter.previous()

    def next(self) -> None:
        """A page on; from the last look, submit."""
        self._flush()
        if self._presenter and self.reviewing:
            self._presenter.submit()
        elif self._presenter:
            self._presenter.next()

    def mend(self) -> None:
        """Back to what is wrong on the page just turned."""
        self._flush()
        if self._presenter:
            self._presenter.mend()
            wrong = (asked.shown.path for asked in self._presenter.state.asked if asked.fault)
            self._sought = next(wrong, "")
            self._bring_into_sight()

    def look_over(self) -> None:
        """Past the pages that follow."""
        self._flush()
        if self._presenter:
            self._presenter.look_over()

    def _flush(self) -> None:
        for card in tuple(self._cards.values()):
            card.flush()

    def _answer(self, path: str, value: str, settled: bool) -> None:
        if self._presenter:
            self._presenter.answer(path, value, settled=settled)

    def _photograph(self, path: str, done: Callable[[], None]) -> None:
        """The photo belongs to the interview it was begun in, also when that has been left: a camera is another app,
        and puts this one to sleep."""
        begun = self._draft
        self._photographing.append(begun)

        def taken(shot: Shot | None) -> None:
            self._photographing.remove(begun)
            if shot is not None:
                self._keep(begun, path, shot)
            done()

        self._station.photograph(taken)

    def _keep(self, draft: str, path: str, shot: Shot) -> None:
        asking = self._presenter if self._draft == draft else None
        with suppress(LookupError):  # submitted or thrown away meanwhile
            (asking or InterviewPresenter(self._station.desk, draft, _unseen)).photo(path, shot)

    def _add(self, path: str) -> None:
        if self._presenter:
            self._presenter.add(path)

    def _remove(self, path: str, index: int) -> None:
        if self._presenter:
            self._presenter.remove(path, index)

    def _discard(self) -> None:
        if self._presenter:
            self._presenter.discard()

    def _go_to(self, path: str) -> None:
        self._sought = path
        if self._presenter:
            self._presenter.go_to(path)

    def _another(self, household: str) -> None:
        if self._presenter:
            self._presenter.another(household)

    def _open_instead(self, household: str, keep: bool) -> None:
        self._flush()
        if self._presenter:
            self._presenter.open_instead(household, keep=keep)

    def _copy(self, state: InterviewState) -> None:
        if state.opened:
            self._station.routes.back()
            self._station.routes.go("household", household=state.opened)
            return
        if state.submitted or state.discarded:
            self._station.routes.tell(self.say("interview.submitted") if state.submitted else "")
            self._station.routes.back()
            return
        self.title, self.subject, self.page_title = state.title, state.subject, state.page_title
        self.page = "" if state.review else self.say("interview.page", n=state.page_n, of=state.pages_n)
        self.progress, self.saved, self.problem = state.progress, state.saved, state.problem
        self.behind = state.behind
        self.first = state.page_n == 1 and not state.review
        self.last = state.page_n == state.pages_n
        self.reviewing, self.ready = state.review is not None, bool(state.review and state.review.ready)
        self._offer_to_look_over(
            not (state.review or self.last) and any(each.disputed for each in state.asked)
        )
        self._warn(state)
        self._lay_out(state)
        place = (self.reviewing, state.page_n)
        if place != self._place:
            self._place = place
            self.ids.scroller.scroll_y = 1
            self._bring_into_sight()
        self._station.routes.refresh()

    def _warn(self, state: InterviewState) -> None:
        """Cards of homes that may be this one stand over the questions; they are not made anew at every answer, or a
        button asking for a second tap would forget the first."""
        if state.twins == self._twins and bool(self.ids.twins.children) == bool(state.twins):
            return
        if state.twins and not self._twins:
            self.ids.scroller.scroll_y = 1
        self._twins = state.twins
        touches = TwinTouches(open=self._open_instead, another=self._another)
        fill(self.ids.twins, twin_widgets(state.twins, self.say, touches))

    def _offer_to_look_over(self, deciding: bool) -> None:
        """What people differ on is on this page: no need to turn all those that follow."""
        previous, past, next = self._buttons
        shown = [*(() if deciding and self.first else (previous,)), *((past,) if deciding else ()), next]
        if shown != self.ids.bar.children[::-1]:
            fill(self.ids.bar, shown)

    def _bring_into_sight(self) -> None:
        """The question one came for, once the page is laid out; a page turned is read from its top."""
        path, self._sought = self._sought, ""
        card = next((card for (each, *_), card in self._cards.items() if each == path), None)
        if card:
            Clock.schedule_once(lambda _dt: self.ids.scroller.scroll_to(card, animate=False), 0)

    def _lay_out(self, state: InterviewState) -> None:
        if state.review:
            self._cards = {}
            fill(self.ids.questions, review_widgets(state.review, self.say, self._go_to, self._discard))
            return
        cards: dict[tuple[str, str, bool], QuestionCard] = {}
        before, after_heading = "", False
        for asked in state.asked:
            inner = " · ".join(asked.shown.group[1:])
            section = inner if inner != before else ""
            before = inner
            if after_heading:  # the row of a repeat's item is the heading already
                section = ""
            after_heading = asked.shown.type == "repeat"
            card = self._cards.get(key(asked))
            if card:
                card.show(asked, section)
            cards[key(asked)] = card or QuestionCard(asked, section, self._actions)
        if list(cards) != list(self._cards):
            fill(self.ids.questions, cards.values())
        self._cards = cards


def _unseen(_state: InterviewState) -> None:
    """Nobody is looking at that interview now."""
