"""The plane of a slice; where the header has none, a synthetic one that says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.constants import POSITIONS
from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.domain import SliceGeometry
from analysis.quality import Flag

DEFAULT_THICKNESS_MM: Final = 8.0
DEFAULT_FIELD_OF_VIEW_MM: Final = 360.0
SPACINGS_MM: Final = (0.1, 20.0)
"""Of pixels of any scanner. What is measured in millimetres takes pixels without end of smaller
ones, and finds no heart in larger ones."""
_SYNTHETIC_GAP_MM: Final = 16.0

# A usual short-axis plane, so that what needs patient directions has some; always flagged.
_USUAL_ROW: Final = (0.6954, 0.7186, 0.0)
_USUAL_COLUMN: Final = (-0.3657, 0.3539, -0.8609)


def geometry_of(
    facts: HeaderFacts, frames: Sequence[FrameFacts], position: str | None
) -> tuple[SliceGeometry, tuple[Flag, ...]]:
    """Geometry of one slice from the first of its frames that has it.

    Missing position or orientation gives a synthetic plane with ``assumed`` set; a missing pixel
    spacing is taken from a usual field of view. Each is a flag.
    """
    flags: list[Flag] = []
    given = next((f for f in frames if f.position_mm and f.orientation), None)
    spacing = next((f.spacing_mm for f in frames if f.spacing_mm), None)
    thickness = next((f.thickness_mm for f in frames if f.thickness_mm), None)
    if spacing is None or not SPACINGS_MM[0] <= min(spacing) <= max(spacing) <= SPACINGS_MM[1]:
        found = "is missing" if spacing is None else f"of {min(spacing):g} mm is not possible"
        side = DEFAULT_FIELD_OF_VIEW_MM / max(facts.rows, facts.columns)
        spacing = (side, side)
        flags.append(
            Flag(
                code="spacing-assumed",
                message=f"The pixel spacing {found}; {side:.2f} mm was assumed.",
            )
        )
    if given is None:
        flags.append(
            Flag(
                code="orientation-assumed",
                message="The plane of the slice is missing in the header; a usual short-axis "
                "orientation was assumed and has to be confirmed.",
            )
        )
    rank = POSITIONS.index(position) if position in POSITIONS else 1
    place = given.position_mm if given else None
    turn = given.orientation if given else None
    return (
        SliceGeometry(
            position_mm=place or (0.0, 0.0, -rank * _SYNTHETIC_GAP_MM),
            row_direction=(turn[0], turn[1], turn[2]) if turn else _USUAL_ROW,
            column_direction=(turn[3], turn[4], turn[5]) if turn else _USUAL_COLUMN,
            pixel_spacing_mm=spacing,
            thickness_mm=thickness or DEFAULT_THICKNESS_MM,
            frame_of_reference_uid=facts.frame_of_reference_uid,
            assumed=given is None,
        ),
        tuple(flags),
    )
