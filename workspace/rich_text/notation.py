"""What HTML says by mark-up that is not kept, written in letters: raised figures, struck words, numbering."""

_SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_ORDINAL_ENDINGS = {"st", "nd", "rd", "th"}
_ROMAN = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def superscript(text: str) -> str:
    """`text` raised: 10⁶, x^a."""
    return text if text in _ORDINAL_ENDINGS else _shifted(text, _SUPERSCRIPTS, "^")


def subscript(text: str) -> str:
    """`text` lowered: CO₂, H_max."""
    return _shifted(text, _SUBSCRIPTS, "_")


def _shifted(text: str, table: dict[int, int], sign: str) -> str:
    if all(ord(letter) in table or letter.isspace() for letter in text):
        return text.translate(table)
    if not any(letter.isalnum() for letter in text):
        return text  # ®, ™ and °
    return sign + (text if text.isalnum() else f"({text})")


def footnote(text: str) -> str:
    """The mark of a footnote, which never joins the word before it: [1]."""
    return text if text.startswith("[") else f"[{text}]"


def struck(text: str) -> str:
    """`text` as it is struck out in chats: ~~12 kr.~~, without the spaces around it."""
    words = text.strip()
    return text.replace(words, f"~~{words}~~") if words else text


def numbering(kind: str, number: int) -> str:
    """The sign of item `number` of a list whose `type` attribute is `kind`: 5., a., iv."""
    sign = str(number)
    if kind in ("a", "A") and 1 <= number <= 26:
        sign = chr(ord(kind) + number - 1)
    elif kind in ("i", "I") and 1 <= number < 90:
        sign = _roman(number) if kind == "i" else _roman(number).upper()
    return f"{sign}. "


def _roman(number: int) -> str:
    for value, sign in _ROMAN:
        if number >= value:
            return sign + _roman(number - value)
    return ""


def picture(alt: str) -> str:
    """What stands for a picture: the character that it shows, if it is an emoji, and otherwise nothing."""
    return alt if len(alt) <= 8 and not any(letter.isalnum() for letter in alt) and not alt.isascii() else ""


def checkbox(checked: bool) -> str:
    """A box that is ticked or not."""
    return "☑ " if checked else "☐ "
