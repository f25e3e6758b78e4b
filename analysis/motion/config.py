"""The settings of motion correction, in millimetres so that they hold for every matrix."""

from __future__ import annotations

from dataclasses import dataclass

TESTED_SPACING_MM = 2.286
"""Pixel spacing of the series on which penalties per pixel were measured."""


@dataclass(frozen=True, kw_only=True)
class MotionConfig:
    """How far to look, how smooth to be and when to believe a movement.

    window_radius_mm, window_edge_mm: half height and width of the soft disc around the LV.
    search_mm: largest shift that the rigid step looks for, in either direction of each axis.
    rigid_modes, smooth_modes: Karhunen-Loeve modes of each pass. They grow from one: a second mode
        too early lets the motion itself into the synthetic series.
    mode_smoothing_frames: the modes' courses are smoothed over time, motion is not smooth.
    edge_weight: weight of edges beside intensity in the rigid step. Frames without contrast agent
        look like nothing else in intensity; edges keep them in place.
    distance_cost_per_mm2: what a shift must gain in correlation to be believed.
    polish_mm: how far the smooth step may shift a frame from where the rigid step left it.
    outlier: residual, in robust standard deviations, from which a pixel counts less than half.
    degree: of the polynomial displacement field; 0 is translation only.
    ridge: resistance of each degree (0, 1, 2, ...) against leaving zero.
    noise_mm: standard error of an estimate at the rim of the window, per degree: what manual
        contours of real series leave between them and the estimates. Smaller movements are only
        believed where many frames share them.
    smallest_jacobian: fields are weakened until the determinant stays above this.
    pd_least_gain: what a shift of a proton-density frame must gain in the correlation of edges.
    fewest_frames: with fewer usable frames nothing is corrected.
    worst_residual, residual_outlier: a frame stays bad when its mismatch exceeds the first and
        lies more than this many robust standard deviations above its series.
    """

    window_radius_mm: float = 32.0
    window_edge_mm: float = 9.6
    search_mm: float = 27.0
    rigid_modes: tuple[int, ...] = (1,) * 6 + (2,) * 4 + (3,) * 4
    smooth_modes: tuple[int, ...] = (2,) * 3 + (3,) * 3 + (4,) * 3
    mode_smoothing_frames: float = 1.0
    edge_weight: float = 0.5
    distance_cost_per_mm2: float = 0.001 / TESTED_SPACING_MM**2
    polish_mm: float = 5.0
    outlier: float = 3.0
    degree: int = 2
    ridge: tuple[float, ...] = (0.0, 0.1, 0.2)
    noise_mm: tuple[float, ...] = (0.8, 0.4, 0.2)
    smallest_jacobian: float = 0.3
    pd_least_gain: float = 0.03
    fewest_frames: int = 6
    worst_residual: float = 0.2
    residual_outlier: float = 5.0


SLICE: MotionConfig = MotionConfig()
