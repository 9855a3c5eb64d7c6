"""What becomes of files that mean harm, or are broken: nothing of them runs, nothing leaves the child's limits."""

import resource
from io import BytesIO
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.files.conftest import Inspect
from tests.files.good_files import GOOD, SECRETS
from tests.files.hostile_files import HOSTILE, LONG
from workspace.files.inspection import InspectionOutcome, limits

pytestmark = pytest.mark.either_database


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def most_memory_of_children() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) > 60


# make test takes those of which something must be gone, and every sixth of the others.
IN_MAKE_TEST = ({title for title in HOSTILE if HOSTILE[title].gone} | set(list(HOSTILE)[::6])) - LONG


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, id=title.replace(" ", "-"), marks=[pytest.mark.slow] * (title not in IN_MAKE_TEST))
        for title in HOSTILE
    ],
)
def test_a_hostile_file(title: str, inspect: Inspect) -> None:
    hostile = HOSTILE[title]
    content = hostile.make()
    began, used = monotonic(), seconds_of_children()

    outcome = inspect(hostile.name, content)

    assert (outcome.refusal or outcome.kind) in hostile.outcomes
    assert monotonic() - began < limits.WALL_SECONDS + 10
    assert seconds_of_children() - used < limits.CPU_SECONDS + 2
    assert most_memory_of_children() < limits.MEMORY
    check_what_is_kept(outcome, hostile.gone)


def check_what_is_kept(outcome: InspectionOutcome, gone: bytes) -> None:
    """Previews are what they say; of a picture nothing is left that was not drawn."""
    for size, path in outcome.previews.items():
        with Image.open(BytesIO(path.read_bytes())) as preview:
            preview.load()
            assert (preview.format, max(preview.size) <= size) == ("WEBP", True)
    if outcome.refusal:
        assert (outcome.kind, outcome.served, outcome.previews) == (None, None, {})
        return
    assert outcome.kind is not None
    assert outcome.served is not None
    if outcome.kind.is_picture:
        served = outcome.served.read_bytes()
        with Image.open(BytesIO(served)) as picture:
            picture.load()
            assert getattr(picture, "n_frames", 1) == 1
        for kept in (served, *(path.read_bytes() for path in outcome.previews.values())):
            assert [secret for secret in (*SECRETS, *([gone] if gone else [])) if secret in kept] == []


SAMPLES = {name: make() for name, make in GOOD.items()}
DAMAGES = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
    st.tuples(st.just("flip"), st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
    st.tuples(st.just("swap"), st.floats(0, 1, exclude_max=True), st.integers(1, 2**32 - 1)),
    st.tuples(st.just("double"), st.floats(0, 1, exclude_max=True), st.integers(1, 2000)),
)


def damaged(content: bytes, damage: tuple[str, float, int]) -> bytes:
    """Cut off; with one byte changed; with four bytes, a size perhaps, changed; or with a part of it twice."""
    how, place, by = damage
    at = int(place * len(content))
    if how == "cut":
        return content[:at]
    if how == "flip":
        return content[:at] + bytes((content[at] ^ by,)) + content[at + 1 :]
    if how == "swap":
        return content[:at] + by.to_bytes(4, "big") + content[at + 4 :]
    return content[: at + by] + content[at:]


@pytest.mark.slow
@settings(max_examples=60, derandomize=True)
@given(name=st.sampled_from(list(SAMPLES)), damages=st.lists(DAMAGES, min_size=1, max_size=3))
def test_whatever_is_damaged_ends_as_an_outcome(
    name: str, damages: list[tuple[str, float, int]], inspect: Inspect
) -> None:
    content = SAMPLES[name]
    for damage in damages:
        content = damaged(content, damage) if content else content

    outcome = inspect(name, content)

    assert (outcome.kind is None) != (outcome.refusal is None)
    check_what_is_kept(outcome, b"")
