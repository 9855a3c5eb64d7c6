"""What becomes of good files: kind, size, upright and small pictures, and no trace of where they were taken."""

from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from tests.files.conftest import Inspect
from tests.files.good_files import GOOD, PROFILE, SECRETS, jpeg, png, scene, webp
from workspace.files.inspection import FileKind, InspectionOutcome
from workspace.files.inspection.limits import LARGEST_SMALL_PREVIEW

pytestmark = pytest.mark.either_database

PICTURES = {"billede.jpg": jpeg, "billede.png": png, "billede.webp": webp}
KEPT_AS_JPEG = {"gif", "heic", "jpg"}


def bytes_kept(outcome: InspectionOutcome) -> list[bytes]:
    assert outcome.served is not None
    return [path.read_bytes() for path in (outcome.served, *outcome.previews.values())]


def is_red(path: Path, corner: tuple[int, int]) -> bool:
    """Whether this corner of the picture, 0 or 1 each way, is the red one."""
    with Image.open(path) as picture:
        width, height = picture.size
        pixel = picture.convert("RGB").getpixel((corner[0] * (width - 1), corner[1] * (height - 1)))
    assert isinstance(pixel, tuple)
    return pixel[0] > 150 and max(pixel[1:]) < 60


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_kept_as_its_kind(name: str, inspect: Inspect) -> None:
    outcome = inspect(name, GOOD[name]())

    ending = name.rpartition(".")[2].lower()
    assert outcome.refusal is None
    assert outcome.kind == (FileKind.JPEG if ending in KEPT_AS_JPEG else FileKind(ending))
    assert outcome.pages == (2 if ending == "pdf" else None)
    if outcome.kind.is_picture:
        assert (outcome.width, outcome.height) == (640, 480)
    assert set(outcome.previews) == ({480, 1600} if outcome.kind.is_picture or ending == "pdf" else set())


@pytest.mark.parametrize("name", [name for name in GOOD if name.endswith(("jpg", "png", "webp", "gif", "HEIC"))])
def test_no_trace_of_the_place_is_left_in_a_picture(name: str, inspect: Inspect) -> None:
    content = GOOD[name]()
    assert any(secret in content for secret in SECRETS), "the sample itself must have what is looked for"

    outcome = inspect(name, content)

    for kept in bytes_kept(outcome):
        assert [secret for secret in SECRETS if secret in kept] == []
        assert b"Exif" not in kept
        assert b"xmpmeta" not in kept
        with Image.open(BytesIO(kept)) as picture:
            assert not picture.getexif()
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "icc_profile", "loop"} | {
                "background",
                "timestamp",
                "duration",
                "progressive",
                "progression",
            }


@pytest.mark.parametrize("name", PICTURES)
def test_an_upright_picture_keeps_its_pixels_and_its_colours(name: str, inspect: Inspect) -> None:
    content = PICTURES[name]()

    outcome = inspect(name, content)

    assert outcome.served is not None
    with Image.open(BytesIO(content)) as before, Image.open(outcome.served) as after:
        assert before.tobytes() == after.tobytes()
        assert after.info["icc_profile"] == PROFILE


CORNERS = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


@pytest.mark.parametrize(
    ("name", "orientation"),
    [
        pytest.param(name, orientation, marks=[pytest.mark.slow] * (name != "billede.jpg" and orientation != 6))
        for name, orientation in product(PICTURES, CORNERS)
    ],
)
def test_a_picture_is_turned_upright(name: str, orientation: int, inspect: Inspect) -> None:
    corner = CORNERS[orientation]
    outcome = inspect(name, PICTURES[name](orientation=orientation))

    assert outcome.served is not None
    assert (outcome.width, outcome.height) == ((480, 640) if orientation > 4 else (640, 480))
    for path in (outcome.served, *outcome.previews.values()):
        assert is_red(path, corner)
        assert [other for other in ((0, 0), (0, 1), (1, 0), (1, 1)) if other != corner and is_red(path, other)] == []


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "billede.jpg")) for name in PICTURES]
)
def test_previews_are_small(name: str, inspect: Inspect) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((2000, 1500), 90) for _ in range(3)])

    outcome = inspect(name, PICTURES[name](picture=noise))

    assert outcome.previews[480].stat().st_size <= LARGEST_SMALL_PREVIEW
    with Image.open(outcome.previews[480]) as small, Image.open(outcome.previews[1600]) as large:
        assert (large.format, large.size) == ("WEBP", (1600, 1200))
        assert small.format == "WEBP"
        assert max(small.size) <= 480


def test_a_small_picture_is_not_made_larger(inspect: Inspect) -> None:
    outcome = inspect("lille.png", png(picture=scene(40, 30)))

    with Image.open(outcome.previews[1600]) as preview:
        assert preview.size == (40, 30)
