"""What can be asked of a simulated exam."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from analysis.constants import POSITIONS
from analysis.domain import Condition, Position
from analysis.phantom.drawing import READERS, LabelConvention
from analysis.phantom.perfusion import Defect
from analysis.phantom.population import HeartKind, Tier
from analysis.phantom.values import Breathing

BolusKind = Literal["normal", "missing", "late", "split"]
_POSITIONS_OF_COUNT: dict[int, tuple[Position, ...]] = {
    1: ("mid",),
    2: ("basal", "mid"),
    3: ("basal", "mid", "apical"),
}


@dataclass(frozen=True, kw_only=True)
class ExamOptions:
    """Choices about an exam; None leaves the choice to the seed.

    field_strength: 1.5 or 3.0 T. readout: of the myocardial images. agent: trade name.
    sequence: ``single`` has no proton-density frames and no arterial input images, and its blood
    signal saturates.
    conditions: in the order in which they are acquired; the later starts with what agent the
    earlier one left.
    slices or positions: how many, or which ones. beats: images per slice.
    defects: regions of low flow, ``()`` for none. snr: of the wall at its brightest.
    heart_kind: normal, hypertrophy, ... no_cavity. outflow: whether the basal slice cuts the
    outflow tract. bolus: what may go wrong with the injection.
    from_base: images seen from the base, left and right exchanged (headers say so).
    convention: where readers draw. style: whose headers are written.
    """

    field_strength: float | None = None
    sequence: Literal["dual", "single"] = "dual"
    conditions: tuple[Condition, ...] = ("stress", "rest")
    slices: int = 3
    positions: tuple[Position, ...] | None = None
    beats: int = 60
    readout: Literal["flash", "bssfp"] | None = None
    agent: str | None = None
    defects: tuple[Defect, ...] | None = None
    breathing: Breathing | None = None
    snr: float | None = None
    tier: Tier = "standard"
    heart_kind: HeartKind | None = None
    outflow: bool | None = None
    bolus: BolusKind = "normal"
    from_base: bool = False
    convention: LabelConvention = READERS
    style: str = "siemens"

    @property
    def planes(self) -> tuple[Position, ...]:
        """The slices to take, from base to apex."""
        chosen = self.positions or _POSITIONS_OF_COUNT[self.slices]
        return tuple(p for p in _POSITIONS_OF_COUNT[len(POSITIONS)] if p in chosen)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
