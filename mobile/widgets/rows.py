"""Rows of long lists: one Label each, chips drawn from textures made once, so that an old tablet scrolls smoothly."""

from functools import lru_cache
from typing import Any

from kivy.core.text import Label as TextMaker
from kivy.graphics import Color, InstructionGroup, Rectangle, RoundedRectangle
from kivy.graphics.texture import Texture
from kivy.metrics import dp, sp
from kivy.properties import ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.label import Label
from kivy.uix.recycleview import RecycleView
from kivy.utils import escape_markup

from mobile.widgets.theme import COLOURS, ground, ink, load

load(__file__)
CHIP_HEIGHT = 40
CHIP_PADDING = 14


class Row(ButtonBehavior, Label):
    """A name, a detail under it, chips on the right. `touched` is called with the row's key."""

    key = StringProperty()
    name = StringProperty()
    detail = StringProperty()
    aside = StringProperty()
    chips = ListProperty()
    chips_width = NumericProperty(0)
    touched = ObjectProperty(None, allownone=True)

    def __init__(self, **values: Any) -> None:
        self._drawn = InstructionGroup()
        super().__init__(**values)
        self.canvas.after.add(self._drawn)
        self.bind(chips=self._draw, pos=self._draw, size=self._draw)

    def markup_text(self, name: str, detail: str, aside: str) -> str:
        """Two lines in one texture."""
        first = f"[b][size={int(sp(27))}]{escape_markup(name)}[/size][/b]"
        second = f"[color={COLOURS['faint']}]{escape_markup(detail)}[/color]" if detail else ""
        number = f"    [color={COLOURS['accent']}]{escape_markup(aside)}[/color]" if aside else ""
        return f"{first}{number}\n{second}" if second else first + number

    def on_release(self) -> None:
        """Tell whoever listens which row it was."""
        if self.touched:
            self.touched(self.key)

    def _draw(self, *_: object) -> None:
        self._drawn.clear()
        right = self.right - dp(56)
        for words, tone in reversed(self.chips):
            texture = _texture(words, sp(19))
            width = texture.width + 2 * dp(CHIP_PADDING)
            left, bottom = right - width, self.center_y - dp(CHIP_HEIGHT) / 2
            self._drawn.add(Color(*ground(tone)))
            box = RoundedRectangle(
                pos=(left, bottom), size=(width, dp(CHIP_HEIGHT)), radius=[dp(CHIP_HEIGHT) / 2]
            )
            self._drawn.add(box)
            self._drawn.add(Color(*ink(tone)))
            spot = (left + dp(CHIP_PADDING), self.center_y - texture.height / 2)
            self._drawn.add(Rectangle(texture=texture, pos=spot, size=texture.size))
            right = left - dp(10)
        self.chips_width = self.right - right


class RowList(RecycleView):
    """A scrolling list of rows; `data` holds one dictionary of Row's properties for each."""


@lru_cache(maxsize=256)
def _texture(words: str, font_size: float) -> Texture:
    maker = TextMaker(text=words, font_size=font_size, bold=True)
    maker.refresh()
    return maker.texture
