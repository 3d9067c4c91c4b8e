"""Running text that breaks where Chinese breaks: anywhere between characters, but never before a closing mark.

Kivy breaks at spaces and otherwise wherever the line is full, so a full stop may open a line, and a long Chinese
sentence after a space leaves half a line empty. Here the lines are made before Kivy sees them.
"""

import re
from functools import lru_cache

from kivy.core.text import Label as TextMaker
from kivy.uix.label import Label

NEVER_FIRST = frozenset("，。、；：！？）》」』”’…·%％")
NEVER_LAST = frozenset("（《「『“‘")
_PIECES = re.compile(r"[!-~]+ *|.", re.DOTALL)  # a run of Latin letters, digits and marks stays together


class Words(Label):
    """A label of any number of lines."""

    def texture_update(self, *arguments: object) -> None:
        """Break the text for the width there is, then let Kivy draw it."""
        width = self.text_size[0]
        if width and self.text:
            left, _, right, _ = self.padding
            self._label.text = broken(self.text, width - left - right - 1, self.font_size, bool(self.bold))
        super().texture_update(*arguments)


@lru_cache(maxsize=1024)
def broken(text: str, width: float, font_size: float, bold: bool) -> str:
    """The text with line ends so that no line is wider than `width` pixels, unless one piece alone is."""
    return "\n".join(
        line for paragraph in text.split("\n") for line in _lines(paragraph, width, font_size, bold)
    )


def _lines(paragraph: str, width: float, font_size: float, bold: bool) -> list[str]:
    lines: list[list[str]] = [[]]
    used = 0.0
    for piece in _PIECES.findall(paragraph):
        wide = _width(piece.rstrip() or piece, font_size, bold)
        if lines[-1] and used + wide > width:
            carried = _carried(lines[-1], piece)
            lines.append(carried)
            used = sum(_width(part, font_size, bold) for part in carried)
        lines[-1].append(piece)
        used += _width(piece, font_size, bold)
    return ["".join(line).rstrip() for line in lines]


def _carried(line: list[str], piece: str) -> list[str]:
    """What must go down to the next line with `piece`; taken off the line it stood on."""
    carried: list[str] = []
    first = piece
    while len(line) > 1 and (first[0] in NEVER_FIRST or line[-1] in NEVER_LAST):
        first = line.pop()
        carried.insert(0, first)
    return carried


@lru_cache(maxsize=8192)
def _width(piece: str, font_size: float, bold: bool) -> float:
    return float(_maker(font_size, bold).get_extents(piece)[0])


@lru_cache(maxsize=32)
def _maker(font_size: float, bold: bool) -> TextMaker:
    maker = TextMaker(font_size=font_size, bold=bold)
    maker.resolve_font_name()
    return maker
