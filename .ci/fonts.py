"""Builds the tablet's Chinese faces ahead of its first start, and proves that they can write rare names.

Apart from `mobile.device.fonts`, which does the building, because a missing character must stop the set-up
and not the surveyor.
"""

import sys
from pathlib import Path

from fontTools.ttLib import TTFont

from mobile.device.fonts import FontsMissing, faces

# Characters of real given names and places that many Chinese fonts lack; the last is outside the basic plane.
RARE = "䶮㛃𬍛"


def lacking(font: Path) -> str:
    """Those of RARE that the font has no glyph for."""
    with TTFont(str(font), lazy=True) as face:
        known = face.getBestCmap()
    return "".join(character for character in RARE if ord(character) not in known)


def main() -> int:
    """Builds both faces; 0 when they hold every rare character, else 1 with the reason on standard error."""
    try:
        built = faces()
    except FontsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    faults = [
        f"{font.name}: no glyph for {gaps}" for font in (built.regular, built.bold) if (gaps := lacking(font))
    ]
    sys.stderr.write("".join(f"{fault}; a newer fonts-noto-cjk is needed\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
