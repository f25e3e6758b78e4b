"""The vocabulary of doubt: flags on results, reason codes of frames and of pixels.

A flag says in words what may be wrong with a number and whether it can change it. Reason codes are
small integers stored in arrays; 0 always means "used" or "ok".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

Severity = Literal["information", "check", "invalid"]
"""information: cannot change a number; check: may change a number, to be answered before signing;
invalid: the number must not be used."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One doubt about a result, in words a reader understands.

    code: stable kebab-case name, for machines (``aif-saturated``).
    message: one sentence for the reader.
    severity: what the doubt means for the numbers.
    segment: AHA segment it concerns, if it concerns one.
    """

    code: str
    message: str
    severity: Severity = "check"
    segment: int | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "message": self.message,
            "severity": self.severity,
            "segment": self.segment,
        }


NO_CAVITY: Final = Flag(
    code="no-cavity",
    message="No cavity is visible in this slice; it has no endocardial contour.",
)
"""What the network and the contours drawn after it both have to say: one sentence."""


class FrameStatus(IntEnum):
    """Why a frame of a slice was or was not used in the fit."""

    USED = 0
    PROTON_DENSITY = 1
    MOTION_NOT_CORRECTED = 2
    DUPLICATE_TIME = 3
    NOT_FINITE = 4
    CONSTANT = 5
    SATURATED = 6
    LEFT_OUT_BY_READER = 7
    OTHER_SIZE = 8


class PixelQuality(IntEnum):
    """Why a pixel of a flow map has or has not a value."""

    OK = 0
    OUTSIDE_MASK = 1
    NOT_FINITE = 2
    NO_ENHANCEMENT = 3
    NOT_CONVERGED = 4
    ON_BOUND = 5
    POOR_FIT = 6
    TOO_FEW_FRAMES = 7
    BLOOD = 8
    """In the wall beside a cavity, with the flow of blood and not of the wall behind it."""
    UNCERTAIN = 9
    """Fitted, but the curve is too noisy to say how much flow there is."""
