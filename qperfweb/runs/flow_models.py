"""Flow models as people call them."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "btex": "BTEX model",
    "fermi": "Fermi model",
    "2cxm": "two-compartment exchange model",
    "one-compartment": "one-compartment model",
    "patlak": "Patlak model",
    "upslope": "relative upslope, no model",
    "given": "flow maps as received",
}


def model_in_words(code: str) -> str:
    """A flow model as people call it; one that has no name here keeps its code."""
    return _WORDS.get(code, f"model {code}") if code else ""
