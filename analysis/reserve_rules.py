"""Myocardial perfusion reserve (MPR): when a ratio of two flows means something, and how much.

The reserve of a segment is mean stress MBF over mean rest MBF, never the mean of pixel ratios. It
exists only where both were measured in the same way and at the same place. NumPy alone: the web
process asks these rules, too, and does without the numerics of the fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Doubles, SliceGeometry

SMALLEST_REST_MBF: Final = 0.2
LARGEST_TILT_DEG: Final = 10.0
LARGEST_DISTANCE_IN_THICKNESS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a flow was measured; a reserve needs two that are equal.

    conversion: look-up table or none. sequence: dual, single, gd or map.
    """

    model: str
    conversion: str
    agent: str
    sequence: str
    tissue_density_g_per_ml: float


@dataclass(frozen=True, kw_only=True)
class FlowValue:
    """Mean MBF of a segment or of the whole myocardium.

    mbf_ml_per_min_per_g: None where it was not measured. standard_error: all parts together.
    common_error: the part of it (AIF, conversion) that all segments of this acquisition share, in
    ml/min/g. flagged: something says that the number must not be used.
    """

    mbf_ml_per_min_per_g: float | None
    standard_error: float | None = None
    common_error: float | None = None
    flagged: bool = False


@dataclass(frozen=True, kw_only=True)
class Reserve:
    """A perfusion reserve with its standard error, or the reason why there is none.

    common_error: the part of the standard error that all segments of this exam share.
    """

    value: float | None
    standard_error: float | None = None
    common_error: float | None = None
    reason: str | None = None


def perfusion_reserve(
    stress: FlowValue,
    rest: FlowValue,
    *,
    mismatch: str | None = None,
) -> Reserve:
    """Stress over rest with its standard error in log space; empty with a reason otherwise.

    mismatch: what method_mismatch or plane_mismatch said. The relative errors of stress and rest
    are independent (two acquisitions, each with its own AIF), so their squares add.
    """
    reason = mismatch or _unusable(stress, "stress") or _unusable(rest, "rest", SMALLEST_REST_MBF)
    stress_mbf, rest_mbf = stress.mbf_ml_per_min_per_g, rest.mbf_ml_per_min_per_g
    if reason is not None or stress_mbf is None or rest_mbf is None:
        return Reserve(value=None, reason=reason)
    value = stress_mbf / rest_mbf
    return Reserve(
        value=value,
        standard_error=_ratio_error(
            value,
            (stress.standard_error, stress_mbf),
            (rest.standard_error, rest_mbf),
        ),
        common_error=_ratio_error(
            value,
            (stress.common_error, stress_mbf),
            (rest.common_error, rest_mbf),
        ),
    )


def method_mismatch(stress: Method, rest: Method) -> str | None:
    """Why two flows were not measured in the same way, or None."""
    for name in ("sequence", "model", "conversion", "agent", "tissue_density_g_per_ml"):
        first, second = getattr(stress, name), getattr(rest, name)
        if first != second:
            words = name.removesuffix("_g_per_ml").replace("_", " ")
            return f"stress and rest differ in {words} ({first} and {second})"
    return None


def plane_mismatch(stress: SliceGeometry, rest: SliceGeometry) -> str | None:
    """Why two slices do not show the same plane, or None.

    Same frame of reference, distance along the normal at most half a slice thickness, tilt at most
    10 degrees.
    """
    if stress.assumed or rest.assumed:
        return "the position of the slices is not known"
    if stress.frame_of_reference_uid != rest.frame_of_reference_uid:
        return "stress and rest have different frames of reference"
    normal, other = _normal(stress), _normal(rest)
    tilt_deg = float(np.degrees(np.arccos(np.clip(abs(normal @ other), 0, 1))))
    if tilt_deg > LARGEST_TILT_DEG:
        return f"the slice planes are tilted by {tilt_deg:.0f} degrees"
    between = np.subtract(rest.position_mm, stress.position_mm)
    distance_mm = float(abs(normal @ between))
    thickness_mm = min(stress.thickness_mm, rest.thickness_mm)
    if distance_mm > LARGEST_DISTANCE_IN_THICKNESS * thickness_mm:
        return f"the slice planes are {distance_mm:.0f} mm apart"
    return None


def _unusable(value: FlowValue, condition: str, smallest: float = 0.0) -> str | None:
    mbf = value.mbf_ml_per_min_per_g
    if mbf is None or not np.isfinite(mbf):
        return f"{condition} flow is missing"
    if value.flagged:
        return f"{condition} flow is flagged as not usable"
    if mbf < smallest:
        return f"{condition} flow is below {smallest:g} ml/min/g"
    return None


def _ratio_error(
    value: float, stress: tuple[float | None, float], rest: tuple[float | None, float]
) -> float | None:
    if stress[0] is None or rest[0] is None:
        return None
    return float(value * np.hypot(stress[0] / stress[1], rest[0] / rest[1]))


def _normal(geometry: SliceGeometry) -> Doubles:
    normal = np.cross(geometry.row_direction, geometry.column_direction).astype(np.float64)
    unit: Doubles = normal / np.linalg.norm(normal)
    return unit


def perfusion_reserve_index(stress_upslope: float, rest_upslope: float) -> float | None:
    """MPRI: relative upslope at stress over that at rest; None where either is not usable."""
    usable = np.isfinite(stress_upslope) and np.isfinite(rest_upslope) and rest_upslope > 0
    return float(stress_upslope / rest_upslope) if usable else None
