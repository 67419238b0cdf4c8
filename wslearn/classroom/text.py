"""Text that strangers wrote, and that a projector shows: nothing invisible, nothing that turns other text around."""

import re
import unicodedata

#: Joiners that Persian, and emoji such as 👩‍🎓, need between two characters.
JOINERS = "\u200c\u200d"
#: Letters and signs that draw nothing: fillers of Hangul, a blank of Braille, a joiner of combining marks, a separator.
BLANK = "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180e"
#: Combining marks on one character: languages need up to 2 after composing, and more of them climb over other lines.
MARKS = 3


def clean(text: str, *, keep: str = "") -> str:
    """Return `text` on one line and composed (NFC), without control, format and other invisible characters.

    Characters that turn the direction of text around are format characters too (Unicode, UAX 9). Those in `keep` stay.
    """
    kept, marks = [], 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category in ("Zs", "Zl", "Zp") or character in "\t\r\n":
            kept.append(" ")
        elif character in keep or not (category[0] == "C" or character in BLANK or marks > MARKS):
            kept.append(character)
    return re.sub(" +", " ", "".join(kept)).strip(f" {keep}")


def key_of(name: str) -> str:
    """Return what two names have in common that people can't tell apart by case, width or spaces."""
    return unicodedata.normalize("NFKC", name).casefold().replace(" ", "")
