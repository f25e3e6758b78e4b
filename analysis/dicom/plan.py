"""What a study was taken for: the outcome of classification, with its evidence in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from analysis.dicom.vendors import Role
from analysis.domain import Condition, Position, SequenceClass
from analysis.errors import BadInput
from analysis.quality import Flag


@dataclass(frozen=True, kw_only=True)
class SeriesOverride:
    """What a person set by hand for one series. None: as the rules decide.

    positions: for a series of several slices, their positions from base to apex as found; "" leaves
        a slice out.
    """

    condition: Condition | None = None
    role: Role | None = None
    position: Position | None = None
    positions: tuple[str, ...] | None = None
    excluded: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> SeriesOverride:
        """Raises BadInput on a value that is not one of the field's, whatever it is."""
        if not isinstance(value or {}, Mapping):
            raise BadInput("A correction names fields of a series and their values.")
        value = dict(value or {})
        # Tuples: what a stranger sends need not be hashable.
        allowed: dict[str, tuple[Any, ...]] = {
            "condition": (None, "stress", "rest", "unknown"),
            "role": (None, "aif", "pd", "sr", "gd", "aif_gd", "map", "other"),
            "position": (None, "basal", "mid", "apical"),
            "excluded": (False, True),
        }
        for name, choices in allowed.items():
            if name in value and value[name] not in choices:
                raise BadInput(f"{value[name]!r} is not a {name} of a series.")
        positions = value.get("positions")
        if positions is not None:
            known_positions = ("", "basal", "mid", "apical")
            if not isinstance(positions, (list, tuple)) or any(
                one not in known_positions for one in positions
            ):
                raise BadInput("Positions are basal, mid, apical or empty.")
            positions = tuple(positions)
        known = {name: value[name] for name in allowed if name in value}
        if "excluded" in known:
            known["excluded"] = bool(known["excluded"])  # 1.0 equals True
        return cls(**known, positions=positions)

    def to_json(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if v is not None and v is not False}


@dataclass(frozen=True, kw_only=True)
class FrameRef:
    """One frame of one object in a plan.

    time_s: seconds on the acquisition's clock.
    status: FrameStatus known from the header (duplicate, other size), 0 otherwise.
    """

    sop_instance_uid: str
    frame: int
    time_s: float
    role: Role
    echo: int = 0
    status: int = 0


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """The frames at one place, in time order: one slice, or the AIF images of one echo pair."""

    role: Role
    position: Position | None
    series_instance_uid: str
    series_instance_uids: tuple[str, ...]
    frames: tuple[FrameRef, ...]
    clock: str
    scale: float = 1.0
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AcquisitionPlan:
    """One injection: its slices, its arterial input images, its condition."""

    condition: Condition
    sequence: SequenceClass
    slices: tuple[StackPlan, ...]
    aif: StackPlan | None
    started_at: str
    heart_rate_bpm: float | None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeriesClassification:
    """One series for a person to check.

    kind: perfusion, aif, pd, gd, map, other.
    used: whether some of its frames enter the analysis; ``reason`` says why not.
    evidence: sentences, strongest first.
    confidence: 0 to 1, a rough grade for sorting, no probability.
    """

    series_instance_uid: str
    kind: str
    used: bool
    condition: Condition = "unknown"
    positions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    sequence: str = ""
    frames: int = 0
    time_points: int = 0
    clock: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()
    confidence: float = 0.0
    corrected: bool = False
    flags: tuple[Flag, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"flags": [flag.to_json() for flag in self.flags]}


@dataclass(frozen=True, kw_only=True)
class StudyClassification:
    """Everything that was decided about one study from its headers alone."""

    study_instance_uid: str
    acquisitions: tuple[AcquisitionPlan, ...]
    series: tuple[SeriesClassification, ...]
    flags: tuple[Flag, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(sorted({a.condition for a in self.acquisitions}))

    @property
    def sequence(self) -> SequenceClass | None:
        """The sequence class of the acquisitions, dual before gd, single and map."""
        found = {a.sequence for a in self.acquisitions}
        order: tuple[SequenceClass, ...] = ("dual", "gd", "single", "map")
        return next((s for s in order if s in found), None)

    def to_json(self) -> dict[str, Any]:
        """Summary for storage and people; the frame lists are left out, they can be made again."""
        return {
            "study_instance_uid": self.study_instance_uid,
            "series": [series.to_json() for series in self.series],
            "acquisitions": [_summary(a) for a in self.acquisitions],
            "flags": [flag.to_json() for flag in self.flags],
        }


def _summary(plan: AcquisitionPlan) -> dict[str, Any]:
    return {
        "condition": plan.condition,
        "sequence": plan.sequence,
        "started_at": plan.started_at,
        "heart_rate_bpm": plan.heart_rate_bpm,
        "positions": [s.position for s in plan.slices],
        "frames": [len(s.frames) for s in plan.slices],
        "has_aif": plan.aif is not None,
        "flags": [flag.to_json() for flag in plan.flags],
    }


def with_flags(plan: AcquisitionPlan, *flags: Flag) -> AcquisitionPlan:
    return replace(plan, flags=(*plan.flags, *flags))
