"""A small perfusion series drawn from formulas, so that every displacement is known exactly.

The scene is evaluated at moved coordinates, never interpolated: frame t shows at x + shift[t] what
the scene has at x, which is the convention of ``displacement_px``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.domain import Bools, Doubles, Floats

SIZE = 96
SPACING_MM = (2.0, 2.0)
CENTRE = (50.0, 52.0)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """signal: (T, H, W). shift: (T, 2) pixels. turn: (T,) radians. heart: (H, W) LV and wall."""

    signal: Floats
    shift: Doubles
    turn: Doubles
    heart: Bools

    def true_displacement(self) -> Floats:
        """(T, 2, H, W): where the tissue of the unmoved scene is seen in every frame."""
        rows, columns = np.indices((SIZE, SIZE)).astype(float)
        rows, columns = rows - CENTRE[0], columns - CENTRE[1]
        cosine = np.cos(self.turn)[:, None, None]
        sine = np.sin(self.turn)[:, None, None]
        d0 = cosine * rows - sine * columns - rows + self.shift[:, 0, None, None]
        d1 = sine * rows + cosine * columns - columns + self.shift[:, 1, None, None]
        return np.stack([d0, d1], axis=1).astype(np.float32)


def passage(count: int, arrival: float, width: float) -> Doubles:
    """A bolus that arrives, peaks at 1 and leaves a fifth behind."""
    t = np.maximum(np.arange(count) - arrival, 0) / width
    return np.asarray(t**2 * np.exp(2 * (1 - t)) + 0.2 * (1 - np.exp(-t)))


def draw(
    shift: Doubles,
    *,
    turn: Doubles | None = None,
    noise: float = 4.0,
    seed: int = 0,
    proton_density: int = 0,
) -> Scene:
    """A series whose frames are moved by shift (T, 2); the first ones may be PD weighted."""
    count = len(shift)
    turn = np.zeros(count) if turn is None else turn
    rng = np.random.default_rng(seed)
    beats = count - proton_density
    early = beats * 0.12
    blood_rv = np.r_[np.zeros(proton_density), passage(beats, early, 4.0)]
    blood_lv = np.r_[np.zeros(proton_density), passage(beats, early + 6, 5.0)]
    wall = np.r_[np.zeros(proton_density), 0.35 * passage(beats, early + 9, 12.0)]
    frames = [
        _frame(shift[t], turn[t], blood_rv[t], blood_lv[t], wall[t], pd=t < proton_density)
        for t in range(count)
    ]
    noisy = np.stack(frames) + rng.normal(0, noise, (count, SIZE, SIZE))
    rows, columns = np.indices((SIZE, SIZE)).astype(float)
    heart = np.hypot(rows - CENTRE[0], columns - CENTRE[1]) <= 16
    return Scene(signal=noisy.astype(np.float32), shift=shift, turn=turn, heart=heart)


def breathing(count: int, *, amplitude: float = 4.0) -> Doubles:
    """Shifts (T, 2) of an uneven breath, mostly up and down."""
    t = np.arange(count)
    breath = np.sin(2 * np.pi * t / 5.3) + 0.3 * np.sin(2 * np.pi * t / 13.1)
    return np.stack([amplitude * breath, 0.3 * amplitude * breath], axis=1)


def _frame(shift: Doubles, turn: float, rv: float, lv: float, wall: float, *, pd: bool) -> Doubles:
    rows, columns = np.indices((SIZE, SIZE)).astype(float)
    y, x = rows - CENTRE[0] - shift[0], columns - CENTRE[1] - shift[1]
    y, x = np.cos(turn) * y + np.sin(turn) * x, -np.sin(turn) * y + np.cos(turn) * x
    r = np.hypot(y, x * 1.05)
    image = 60 + 15 * np.sin(x / 7.0) * np.cos(y / 9.0)
    image = _over(image, 25.0, _inside(28 - np.hypot(y + 24, (x - 14) * 0.8)))
    image = _over(image, 180.0, _inside(y - 27 + 0.002 * x**2))
    cavity = {"rv": 40 + 500 * rv, "lv": 40 + 420 * lv, "wall": 45 + 300 * wall}
    if pd:
        cavity = {"rv": 420.0, "lv": 430.0, "wall": 360.0}
        image = image * 2.5
    image = _over(image, cavity["rv"], _inside(17 - np.hypot(y - 2, (x + 17) * 0.9)))
    image = _over(image, cavity["wall"], _inside(15.5 - r))
    image = _over(image, cavity["lv"], _inside(9.5 - r))
    papillary = 2.2 - np.hypot(y - 5, x - 3)
    return np.asarray(_over(image, cavity["wall"], _inside(papillary)))


def _inside(distance: Doubles) -> Doubles:
    """1 well inside, 0 well outside, with an edge as wide as a pixel."""
    return np.asarray(1 / (1 + np.exp(-np.clip(distance / 0.35, -30, 30))))


def _over(image: Doubles, value: float, share: Doubles) -> Doubles:
    return np.asarray(image * (1 - share) + value * share)
