"""A camera's file made fit to travel: upright, at most 1600 pixels, JPEG, without what the camera wrote beside it.

Pillow does it (python-for-android has a recipe); where it is missing, a picture small enough goes as it is. What the
camera noted of place and time is left out: the record says where and when, and under whose responsibility.
"""

from io import BytesIO
from pathlib import Path

from mobile.presenters.photos import Shot
from sync.photos import PHOTO_BYTES_MAX, PHOTO_SIDE_MAX_PX, THUMBNAIL_BYTES_MAX, look

SIDE_MAX_PX = 1_600
SMALL_SIDE_PX = 320
QUALITY, SMALL_QUALITY = 82, 70
FILE_BYTES_MAX = 60_000_000  # of what a camera writes; more is no photo


def develop(path: Path) -> Shot:
    """The photo in a file; empty content where there is none. Raises OSError."""
    if path.stat().st_size > FILE_BYTES_MAX:
        return Shot(b"")
    raw = path.read_bytes()
    found = look(raw)
    if found is None:
        return Shot(b"")
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return Shot(raw if len(raw) <= PHOTO_BYTES_MAX else b"")
    Image.MAX_IMAGE_PIXELS = PHOTO_SIDE_MAX_PX * PHOTO_SIDE_MAX_PX
    try:
        with Image.open(BytesIO(raw)) as opened:
            opened.draft(
                "RGB", (SIDE_MAX_PX, SIDE_MAX_PX)
            )  # a JPEG is then unpacked at a fraction of its size
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Shot(b"")
    upright.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX), Image.Resampling.LANCZOS)
    small = upright.copy()
    small.thumbnail((SMALL_SIDE_PX, SMALL_SIDE_PX), Image.Resampling.LANCZOS)
    tiny = _jpeg(small, SMALL_QUALITY)
    return Shot(_jpeg(upright, QUALITY), tiny if len(tiny) <= THUMBNAIL_BYTES_MAX else b"")


def _jpeg(picture: "object", quality: int) -> bytes:
    from PIL import Image

    assert isinstance(picture, Image.Image), "an opened picture"
    written = BytesIO()
    picture.save(written, "JPEG", quality=quality, optimize=True, progressive=False)
    return written.getvalue()
