"""A button as wide as its words."""

from collections.abc import Callable

from kivy.metrics import dp

from mobile.widgets.parts import Pressable, breadth
from mobile.widgets.theme import colour, target


def button(text: str, pressed: Callable[[], None], *, strong: bool = False) -> Pressable:
    """The strong one is what we expect to be touched."""
    made = Pressable(text=text, size_hint_x=None, width=max(target() * 1.8, breadth(text) + dp(48)))
    if strong:
        made.ground_colour, made.ink_colour = colour("accent"), colour("on_accent")
        made.down_colour = colour("accent_down")
    made.bind(on_release=lambda _button: pressed())
    return made
