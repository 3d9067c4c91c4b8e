"""The few pictures of the navigation, drawn as strokes: no font has them all and no file need travel."""

from typing import Any

from kivy.graphics import Color, InstructionGroup, Line
from kivy.metrics import dp
from kivy.properties import ColorProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.widget import Widget

SIZE_DP = 34
# Strokes in a square of 10 by 10, y upwards.
STROKES: dict[str, tuple[tuple[float, ...], ...]] = {
    "house": ((0, 5, 5, 9.5, 10, 5), (1.5, 3.7, 1.5, 0.5, 8.5, 0.5, 8.5, 3.7), (4, 0.5, 4, 4, 6, 4, 6, 0.5)),
    "records": ((1, 0.5, 1, 9.5, 9, 9.5, 9, 0.5, 1, 0.5), (3, 7, 7, 7), (3, 5, 7, 5), (3, 3, 5.5, 3)),
    "arrows": ((3, 0.5, 3, 9, 0.8, 6.8), (3, 9, 5.2, 6.8), (7, 9.5, 7, 1, 4.8, 3.2), (7, 1, 9.2, 3.2)),
    "back": ((6.5, 0.5, 2, 5, 6.5, 9.5),),
}


class Icon(Widget):
    """A picture by name, in the middle of its widget."""

    kind = StringProperty()
    ink_colour = ColorProperty("#10201A")

    def __init__(self, **values: Any) -> None:
        self._drawn = InstructionGroup()
        super().__init__(**values)
        self.canvas.add(self._drawn)
        self.bind(pos=self._draw, size=self._draw, kind=self._draw, ink_colour=self._draw)

    def _draw(self, *_: object) -> None:
        self._drawn.clear()
        self._drawn.add(Color(*self.ink_colour))
        unit = dp(SIZE_DP) / 10
        left, bottom = self.center_x - unit * 5, self.center_y - unit * 5
        for stroke in STROKES.get(self.kind, ()):
            points = [(left if n % 2 == 0 else bottom) + part * unit for n, part in enumerate(stroke)]
            self._drawn.add(Line(points=points, width=dp(1.8), cap="round", joint="round"))


class IconButton(ButtonBehavior, Icon):
    """A picture to touch."""
