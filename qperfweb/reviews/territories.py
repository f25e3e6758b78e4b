"""Which coronary artery a segment counts to: presets by dominance, or segment by segment.

The standard is the AHA's (Cerqueira 2002); arteries of people differ, and a reader who knows the
angiogram may say so. Territories change means and colours, never a segment's own value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analysis.constants import SEGMENT_NAMES, TERRITORY_OF_SEGMENT
from qperfweb.core.errors import Invalid

NAMES: Final = ("LAD", "RCA", "LCx")
STANDARD: Final = "standard"
CUSTOM: Final = "custom"

_INFERIOR: Final = (3, 4, 9, 10, 15)
_INFEROLATERAL: Final = (5, 11)

PRESETS: Final[Mapping[str, Mapping[int, str]]] = {
    STANDARD: dict(TERRITORY_OF_SEGMENT),
    "left": TERRITORY_OF_SEGMENT | dict.fromkeys(_INFERIOR, "LCx"),
    "right": TERRITORY_OF_SEGMENT | dict.fromkeys(_INFEROLATERAL, "RCA"),
}

WORDS: Final = {
    STANDARD: "Standard AHA territories",
    "left": "Left dominant: inferior segments to the LCx",
    "right": "Large right coronary: inferolateral segments to the RCA",
    CUSTOM: "Territories set segment by segment",
}


def checked(value: Any) -> dict[str, Any]:
    """Preset and, for ``custom``, the segments that differ from the standard. Raises Invalid."""
    preset = value.get("preset")
    if preset in PRESETS:
        return {"preset": preset, "segments": {}}
    if preset != CUSTOM:
        raise Invalid("There is no such preset of territories.", field="territories")
    given = {str(k): v for k, v in (value.get("segments") or {}).items()}
    known = {str(number) for number in SEGMENT_NAMES}
    if not set(given) <= known or not set(given.values()) <= set(NAMES):
        raise Invalid("A territory is LAD, RCA or LCx of a segment 1 to 16.", field="territories")
    standard = PRESETS[STANDARD]
    return {
        "preset": CUSTOM,
        "segments": {k: v for k, v in sorted(given.items()) if standard[int(k)] != v},
    }


def territories_of(content: Mapping[str, Any]) -> dict[int, str]:
    """Segment -> territory under a reading's content."""
    chosen = content.get("territories") or {"preset": STANDARD, "segments": {}}
    base = PRESETS.get(chosen["preset"], PRESETS[STANDARD])
    return {**base, **{int(number): name for number, name in chosen["segments"].items()}}


def words_of_territories(content: Mapping[str, Any]) -> str:
    """The choice in words, with the segments that differ."""
    chosen = content["territories"]
    moved = ", ".join(f"{number} {name}" for number, name in chosen["segments"].items())
    return WORDS[chosen["preset"]] + (f" ({moved})" if moved else "")
