"""The two faces the tablet writes with: Simplified Chinese, regular and bold.

Kivy's own font draws Chinese as boxes, and face 0 of the Noto collection is Japanese (other strokes for the same
character), so the SC face is taken out of the collection once and kept beside the build. Apart from everything else
because it is slow (seconds), needs fontTools, and on a packaged tablet has already happened.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FAMILY = "Noto Sans CJK SC"
COLLECTIONS = {"regular": "NotoSansCJK-Regular.ttc", "bold": "NotoSansCJK-Bold.ttc"}
PACKAGED = Path(__file__).parent / "faces"
BUILT = Path(__file__).parent.parent.parent / ".build" / "fonts"
SYSTEM_FOLDERS = tuple(
    Path(root) / "share" / "fonts" / "opentype" / "noto" for root in (sys.prefix, "/usr", "/usr/local")
)


class FontsMissing(Exception):
    """No Chinese font can be had; the message says what to install."""


@dataclass(frozen=True)
class Faces:
    """Paths of the two font files."""

    regular: Path
    bold: Path


def faces(built: Path = BUILT, folders: Iterable[Path] = SYSTEM_FOLDERS) -> Faces:
    """The faces packaged with the app, else those built before, else built now. Raises FontsMissing."""
    found = {weight: _face(weight, built, tuple(folders)) for weight in COLLECTIONS}
    return Faces(regular=found["regular"], bold=found["bold"])


def _face(weight: str, built: Path, folders: tuple[Path, ...]) -> Path:
    name = f"NotoSansSC-{weight}.otf"
    for folder in (PACKAGED, built):
        if (folder / name).is_file():
            return folder / name
    for folder in folders:
        collection = folder / COLLECTIONS[weight]
        if collection.is_file():
            return extract(collection, built / name)
    raise FontsMissing(
        "找不到中文字体 Noto Sans CJK。请安装系统软件包 fonts-noto-cjk 后重新打开。"
        " (Install the system package fonts-noto-cjk and start again.)"
    )


def extract(collection: Path, target: Path) -> Path:
    """Write the Simplified Chinese face of a .ttc to `target`; a kill in between leaves no half file behind."""
    from fontTools.ttLib import TTCollection  # here: only needed on the one start that builds the faces

    target.parent.mkdir(parents=True, exist_ok=True)
    with TTCollection(str(collection), lazy=True) as fonts:
        face = next(font for font in fonts.fonts if font["name"].getDebugName(1) == FAMILY)
        half = target.with_suffix(f".{os.getpid()}.part")
        face.save(str(half))
    half.replace(target)
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{faces()}\n")
