"""Pictures: looked at in full, freed from metadata, turned upright, and made smaller."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, JpegImagePlugin

from workspace.files.inspection import containers
from workspace.files.inspection.limits import LONGEST_HEIC_SIDE, LONGEST_SIDE, MOST_PIXELS
from workspace.files.inspection.outcome import PREVIEW_SIZES, FileKind, Refusal, Refused
from workspace.files.inspection.previews import save_previews
from workspace.files.inspection.signatures import Found

ORIENTATION = 0x0112  # a tag of Exif
UPRIGHT = 1
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SERVED = "served"
WHITE = (255, 255, 255)

OPENERS = {
    Found.JPEG: "JPEG",
    Found.PNG: "PNG",
    Found.WEBP: "WEBP",
    Found.GIF: "GIF",
    Found.HEIC: "HEIF",
}
STRIPPED: dict[Found, tuple[FileKind, Callable[[bytes], containers.Stripped]]] = {
    Found.JPEG: (FileKind.JPEG, containers.strip_jpeg),
    Found.PNG: (FileKind.PNG, containers.strip_png),
    Found.WEBP: (FileKind.WEBP, containers.strip_webp),
}


def keep(source: Path, found: Found, into: Path) -> dict[str, object]:
    """Write what is served and its previews. Raises Refused."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # of twice as many Pillow opens none
    if found is Found.HEIC:
        _register_heic()
    try:
        if found in STRIPPED:
            return _stripped(source, found, into)
        with _opened(source, found) as picture:
            return _as_jpeg(picture, into)
    except Image.DecompressionBombError as error:
        raise Refused(Refusal.PIXELS) from error


def _register_heic() -> None:
    """Let Pillow read HEIC, whose decoder is installed apart: its package brings an encoder under the GPL."""
    try:
        import pillow_heif
    except ImportError:
        raise Refused(Refusal.HEIC) from None
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False)


def _opened(path: Path, found: Found) -> Image.Image:
    """The picture, of which only the header has been read."""
    picture = Image.open(path, formats=[OPENERS[found]])
    width, height = picture.size
    if not width or not height:
        raise Refused(Refusal.BROKEN)
    if max(width, height) > LONGEST_SIDE:
        raise Refused(Refusal.PIXELS)
    return picture


def _stripped(source: Path, found: Found, into: Path) -> dict[str, object]:
    """The picture as it came, without its metadata, which Pillow never sees; turned, where it is not upright."""
    kind, strip = STRIPPED[found]
    stripped = strip(source.read_bytes())
    orientation = _orientation(stripped.exif)
    served = into / SERVED
    served.write_bytes(stripped.content)
    with _opened(served if stripped.content else source, found) as picture:
        if orientation in TURNS or not stripped.content:
            return _turned(picture, kind, into, orientation)
        size = picture.size
        picture.draft("RGB", (PREVIEW_SIZES[-1], PREVIEW_SIZES[-1]))  # a JPEG is decoded at a half, a quarter …
        save_previews(_shown(picture), into, _profile(picture))
    return _report(kind, size)


def _orientation(stored: bytes) -> int:
    """How the camera was held, from 1, upright, to 8 (Exif 2.32, 4.6.4). What can't be read is taken for upright."""
    exif = Image.Exif()
    try:
        exif.load(stored)
        return int(exif.get(ORIENTATION, UPRIGHT))
    except Exception:
        return UPRIGHT


def _turned(picture: Image.Image, kind: FileKind, into: Path, orientation: int) -> dict[str, object]:
    """The first frame, upright, encoded as it was."""
    profile, options = _profile(picture), _options(picture, kind)
    picture.load()
    upright = picture.transpose(TURNS[orientation]) if orientation in TURNS else picture.copy()
    upright.info.clear()
    upright.save(into / SERVED, kind.name, icc_profile=profile, **options)
    save_previews(_shown(upright), into, profile)
    return _report(kind, upright.size)


def _options(picture: Image.Image, kind: FileKind) -> dict[str, Any]:
    """How it is encoded once more, losing as little as possible."""
    if kind is FileKind.JPEG:
        assert isinstance(picture, JpegImagePlugin.JpegImageFile)  # noqa: S101 (for the type checker)
        sampling = JpegImagePlugin.get_sampling(picture)
        return {"qtables": picture.quantization, "subsampling": max(sampling, 0), "optimize": True}
    return {"optimize": False} if kind is FileKind.PNG else {"quality": 90, "method": 4}


def _as_jpeg(picture: Image.Image, into: Path) -> dict[str, object]:
    """A JPEG of the first frame of what browsers can't show, or should not move."""
    profile = _profile(picture)
    picture.load()
    shrunk = picture
    if max(picture.size) > LONGEST_HEIC_SIDE:
        shrunk = picture.copy()
        shrunk.thumbnail((LONGEST_HEIC_SIDE, LONGEST_HEIC_SIDE), Image.Resampling.LANCZOS)
    flat = _flat(_shown(shrunk))
    flat.save(into / SERVED, "JPEG", quality=88, optimize=True, progressive=True, icc_profile=profile)
    save_previews(flat, into, profile)
    return _report(FileKind.JPEG, flat.size)


def _shown(picture: Image.Image) -> Image.Image:
    """As RGB, with transparency where it has any."""
    picture.load()
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = picture.has_transparency_data
    shown = picture.convert("RGBA" if has_alpha else "RGB")
    shown.info.clear()
    return shown


def _flat(picture: Image.Image) -> Image.Image:
    """On white, where it is transparent."""
    if picture.mode != "RGBA":
        return picture
    flat = Image.new("RGB", picture.size, WHITE)
    flat.paste(picture, mask=picture)
    return flat


def _profile(picture: Image.Image) -> bytes:
    """Its colour profile, unless that is none (ICC.1:2022, 7.2)."""
    return containers.checked_profile(picture.info.get("icc_profile") or b"")


def _report(kind: FileKind, size: tuple[int, int]) -> dict[str, object]:
    return {"kind": kind, "width": size[0], "height": size[1]}
