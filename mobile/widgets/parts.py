"""Small parts every screen uses: what is pressed, chips, text fields, the bar with title and way back."""

from collections.abc import Iterable
from typing import Any

from kivy.metrics import dp
from kivy.properties import BooleanProperty, ColorProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label
from kivy.uix.scrollview import ScrollView
from kivy.uix.stacklayout import StackLayout
from kivy.uix.textinput import TextInput
from kivy.uix.widget import Widget

from mobile.presenters.states import Chip
from mobile.widgets.icons import IconButton
from mobile.widgets.words import Words


class Pressable(ButtonBehavior, Label):
    """A button drawn by the theme."""

    ground_colour = ColorProperty("#FFFFFF")
    edge_colour = ColorProperty("#0B5345")
    down_colour = ColorProperty("#DCEFE8")
    ink_colour = ColorProperty("#0B5345")


class Card(BoxLayout):
    """A sheet that things stand on."""

    ground_colour = ColorProperty("#FFFFFF")
    edge_colour = ColorProperty("#CBD5CF")


class Banner(Words):
    """A sentence on its tone's ground; without text it takes no room."""

    tone = StringProperty("plain")


class ChipLabel(Label):
    """A state in words, sign and colour."""

    words = StringProperty()
    sign = StringProperty()
    tone = StringProperty("plain")


class Field(TextInput):
    """A line of text. `input_type` is text everywhere: other kinds break Chinese input methods."""

    faulty = BooleanProperty(False)
    edge = NumericProperty(dp(2))  # thickness of the frame


class Scroller(ScrollView):
    """Scrolls its one child, and keeps what is in sight where it is when questions appear or vanish further down."""

    _tall = 0.0
    scroll_y: float

    def add_widget(self, widget: Widget, *arguments: Any, **values: Any) -> None:
        """Watch the child's height."""
        super().add_widget(widget, *arguments, **values)
        self._tall = widget.height
        widget.bind(height=self._keep)

    def convert_distance_to_scroll(self, dx: float, dy: float) -> tuple[float, float]:
        """What fits stays at its top: asked to bring a part of it into sight, Kivy would send it to the bottom."""
        x, y = super().convert_distance_to_scroll(dx, dy)
        return x, y if self._tall > self.height else 0.0

    def _keep(self, _child: Widget, tall: float) -> None:
        hidden_before, hidden = self._tall - self.height, tall - self.height
        above = (1 - self.scroll_y) * max(hidden_before, 0)
        self._tall = tall
        self.scroll_y = 1 - min(above / hidden, 1) if hidden > 0 else 1
        # The effect remembers pixels of the former height; left alone it would swing the page to and fro.
        self.effect_y.velocity = 0
        self.effect_y.value = self.effect_y.max * self.scroll_y


class TitleBar(BoxLayout):
    """Title, subtitle, and the way back."""

    title = StringProperty()
    subtitle = StringProperty()
    can_go_back = BooleanProperty(True)

    def __init__(self, **values: Any) -> None:
        self.register_event_type("on_back")
        super().__init__(**values)

    def on_back(self) -> None:
        """Bound by the screen."""


__all__ = [
    "Banner",
    "Card",
    "ChipLabel",
    "Field",
    "IconButton",
    "Pressable",
    "TitleBar",
    "Words",
]  # kv knows them


def chip_label(chip: Chip) -> ChipLabel:
    """The widget of a chip."""
    return ChipLabel(words=chip.text, sign=chip.sign, tone=chip.tone)


def chip_row(chips: Iterable[Chip]) -> StackLayout:
    """Chips side by side, wrapping where the window is narrow."""
    row = StackLayout(size_hint_y=None, spacing=dp(10))
    row.bind(minimum_height=row.setter("height"))
    for chip in chips:
        row.add_widget(chip_label(chip))
    return row


def breadth(text: str) -> float:
    """Room for a button's words at its largest type: a letter takes about half of what a hanzi takes."""
    return float(sum(dp(28 if ord(sign) > 0x2000 else 16) for sign in text))


def fill(layout: Widget, widgets: Iterable[Widget]) -> None:
    """Put these widgets, and no others, into a layout."""
    layout.clear_widgets()
    for widget in widgets:
        layout.add_widget(widget)
