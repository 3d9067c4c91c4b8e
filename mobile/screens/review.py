"""The last look over an interview: what is wrong first, each a touch away, then every answer."""

from collections.abc import Callable, Iterator

from kivy.factory import Factory
from kivy.properties import StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile.locale import Say
from mobile.presenters.review import Review, ReviewLine
from mobile.widgets.theme import load

load(__file__)


class ReviewRow(ButtonBehavior, BoxLayout):
    """A question and its answer; a touch goes back to it."""

    label = StringProperty()
    value = StringProperty()
    fault = StringProperty()


def review_widgets(review: Review, say: Say, go_to: Callable[[str], None]) -> Iterator[Widget]:
    """The headline, the faults, and a card for each page."""
    yield Factory.Banner(text=review.headline, tone="safe" if review.ready else "rejected")
    if review.faults:
        card = Factory.Card(spacing=0)
        for line in review.faults:
            card.add_widget(_row(line, go_to))
        yield card
    for title, lines in review.groups:
        card = Factory.Card(spacing=0)
        card.add_widget(Factory.Words(text=title, bold=True, font_size="24sp"))
        for line in lines:
            card.add_widget(_row(line, go_to))
        yield card


def _row(line: ReviewLine, go_to: Callable[[str], None]) -> Widget:
    row = ReviewRow(label=line.label, value=line.value, fault=line.fault)
    row.bind(on_release=lambda _row: go_to(line.path))
    return row
