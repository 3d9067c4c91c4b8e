"""The last look over an interview: what is wrong first, each a touch away, then every answer."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kivy.clock import Clock
from kivy.factory import Factory
from kivy.properties import StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile.locale import Say
from mobile.presenters.review import Review, ReviewLine
from mobile.widgets.parts import Pressable
from mobile.widgets.theme import load

load(__file__)
SURE_S = 4  # how long the second tap is waited for


class ReviewRow(ButtonBehavior, BoxLayout):
    """A question and its answer; a touch goes back to it."""

    label = StringProperty()
    value = StringProperty()
    fault = StringProperty()


class DiscardButton(Pressable):
    """Deletes the draft on the second tap; the first one only asks."""

    def __init__(self, say: Say, discard: Callable[[], None], **values: Any) -> None:
        self._say, self._discard, self._asked = say, discard, False
        super().__init__(text=say("review.discard"), **values)

    def on_release(self) -> None:
        """Ask, then do."""
        if self._asked:
            self._discard()
            return
        self._asked, self.text = True, self._say("review.discard_sure")
        Clock.schedule_once(lambda _dt: self._forget(), SURE_S)

    def _forget(self) -> None:
        self._asked, self.text = False, self._say("review.discard")


def review_widgets(
    review: Review, say: Say, go_to: Callable[[str], None], discard: Callable[[], None]
) -> Iterator[Widget]:
    """The headline, the faults, what people differ on, a card for each page, and the way to throw it all away."""
    yield Factory.Banner(text=review.headline, tone="safe" if review.ready else "rejected")
    if review.faults:
        yield _card(review.faults, go_to)
    if review.disputed:
        yield Factory.Banner(text=say("review.disputed", n=len(review.disputed)), tone="conflict")
        yield _card(review.disputed, go_to)
    for title, lines in review.groups:
        yield _card(lines, go_to, Factory.Words(text=title, bold=True, font_size="24sp"))
    yield DiscardButton(say, discard)


def _card(lines: Iterable[ReviewLine], go_to: Callable[[str], None], *heading: Widget) -> Widget:
    card = Factory.Card(spacing=0)
    for widget in (*heading, *(_row(line, go_to) for line in lines)):
        card.add_widget(widget)
    return card


def _row(line: ReviewLine, go_to: Callable[[str], None]) -> Widget:
    row = ReviewRow(label=line.label, value=line.value, fault=line.fault)
    row.bind(on_release=lambda _row: go_to(line.path))
    return row
