"""Small pictures that stand in for a file: WebP, without any metadata."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from workspace.files.inspection.limits import LARGEST_SMALL_PREVIEW
from workspace.files.inspection.outcome import PREVIEW_SIZES

SMALL = PREVIEW_SIZES[0]
QUALITIES = (80, 70, 60, 50, 40, 30, 20)
LONGEST_PROFILE = 4096  # a phone's takes up 600 bytes, a printer's half a megabyte


def save_previews(picture: Image.Image, into: Path, profile: bytes = b"") -> None:
    """Write one preview of each size; never larger than the picture itself."""
    kept = profile if len(profile) <= LONGEST_PROFILE else b""
    shrunk = picture
    for size in reversed(PREVIEW_SIZES):
        shrunk = _shrink(shrunk, size)
        (into / f"{size}.webp").write_bytes(_small(shrunk, kept) if size == SMALL else _encoded(shrunk, 80, kept))


def _shrink(picture: Image.Image, size: int) -> Image.Image:
    """A copy with `size` pixels on the longer side at most."""
    ratio = min(1.0, size / max(picture.size))
    width, height = (max(1, round(side * ratio)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _small(picture: Image.Image, profile: bytes) -> bytes:
    """The picture in 30 kB at most: with less quality, and where that is not enough, with fewer pixels."""
    while True:
        for quality in QUALITIES:
            if len(encoded := _encoded(picture, quality, profile)) <= LARGEST_SMALL_PREVIEW:
                return encoded
        picture = _shrink(picture, max(picture.size) * 2 // 3)


def _encoded(picture: Image.Image, quality: int, profile: bytes) -> bytes:
    file = BytesIO()
    picture.save(file, "WEBP", quality=quality, method=4, icc_profile=profile, exif=b"", xmp=b"")
    return file.getvalue()
