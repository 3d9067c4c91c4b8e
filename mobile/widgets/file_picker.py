"""Choosing a photo's file on a desktop, which has no camera: folders and pictures, one row each."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.modalview import ModalView

from mobile.locale import Say
from mobile.presenters.photos import size_said
from mobile.widgets.parts import Pressable, fill
from mobile.widgets.theme import colour, load

load(__file__)
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})  # to look for; what a file is, its content says
ROWS = 200


class FileRow(Pressable):
    """A folder or a picture."""


class FilePicker(ModalView):
    """Calls `picked` once: with the file touched, or with None when it is closed without one."""

    say = ObjectProperty()
    folder = StringProperty()
    empty = StringProperty()

    def __init__(
        self, say: Say, picked: Callable[[Path | None], None], start: Path | None = None, **values: Any
    ) -> None:
        super().__init__(say=say, size_hint=(0.92, 0.92), **values)
        self._picked = picked
        self._path: Path | None = None
        self.bind(on_dismiss=lambda _view: self._tell())
        self.look(start or Path.home())

    def look(self, folder: Path) -> None:
        """Show a folder; one that may not be read is empty."""
        self.folder = str(folder)
        rows = list(self._rows(folder))
        self.empty = "" if any(row.text[0] == "▣" for row in rows) else self.say("photo.none_here")
        fill(self.ids.files, rows)
        self.ids.scroller.scroll_y = 1

    def leave(self) -> None:
        """None of them."""
        self.dismiss()

    def _rows(self, folder: Path) -> Iterator[FileRow]:
        if folder.parent != folder:
            yield self._row("↑  ..", lambda: self.look(folder.parent))
        try:
            inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
            folders = [path for path in inside if path.is_dir()]
            pictures = [path for path in inside if path.suffix.lower() in SUFFIXES and path.is_file()]
            sizes = {path: path.stat().st_size for path in pictures}
        except OSError:
            return
        for path in folders[:ROWS]:
            yield self._row(f"▷  {path.name}", partial(self.look, path))
        for path in pictures[:ROWS]:
            said = f"▣  {path.name}  ·  {size_said(self.say, sizes[path])}"
            yield self._row(said, partial(self._choose, path))

    def _row(self, text: str, touched: Callable[[], None]) -> FileRow:
        row = FileRow(
            text=text, ink_colour=colour("ink"), edge_colour=colour("line"), halign="left", bold=False
        )
        row.bind(on_release=lambda _row: touched())
        return row

    def _choose(self, path: Path) -> None:
        self._path = path
        self.dismiss()

    def _tell(self) -> None:
        picked, self._picked = self._picked, _nobody
        picked(self._path)


def _nobody(_path: Path | None) -> None:
    """It has been said already."""
