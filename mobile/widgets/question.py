"""A question on its card: label, hint, what to answer with, and beside it what is wrong."""

from collections.abc import Callable, Mapping

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile.presenters.interview import Asked
from mobile.widgets.actions import Actions
from mobile.widgets.date_question import DateQuestion
from mobile.widgets.disputed import DisputedValues
from mobile.widgets.geopoint_question import GeopointQuestion
from mobile.widgets.image_question import ImageQuestion
from mobile.widgets.number_question import NumberQuestion
from mobile.widgets.repeat_question import RepeatQuestion
from mobile.widgets.select_multiple_question import SelectMultipleQuestion
from mobile.widgets.select_one_question import SelectOneQuestion
from mobile.widgets.text_question import TextQuestion
from mobile.widgets.theme import load
from mobile.widgets.told_question import ToldQuestion
from survey_forms.interview import Shown

CONTROLS: Mapping[str, Callable[[Shown, Actions], Widget]] = {
    "text": TextQuestion,
    "integer": NumberQuestion,
    "decimal": NumberQuestion,
    "date": DateQuestion,
    "select_one": SelectOneQuestion,
    "select_multiple": SelectMultipleQuestion,
    "geopoint": GeopointQuestion,
    "image": ImageQuestion,
    "note": ToldQuestion,
    "calculate": ToldQuestion,
    "repeat": RepeatQuestion,
    "add_repeat": RepeatQuestion,
}

REPEATS = ("repeat", "add_repeat")
load(__file__)


class QuestionCard(BoxLayout):
    """`section` heads the card where a group inside the page begins; `told` says in words what the answer comes to."""

    section = StringProperty()
    label = StringProperty()
    hint = StringProperty()
    told = StringProperty()
    fault = StringProperty()
    required = StringProperty()
    plain = BooleanProperty(False)
    bold = BooleanProperty(True)

    def __init__(self, asked: Asked, section: str, actions: Actions) -> None:
        super().__init__()
        shown = asked.shown
        self.plain = shown.type in ("note", *REPEATS)
        kind = "calculate" if shown.readonly and shown.type not in REPEATS else shown.type
        self._required = actions.say("interview.required")
        self.control = CONTROLS.get(kind, TextQuestion)(shown, actions)
        self.bold = shown.type != "note"
        self._disputed = DisputedValues(asked.disputed, shown.path, actions) if asked.disputed else None
        if self._disputed:
            self.ids.disputed.add_widget(self._disputed)
        (self.ids.beside if shown.type == "repeat" else self.ids.place).add_widget(self.control)
        self.show(asked, section)

    def show(self, asked: Asked, section: str) -> None:
        """The question as it stands."""
        shown = asked.shown
        self.section, self.label, self.hint = section, shown.label, shown.hint or ""
        self.told, self.fault = asked.told, asked.fault
        self.required = self._required if shown.required and not shown.readonly else ""
        self.control.show(shown, faulty=bool(asked.fault))
        if self._disputed:
            self._disputed.show(shown)

    def flush(self) -> None:
        """Take what was typed and not taken yet."""
        self.control.flush()


def key(asked: Asked) -> tuple[str, str, bool]:
    """A card may be kept for as long as this stays the same."""
    return asked.shown.path, asked.shown.type, bool(asked.shown.readonly)
