"""Sections several screens share: cards of facts, of records, and of open differences."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kivy.factory import Factory
from kivy.metrics import dp
from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.widget import Widget

from mobile.locale import Say
from mobile.presenters.differences import Difference
from mobile.presenters.outbox import RecordLine
from mobile.presenters.record import Fact
from mobile.screens.review import DiscardButton
from mobile.widgets.buttons import button
from mobile.widgets.parts import chip_label, fill
from mobile.widgets.theme import load

load(__file__)
TWO_COLUMNS_DP = 820


class FactGrid(GridLayout):
    """Labels and values, two columns of pairs where there is room."""

    def on_width(self, _self: Widget, width: float) -> None:
        """As many columns as fit."""
        self.cols = 2 if width > dp(TWO_COLUMNS_DP) else 1


class FactPair(BoxLayout):
    """A label over nothing, its value beside it."""

    label = StringProperty()
    value = StringProperty()


class DifferenceCard(BoxLayout):
    """Base, theirs and mine under each other."""

    label = StringProperty()
    base = StringProperty()
    mine = StringProperty()
    theirs = StringProperty()
    by = StringProperty()
    base_label = StringProperty()
    mine_label = StringProperty()
    theirs_label = StringProperty()


class RecordCard(BoxLayout):
    """A record or draft with its state and what can be done about it."""

    title = StringProperty()
    detail = StringProperty()
    explain = StringProperty()


@dataclass(frozen=True)
class RecordTouches:
    """What touching a record's buttons does."""

    resume: Callable[[str], None]
    open: Callable[[str], None]
    correct: Callable[[str], None]
    discard: Callable[[str], None]


def section(title: str, widgets: Iterable[Widget]) -> Widget:
    """A heading over its cards."""
    column = Factory.Column(spacing=dp(12))
    column.add_widget(Factory.Heading(text=title))
    for widget in widgets:
        column.add_widget(widget)
    return column


def facts_card(title: str, facts: Sequence[Fact], buttons: Sequence[Widget] = ()) -> Widget:
    """Facts on a card, with a title where the section's own is not enough."""
    card = Factory.Card()
    if title:
        card.add_widget(Factory.Words(text=title, bold=True, font_size="24sp"))
    grid = FactGrid()
    fill(grid, (FactPair(label=fact.label, value=fact.value) for fact in facts))
    card.add_widget(grid)
    for each in buttons:
        card.add_widget(each)
    return card


def words_card(*texts: str, strong: int = 0) -> Widget:
    """Sentences, the first `strong` of them in ink; faint is what is said where there is nothing to list."""
    card = Factory.Card()
    for number, text in enumerate(texts):
        card.add_widget(Factory.Words(text=text) if number < strong else Factory.Faint(text=text))
    return card


def difference_card(difference: Difference, say: Say, settle: Callable[[], None] | None = None) -> Widget:
    """What people differ on, and the way to settle it."""
    card = DifferenceCard(
        label=difference.label,
        base=difference.base,
        mine=difference.mine,
        theirs=difference.theirs,
        by=difference.by,
        base_label=say("conflict.base"),
        mine_label=say("conflict.mine"),
        theirs_label=say("conflict.theirs"),
    )
    if difference.decided:
        card.ids.sheet.add_widget(Factory.Words(text=say("conflict.waits"), bold=True))
    elif settle:
        card.ids.sheet.add_widget(button(say("conflict.settle"), settle, strong=True))
    return card


def record_card(line: RecordLine, say: Say, touched: RecordTouches) -> Widget:
    """A record or draft."""
    card = RecordCard(title=line.title, detail=line.detail, explain=line.explain)
    card.ids.state.add_widget(chip_label(line.chip))
    buttons: BoxLayout = card.ids.buttons
    if line.draft:
        buttons.add_widget(DiscardButton(say, lambda: touched.discard(line.draft)))
        buttons.add_widget(button(say("outbox.continue"), lambda: touched.resume(line.draft), strong=True))
    else:
        buttons.add_widget(button(say("outbox.open"), lambda: touched.open(line.submission)))
        strong = line.chip.tone in ("conflict", "rejected")
        buttons.add_widget(
            button(say("outbox.correct"), lambda: touched.correct(line.submission), strong=strong)
        )
    return card
