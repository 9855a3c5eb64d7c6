"""Numbers as people write them, Danes above all: read exactly, or refused with a sentence; and written again.

Babel reads "64.5" in Danish as 645, and lets NaN and 1e400 through, so neither reading nor writing is left to it.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from flask_babel import gettext as _

from workspace.i18n.formatting import language_code

LONGEST = 40
MOST_DECIMALS = 4
LARGEST = Decimal(10) ** 12
SMALLEST_STEP = Decimal(1).scaleb(-MOST_DECIMALS)

SPACES = re.compile(r"[\s'\u2019]+")
SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2014": "-"})
RANGE = re.compile(r"\d\s*(-|til|to|af|of|ud af|out of|/)\s*\d", re.IGNORECASE)
# The groups of a thousand; the last mark before other than three digits is that of the decimals.
DANISH = re.compile(r"(0|[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,(\d+))?")
POINT = re.compile(r"(\d+)\.(\d+)")
ENGLISH = re.compile(r"([1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?")
AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")


class NotANumber(ValueError):
    """What was typed is no number that can be counted with; the message says what to write instead."""


def parse(text: str, *, unit: str = "") -> Decimal:
    """The number in `text`: "64,5", "64.5", "1.234,5" or "64 %"; `unit` may stand behind it.

    At most four decimals and twelve digits before them; it may be negative. Raises NotANumber.
    """
    if len(text) > LONGEST:
        raise NotANumber(_("Write one number only."))
    if any(unicodedata.category(letter) == "No" and unicodedata.numeric(letter, 1) % 1 for letter in text):
        raise NotANumber(_("Write the number with decimals, for example 0.5."))
    typed = SPACES.sub("", unicodedata.normalize("NFKC", text)).translate(SIGNS)
    if not typed:
        raise NotANumber(_("Write a number."))
    if RANGE.search(typed):
        raise NotANumber(_("Write one number in each field. If it is ‘50 of 70’, there is a field for each."))
    digits = _without_unit(typed, unit)
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
    return sign * _bounded(*_parts(digits, typed))


def written(value: Decimal | int, decimals: int = 0) -> str:
    """ "1.234,5" in Danish, "1,234.5" in English; with so many decimals, halves rounded away from zero."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,.{decimals}f}"
    if not _english():
        text = text.translate({ord(","): ".", ord("."): ","})
    return f"\u2212{text}" if rounded < 0 else text


def typed_again(value: Decimal) -> str:
    """The number as it is put into a field: exactly, without groups and without zeros at the end."""
    text = f"{value.normalize():f}"
    if AMBIGUOUS.fullmatch(text.lstrip("-")):
        text += "0"
    return text if _english() else text.replace(".", ",")


def percent(value: Decimal | int, decimals: int = 0) -> str:
    """ "64 %" with a space that does not break in Danish, "64%" in English; `value` is in per cent."""
    return f"{written(value, decimals)}%" if _english() else f"{written(value, decimals)}\u00a0%"


def _without_unit(typed: str, unit: str) -> str:
    """Without the per cent sign, the unit, or kroner behind it."""
    for ending in ("%", "pct.", "pct", SPACES.sub("", unit), "kr.", "kr", ",-"):
        if ending and len(typed) > len(ending) and typed.casefold().endswith(ending.casefold()):
            return typed[: -len(ending)]
    return typed


def _parts(digits: str, typed: str) -> tuple[str, str]:
    """The digits before and after the decimal mark."""
    if _english() and AMBIGUOUS.fullmatch(digits):
        whole, decimals = re.sub("[.,]", "", digits), f"{digits[:-4]}.{digits[-3:]}0"
        message = _("Write %(whole)s or %(decimals)s, so that it can't be misread.", whole=whole, decimals=decimals)
        raise NotANumber(message)
    for form in (DANISH, POINT, ENGLISH) if digits.isascii() else ():
        if found := form.fullmatch(digits):
            return re.sub(r"[.,]", "", found[1]), found[2] or ""
    if _looks_like_a_power(digits):
        raise NotANumber(_("Write the number out, with digits only."))
    if re.search(r"\d", typed):
        told = re.sub(r"\d+([.,]\d+)*", " ", typed).strip() or typed
        message = _("Write a number, for example 6 or 6.5. We can't calculate with ‘%(words)s’.", words=told)
        raise NotANumber(message)
    raise NotANumber(_("Write a number, for example 6 or 6.5."))


def _bounded(whole: str, decimals: str) -> Decimal:
    decimals = decimals.rstrip("0")
    if len(decimals) > MOST_DECIMALS:
        raise NotANumber(_("Use at most four decimals."))
    number = Decimal(f"{whole}.{decimals or 0}")
    if number >= LARGEST:
        raise NotANumber(_("The number is too large."))
    return number.quantize(SMALLEST_STEP)


def _looks_like_a_power(digits: str) -> bool:
    return re.fullmatch(r"[\d.,]+e[+-]?\d+", digits, re.IGNORECASE) is not None


def _english() -> bool:
    return language_code() == "en"
