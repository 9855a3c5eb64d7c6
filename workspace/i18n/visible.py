"""Text without what nobody sees: it would tell apart what looks the same."""

import unicodedata


def visible(text: str) -> str:
    """`text` in composed letters (NFC), without invisible characters (Unicode's Cf) and without space around it.

    Copying from a mail, a table or a web page brings along zero-width spaces, soft hyphens, byte order marks, and marks
    of direction.
    """
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFC", seen).strip()
