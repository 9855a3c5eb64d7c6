"""Numbers as people write them: read exactly, or refused with a sentence that helps."""

from decimal import Decimal

import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from workspace import Workspace
from workspace.i18n import numbers

pytestmark = pytest.mark.either_database

READ = {
    "64,5": "64.5",
    "64.5": "64.5",
    "1.234,5": "1234.5",
    "1.234": "1234",
    "1.234.567": "1234567",
    "1,234,567.5": "1234567.5",
    "0.234": "0.234",
    "0,5": "0.5",
    "64 %": "64",
    "64\u00a0%": "64",
    "64 pct.": "64",
    "1 206": "1206",
    "1'206": "1206",
    "48.500 kr.": "48500",
    "6,5 timer": "6.5",
    "\uff16\uff14\uff0c\uff15": "64.5",
    "\u22127": "-7",
    "-7,25": "-7.25",
    "+7": "7",
    " 007 ": "7",
    "3,5000000": "3.5",
    "999999999999,9999": "999999999999.9999",
}
REFUSED = {
    "": "Write a number",
    "NaN": "Write a number",
    "nan": "Write a number",
    "Infinity": "Write a number",
    "-inf": "Write a number",
    "1e400": "digits only",
    "6E3": "digits only",
    "½": "decimals",
    "1½": "decimals",
    "ca. 60": "ca.",
    "~60": "~",
    "<5": "<",
    "50-70": "each field",
    "50\u201370": "each field",
    "50 til 70": "each field",
    "86 af 126": "each field",
    "86/126": "each field",
    "1.23.4": "Write a number",
    "12.34,5": "Write a number",
    "1,2,3": "Write a number",
    "6,55555": "four decimals",
    "1000000000000": "too large",
    "9" * 41: "one number",
    "\u0666\u0664": "Write a number",
    "tres": "Write a number",
    "6 timer": "timer",
    ",5": "Write a number",
    "5,": "Write a number",
    "--5": "Write a number",
}


@pytest.mark.parametrize("text", READ)
def test_a_number_is_read_exactly(text: str, app: Workspace) -> None:
    with app.test_request_context(), force_locale("da"):
        assert numbers.parse(text, unit="timer") == Decimal(READ[text])


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_number_is_refused_with_a_sentence(text: str, app: Workspace) -> None:
    with app.test_request_context(), force_locale("en"), pytest.raises(numbers.NotANumber, match=REFUSED[text]):
        numbers.parse(text)


def test_a_mark_that_english_readers_may_mean_otherwise_is_asked_about(app: Workspace) -> None:
    with app.test_request_context(), force_locale("da"):
        assert numbers.parse("1,234") == Decimal("1.234")
        assert numbers.parse("1.234") == 1234
    for text in ("1,234", "1.234"):
        with (
            app.test_request_context(),
            force_locale("en"),
            pytest.raises(numbers.NotANumber, match=r"1234 or 1\.2340"),
        ):
            numbers.parse(text)


@pytest.mark.parametrize("language", ["da", "en"])
def test_what_is_written_is_read_again(language: str, app: Workspace) -> None:
    @given(st.decimals(min_value=-(10**11), max_value=10**11, places=4), st.integers(0, 4))
    def holds(value: Decimal, decimals: int) -> None:
        assert numbers.parse(numbers.typed_again(value)) == value
        rounded = round(Decimal(numbers.parse(numbers.typed_again(value))), 4)
        assert rounded == value
        if language == "da":
            shown = numbers.parse(numbers.written(value, decimals))
            assert abs(shown - value) <= Decimal(5).scaleb(-decimals - 1)

    with app.test_request_context(), force_locale(language):
        holds()


def test_numbers_are_written_as_the_reader_writes_them(app: Workspace) -> None:
    with app.test_request_context(), force_locale("da"):
        assert numbers.written(Decimal("1234.55"), 1) == "1.234,6"
        assert numbers.percent(Decimal("64.45"), 1) == "64,5\u00a0%"
        assert numbers.written(Decimal("-0.5")) == "\u22121"
        assert numbers.written(Decimal("-0.04"), 1) == "0,0"
    with app.test_request_context(), force_locale("en"):
        assert numbers.written(Decimal("1234.55"), 1) == "1,234.6"
        assert numbers.percent(64) == "64%"
