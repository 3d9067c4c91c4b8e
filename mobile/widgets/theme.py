"""The look: colours that hold in sunlight, type large enough at arm's length, targets large enough for gloves.

Contrast of text on its ground is at least 7 : 1 everywhere (a test computes it). Kivy's own grey never shows.
"""

from pathlib import Path
from typing import Protocol

from kivy.clock import Clock
from kivy.core.text import LabelBase
from kivy.core.window import Window
from kivy.lang import Builder
from kivy.metrics import dp
from kivy.utils import get_color_from_hex

# ground, ink; the names are the tones of the presenters' chips.
TONES: dict[str, tuple[str, str]] = {
    "plain": ("#E6EBE8", "#26332E"),
    "draft": ("#DCE7F8", "#153A70"),
    "waiting": ("#FFE4B0", "#5C3000"),
    "safe": ("#CFEFDB", "#06462A"),
    "merged": ("#CDEEF0", "#0A4247"),
    "conflict": ("#F6D9EF", "#651049"),
    "rejected": ("#FFD9D4", "#7A1010"),
    "not_yet": ("#DFE3EA", "#2B3440"),
}
COLOURS = {
    "ground": "#F2F4F0",
    "card": "#FFFFFF",
    "ink": "#10201A",
    "faint": "#42524B",
    "hint": "#5E6E67",
    "line": "#CBD5CF",
    "accent": "#0B5345",
    "accent_down": "#063A30",
    "on_accent": "#FFFFFF",
    "accent_soft": "#DCEFE8",
    "strip": "#0A2E27",
    "on_strip": "#FFFFFF",
    "strip_faint": "#BFE0D5",
    "danger": "#8E1414",
}
TARGET_MM = 12  # a gloved finger
WIDE_DP = 1000  # from here on the window counts as landscape


class FacePaths(Protocol):
    """Files of the two weights."""

    @property
    def regular(self) -> Path: ...

    @property
    def bold(self) -> Path: ...


def colour(name: str) -> list[float]:
    """A named colour as Kivy wants it."""
    return list(get_color_from_hex(COLOURS[name]))


def ground(tone: str) -> list[float]:
    """The ground of a tone."""
    return list(get_color_from_hex(TONES[tone][0]))


def ink(tone: str) -> list[float]:
    """The ink of a tone."""
    return list(get_color_from_hex(TONES[tone][1]))


def target() -> float:
    """Least height of anything to be touched, in pixels: 12 mm, since 160 dp are an inch."""
    return float(dp(TARGET_MM / 25.4 * 160))


def dress(faces: FacePaths) -> None:
    """Register the fonts under Kivy's default name, load the theme's rules, and paint the window's ground."""
    regular, bold = str(faces.regular), str(faces.bold)
    LabelBase.register("Roboto", regular, regular, bold, bold)
    LabelBase.register("data/fonts/Roboto-Regular.ttf", regular, regular, bold, bold)
    Clock.max_iteration = 40  # a card lays itself out in as many steps as it is deep; ten are too few
    Window.clearcolor = colour("ground")
    load(__file__)


def load(module_file: str) -> None:
    """Load the kv of a module's own name, once."""
    path = str(Path(module_file).with_suffix(".kv"))
    if path not in Builder.files:
        Builder.load_file(path, encoding="utf-8")
