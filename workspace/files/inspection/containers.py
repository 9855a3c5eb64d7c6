"""Pictures freed from metadata without being encoded anew: their containers copied, chunk by chunk, into new ones.

Only chunks that decoding needs are copied, and the colour profile. So whatever else there is stays behind: Exif with
the place, XMP, IPTC, comments, a maker's notes, small pictures of the whole, further frames, and what follows the end.
Anything that is not as the formats say raises ValueError, struct.error or zlib.error: the picture is broken.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from workspace.files.inspection.limits import LARGEST_PROFILE
from workspace.files.inspection.outcome import Refusal, Refused

# JPEG: ITU-T T.81, table B.1
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what browsers show
TABLES = (0xC4, 0xDB, 0xDD)  # Huffman, quantisation, restart interval
JFIF = b"JFIF\0\1\2\0\0\1\0\1\0\0"  # square pixels, and no small picture
EXIF_IN_JPEG, PROFILE_IN_JPEG, ADOBE_IN_JPEG = b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"
RESTARTS = range(0xD0, 0xD8)

# PNG: W3C, Portable Network Graphics (third edition), 11
PNG = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"cICP", b"pHYs")

# WebP: RFC 9649, 2.7
WEBP_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP")
EXIF_XMP_ANIMATION, ANIMATION = 0b00001110, 0b00000010


@dataclass(frozen=True)
class Stripped:
    """A picture without metadata, and the Exif that was in it; empty `content` where it is more than one frame."""

    content: bytes
    exif: bytes = b""


def strip_jpeg(content: bytes) -> Stripped:
    """A JPEG with its frame, its tables and its colour profile only."""
    made = bytearray((0xFF, SOI))
    exif = b""
    has_frame = False
    for marker, body, scan in _segments(content):
        if marker in FRAMES:
            has_frame = True
        elif marker == APP0:
            body = JFIF if body.startswith(b"JFIF\0") else b""
        elif marker == APP1:
            if body.startswith(EXIF_IN_JPEG):
                exif = exif or body.removeprefix(EXIF_IN_JPEG)
            body = b""
        elif marker == APP2:
            body = body if body.startswith(PROFILE_IN_JPEG) else b""
        elif marker == APP14:
            body = body[:12] if body.startswith(ADOBE_IN_JPEG) else b""
        elif marker not in (*TABLES, SOS):
            body = b""
        if body:
            made += struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + scan
    if not has_frame:
        raise ValueError("no frame")
    return Stripped(bytes(made + bytes((0xFF, EOI))), exif)


def _segments(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each marker up to the end of the picture, with its segment, and after a scan's header the scan itself."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        while content[at] == 0xFF:  # any number may fill up
            at += 1
        marker = content[at]
        at += 1
        if marker == EOI:
            return
        (length,) = struct.unpack_from(">H", content, at)
        body = content[at + 2 : at + length]
        if len(body) != length - 2:
            raise ValueError("cut off")
        at += length
        end = _end_of_scan(content, at) if marker == SOS else at
        yield marker, body, content[at:end]
        at = end


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker that is not part of a scan stands."""
    while True:
        at = content.index(b"\xff", at)
        if content[at + 1] and content[at + 1] not in RESTARTS and content[at + 1] != 0xFF:
            return at
        at += 1 if content[at + 1] == 0xFF else 2


def strip_png(content: bytes) -> Stripped:
    """A PNG with its still picture and its colours only."""
    made = bytearray(PNG)
    at = len(PNG)
    name, exif = b"", b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(name + body) != check:
            raise ValueError("damaged")
        if name == b"iCCP":
            made += _png_chunk(name, _profile_chunk(body))
        elif name in PNG_CHUNKS:
            made += _png_chunk(name, body)
        elif name == b"eXIf":
            exif = body
        elif not name[0] & 0x20:
            raise ValueError("a chunk that nobody knows, and that it can't be shown without")
        at += 12 + length
    return Stripped(bytes(made), exif)


def _png_chunk(name: bytes, body: bytes) -> bytes:
    if name == b"iCCP" and not body:
        return b""
    return struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))


def _profile_chunk(body: bytes) -> bytes:
    """The colour profile, unpacked within limits, under a name of ours."""
    name, _zero, packed = body.partition(b"\0")
    unpacker = zlib.decompressobj()
    profile = unpacker.decompress(packed[1:], LARGEST_PROFILE + 1)
    if len(profile) > LARGEST_PROFILE:
        raise Refused(Refusal.BOMB)
    profile = checked_profile(profile)
    return b"profile\0\0" + zlib.compress(profile) if profile and name else b""


def strip_webp(content: bytes) -> Stripped:
    """A still WebP with its picture and its colour profile only."""
    (size,) = struct.unpack_from("<I", content, 4)
    end = 8 + size
    if end > len(content):
        raise ValueError("cut off")
    made, exif, is_animated = bytearray(b"WEBP"), b"", False
    at = 12
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + length]
        if len(body) != length:
            raise ValueError("cut off")
        if name == b"VP8X":
            is_animated = bool(body[0] & ANIMATION)
            body = bytes((body[0] & ~EXIF_XMP_ANIMATION,)) + body[1:10]
        elif name == b"EXIF":
            exif = body.removeprefix(EXIF_IN_JPEG)
        if name in WEBP_CHUNKS:
            made += struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)
        at += 8 + length + length % 2
    return Stripped(b"" if is_animated else b"RIFF" + struct.pack("<I", len(made)) + bytes(made), exif)


def checked_profile(profile: bytes) -> bytes:
    """`profile`, or nothing where it is no colour profile (ICC.1:2022, 7.2.9)."""
    return profile if profile[36:40] == b"acsp" and len(profile) <= LARGEST_PROFILE else b""
