"""Which of several choices somebody means."""

from collections.abc import Sequence
from string import ascii_lowercase


def meant(text: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice that has this text, or else this letter, in any case, or None."""
    key = _key(text)
    for keys in ([_key(choice) for choice in choices], list(ascii_lowercase[: len(choices)])):
        if key in keys:
            return keys.index(key)
    return None


def _key(text: str) -> str:
    return text.replace("`", "").casefold().strip(" .,()")
