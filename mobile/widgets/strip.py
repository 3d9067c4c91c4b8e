"""The status strip: in sight on every screen."""

from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from mobile.presenters.strip import StripState
from mobile.widgets.theme import load

load(__file__)


class Strip(BoxLayout):
    """Copies a StripState to its labels."""

    words = StringProperty()
    tone = StringProperty("plain")
    sign = StringProperty()
    detail = StringProperty()
    mark = StringProperty()

    def show(self, state: StripState, mark: str) -> None:
        """`mark` is the word for synthetic data, shown only where the county is synthetic."""
        self.words, self.tone = state.text, state.tone
        self.sign = {"safe": "✓", "waiting": "↑", "draft": "◐"}.get(state.tone, "")
        self.detail = " · ".join(part for part in (state.detail, state.warning) if part)
        self.mark = mark if state.synthetic else ""
