"""Clean descriptions: the words by which images are told apart stay, everything else goes.

The analysis reads conditions, positions and vendors' own words out of descriptions, so these stay
as they stood, with their separators; a word that is part of the patient's name never does.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pydicom.multival import MultiValue

from analysis.dicom.words import is_known

from .profile import KEPT_WORDS

SHORTEST_NAME = 3
"""Shorter parts of a name are found in too many words to be looked for."""

_BIRTHDAY = re.compile(r"(?<![^\W_])\d{1,2}([\W_]+\d{1,2}(?![^\W_])){2,}")


def cleaned_words(value: Any, names: set[str]) -> Any:
    """Descriptions with their known words only.

    ``SAX_b0`` and ``*tfl2d1`` stay whole. Numbers of more than two digits go, but for the one by
    which ``scale_1000`` says how to read the pixels, and so do three numbers in a row, which may be
    somebody's birthday.

    names: words that must not stay, as ``words_of`` gives them.
    """
    if isinstance(value, MultiValue | list):
        return [cleaned_words(one, names) for one in value]
    text = _BIRTHDAY.sub(" ", str(value or ""))
    kept = re.sub(
        r"[^\W_]+",
        lambda found: (
            found[0] if _is_technical(found[0], names) or _is_scale(text, found.start()) else " "
        ),
        text,
    )
    return re.sub(r"[ ^,;:/]+", " ", kept).strip()[:64]


def words_of(known: tuple[str, ...]) -> set[str]:
    """The single words of names and numbers, as they are compared; very short ones are left out."""
    words = {plain(word) for entry in known for word in (entry, *re.split(r"[\^=\s,]+", entry))}
    return {word for word in words if len(word) >= SHORTEST_NAME}


def plain(text: str) -> str:
    """Lower case without accents; DICOM's separators of names are spaces."""
    decomposed = unicodedata.normalize("NFKD", text.replace("^", " "))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().strip()


def _is_scale(text: str, start: int) -> bool:
    """Is the word at ``start`` the number in Gadgetron's ``scale_1000``?"""
    return re.search(r"(?<![^\W_])scale_$", text[:start], re.I) is not None and (
        re.match(r"\d{1,5}(?![^\W_])", text[start:]) is not None
    )


def _is_technical(chunk: str, names: set[str]) -> bool:
    """Letters and digits without a separator, of which every part says what an image is."""
    if plain(chunk) in names:
        return False
    parts = re.findall(r"[^\W\d_]+|\d+", chunk)
    return all(_says_something(part, alone=len(parts) == 1) for part in parts)


def _says_something(part: str, *, alone: bool) -> bool:
    if part.isdigit():
        return len(part) <= 2
    if part.lower() in KEPT_WORDS or is_known(part) or (len(part) == 1 and not alone):
        return True
    humps = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", part)
    return len(humps) > 1 and all(
        len(hump) == 1 or hump.lower() in KEPT_WORDS or is_known(hump) for hump in humps
    )
