"""The non-rigid step: a smooth polynomial displacement of every frame towards its twin.

Legendre polynomials up to a low degree over the window; beyond its rim the field continues
constant. Such a field cannot fold where its coefficients are moderate, and the right ventricle's
filling cannot tear the septum. Gauss-Newton steps, all frames at once, a ridge towards zero.
Pixels that fit badly count little: while the bolus arrives no twin is right, and a frame would
move far to hide it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import legendre

from analysis.domain import Bools, Doubles, Floats
from analysis.motion.config import MotionConfig
from analysis.motion.fields import patches
from analysis.motion.patch import HeartPatch
from analysis.motion.synthetic import synthetic_twins

RIM: Final = 1.25
"""Radius, in units of the window's, beyond which a field is constant along the ray."""
LONGEST_STEP_PX: Final = 2.0
NEIGHBOURS: Final = 2


def degrees(degree: int) -> list[int]:
    """Total degree of every mode, in order."""
    return [i + j for i in range(degree + 1) for j in range(degree + 1 - i)]


def modes_at(rows: Floats, columns: Floats, degree: int) -> Floats:
    """Modes (M, ...) at coordinates in units of the window's radius from its centre."""
    radius = np.hypot(rows, columns)
    inwards = np.where(radius > RIM, RIM / np.maximum(radius, 1e-6), 1)
    y, x = rows * inwards, columns * inwards
    along_y = [legendre.legval(y, [0] * i + [1]) for i in range(degree + 1)]
    along_x = [legendre.legval(x, [0] * j + [1]) for j in range(degree + 1)]
    return np.stack(
        [along_y[i] * along_x[j] for i in range(degree + 1) for j in range(degree + 1 - i)]
    ).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How frames lie on their twins.

    moved: (T, N, N) corrected patches. own: (T,) 1 - correlation with the frame's twin. near: the
    smallest with the twins of neighbouring beats too: smoothed modes cannot follow the bolus from
    one beat to the next, and a frame in which it arrives is not a bad one.
    """

    moved: Floats
    own: Floats
    near: Floats


class SmoothRegistration:
    """Registers the frames (T, h, w) of one series within one window."""

    def __init__(self, frames: Floats, heart: HeartPatch, config: MotionConfig) -> None:
        self._frames, self._heart, self._config = frames, heart, config
        rows, columns = np.indices((heart.size, heart.size), dtype=np.float32)
        rows, columns = rows - heart.centre[0], columns - heart.centre[1]
        self._modes = modes_at(rows / heart.radius, columns / heart.radius, config.degree)
        self._on: Bools = heart.weight.ravel() > 0
        self._weight = heart.weight.ravel()[self._on]
        self._modes_on = self._modes.reshape(len(self._modes), -1)[:, self._on]
        ridge = [config.ridge[d] for d in degrees(config.degree)]
        self._ridge = np.array(ridge + ridge)

    def run(self, shifts: Doubles) -> Doubles:
        """Coefficients (T, 2, M) in working pixels, from shifts (T, 2); [:, :, 0] translates."""
        count, modes = len(self._frames), len(self._modes)
        p = np.zeros((count, 2 * modes))
        p[:, 0], p[:, modes] = shifts[:, 0], shifts[:, 1]
        start = p.copy()
        shape = np.delete(np.arange(2 * modes), [0, modes])
        reach = np.full(2 * modes, np.inf)
        reach[[0, modes]] = self._config.polish_mm / self._heart.spacing_mm
        for leading in self._config.smooth_modes:
            moved, twins = self._compare(p, leading)
            normal, right, strength = self._equations(moved, twins)
            p = p + self._limited(self._solve(normal, right, strength, p))
            p = np.clip(p, start - reach, start + reach)
            # What all frames share is the choice of a frame of reference, not a movement.
            p[:, [0, modes]] -= np.median((p - start)[:, [0, modes]], axis=0)
            p[:, shape] -= np.median(p[:, shape], axis=0)
        return p.reshape(count, 2, modes)

    def judge(self, coefficients: Doubles) -> Fit:
        """How well frames moved by coefficients (T, 2, M) fit their twins within the window."""
        p = coefficients.reshape(len(coefficients), -1)
        moved, twins = self._compare(p, self._config.smooth_modes[-1])
        a = self._standardised(moved)
        b = self._standardised(twins)
        frame = np.arange(len(p))
        beats = range(-NEIGHBOURS, NEIGHBOURS + 1)
        near = [np.clip(frame + beat, 0, len(p) - 1) for beat in beats]
        mismatch = np.stack([1 - (a * b[other]).sum(axis=1) for other in near])
        return Fit(moved=moved, own=mismatch[NEIGHBOURS], near=mismatch.min(axis=0))

    def _standardised(self, series: Floats) -> Floats:
        """Window pixels (T, n) whose products sum to correlations."""
        share = self._weight / self._weight.sum()
        flat = series.reshape(len(series), -1)[:, self._on]
        flat = (flat - (flat @ share)[:, None]) * np.sqrt(share)
        length = np.sqrt((flat * flat).sum(axis=1, keepdims=True))
        return np.asarray(flat / np.maximum(length, 1e-9))

    def _compare(self, p: Doubles, leading: int) -> tuple[Floats, Floats]:
        """Moved patches and their twins, both (T, N, N)."""
        modes = len(self._modes)
        field = np.stack(
            [
                np.tensordot(p[:, :modes].astype(np.float32), self._modes, axes=1),
                np.tensordot(p[:, modes:].astype(np.float32), self._modes, axes=1),
            ],
            axis=1,
        )
        moved = patches(self._frames, self._heart.corner, self._heart.size, field)
        twins = synthetic_twins(
            moved.reshape(len(moved), -1),
            self._heart.weight.ravel(),
            modes=leading,
            smoothing=self._config.mode_smoothing_frames,
        )
        return moved, twins.reshape(moved.shape)

    def _equations(self, moved: Floats, twins: Floats) -> tuple[Doubles, Doubles, float]:
        """Normal matrices (T, 2M, 2M), right sides (T, 2M) and the mean strength of a mode."""
        both = 0.5 * (moved + twins)
        by_row = np.gradient(both, axis=1).reshape(len(moved), -1)[:, None, self._on]
        by_column = np.gradient(both, axis=2).reshape(len(moved), -1)[:, None, self._on]
        error = (twins - moved).reshape(len(moved), -1)[:, self._on]
        usual = 1.4826 * float(np.median(np.abs(error))) + 1e-9
        root = np.sqrt(self._weight / (1 + (error / (self._config.outlier * usual)) ** 2))
        design = np.concatenate([by_row * self._modes_on, by_column * self._modes_on], axis=1)
        design *= root[:, None]
        normal = np.asarray(design @ design.transpose(0, 2, 1), dtype=np.float64)
        right = np.asarray((design @ (root * error)[:, :, None])[:, :, 0], dtype=np.float64)
        strength = float(np.trace(normal, axis1=1, axis2=2).mean()) / normal.shape[1]
        return normal, right, max(strength, 1e-12)

    def _solve(self, normal: Doubles, right: Doubles, strength: float, p: Doubles) -> Doubles:
        """Damped Gauss-Newton step of every frame."""
        damped = normal + np.diag((self._ridge + 1e-4) * strength)
        towards_zero = right - p * self._ridge * strength
        return np.asarray(np.linalg.solve(damped, towards_zero[:, :, None])[:, :, 0])

    def _limited(self, step: Doubles) -> Doubles:
        modes = len(self._modes)
        rows = np.abs(step[:, :modes] @ self._modes_on).max(axis=1)
        columns = np.abs(step[:, modes:] @ self._modes_on).max(axis=1)
        longest = np.maximum(np.maximum(rows, columns), 1e-9)
        return np.asarray(step * np.minimum(1, LONGEST_STEP_PX / longest)[:, None])
