"""One month on a sheet, weeks beginning on Monday as Chinese calendars do."""

import calendar
from collections.abc import Callable
from datetime import date
from typing import Any

from kivy.metrics import dp
from kivy.properties import ListProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.label import Label
from kivy.uix.modalview import ModalView
from kivy.uix.widget import Widget

from mobile.locale import Say
from mobile.widgets.parts import Pressable, fill
from mobile.widgets.theme import colour, load, target

load(__file__)


class WeekdayNames(BoxLayout):
    """Monday to Sunday."""

    names = ListProperty()

    def on_names(self, _self: Widget, names: list[str]) -> None:
        """One column each."""
        fill(self, (Label(text=name, color=colour("faint"), font_size="20sp") for name in names))


class CalendarPicker(ModalView):
    """Calls `picked` with the date touched and closes."""

    def __init__(self, start: date, say: Say, picked: Callable[[date], None], **values: Any) -> None:
        super().__init__(size_hint=(None, None), **values)
        self.size = (target() * 7 + dp(96), target() * 8 + dp(120))
        self._say, self._picked, self._chosen = say, picked, start
        self._month = start.replace(day=1)
        self.ids.weekdays.names = say("calendar.weekdays").split()
        self._draw()

    def turn(self, months: int) -> None:
        """Another month; twelve are a year."""
        number = self._month.year * 12 + self._month.month - 1 + months
        self._month = date(number // 12, number % 12 + 1, 1)
        self._draw()

    def _draw(self) -> None:
        self.ids.month.text = self._say("calendar.month", year=self._month.year, month=self._month.month)
        weeks = calendar.Calendar().monthdatescalendar(self._month.year, self._month.month)
        grid: GridLayout = self.ids.days
        fill(grid, (self._day(day) for week in weeks for day in week))

    def _day(self, day: date) -> Widget:
        if day.month != self._month.month:
            return BoxLayout(size_hint_y=None, height=target())
        button = Pressable(text=str(day.day))
        button.edge_colour = colour("card")
        if day == self._chosen:
            button.ground_colour, button.ink_colour = colour("accent"), colour("on_accent")
        button.bind(on_release=lambda _button: self._take(day))
        return button

    def _take(self, day: date) -> None:
        self.dismiss()
        self._picked(day)
