"""A photo small enough for a card, and the same one filling the window."""

from collections.abc import Callable
from typing import Any

from kivy.properties import StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.image import Image
from kivy.uix.modalview import ModalView

from mobile.presenters.photos import PhotoTold
from mobile.widgets.theme import load

load(__file__)


class Thumbnail(ButtonBehavior, Image):
    """A photo to touch."""

    def __init__(self, source: str, opened: Callable[[], Any], **values: Any) -> None:
        super().__init__(source=source, fit_mode="contain", mipmap=True, **values)
        self._opened = opened

    def on_release(self) -> None:
        """Show it whole."""
        self._opened()


class PhotoView(ModalView):
    """The whole photo; a touch anywhere closes it."""

    source = StringProperty()

    def __init__(self, source: str, **values: Any) -> None:
        super().__init__(size_hint=(0.96, 0.94), **values)
        self.source = source

    def on_touch_down(self, touch: Any) -> bool:
        """Anywhere."""
        self.dismiss()
        return True


class PhotoCard(BoxLayout):
    """A photo of a record beside its words."""

    words = StringProperty()


def photo_card(told: PhotoTold) -> PhotoCard:
    """Where the file is not on this tablet, the words alone."""
    card = PhotoCard(words="  ·  ".join(part for part in (told.size, told.words) if part))
    if told.small:
        card.ids.place.add_widget(Thumbnail(source=told.small, opened=lambda: PhotoView(told.file).open()))
    return card
