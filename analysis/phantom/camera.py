"""What the scanner adds to an ideal image: coil shading, resolution, ghosts, noise, gain."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def coil_shading(rng: np.random.Generator, x: Floats, y: Floats, *, strength: float) -> Floats:
    """Sensitivity of a few surface coils on the chest, mean 1 over the points (x, y in mm)."""
    total = np.full_like(x, 0.35)
    for _ in range(int(rng.integers(1, 4))):
        angle, distance = rng.uniform(0.3 * np.pi, 1.3 * np.pi), rng.uniform(80.0, 150.0)
        reach = rng.uniform(50.0, 140.0)
        square = (x - distance * np.cos(angle)) ** 2 + (y - distance * np.sin(angle)) ** 2
        total += np.float32(rng.uniform(0.5, 2.0)) / (1.0 + square / np.float32(reach**2))
    total = total ** np.float32(strength)
    return np.asarray(total / total.mean(), dtype=np.float32)


def blur(frames: Floats, sigma_px: tuple[float, float]) -> Floats:
    """Gaussian resolution loss (rows, columns) of every frame, in place."""
    if max(sigma_px) < 0.2:
        return frames
    sigma_y, sigma_x = (max(s, 0.05) for s in sigma_px)
    for frame in frames:
        cv2.GaussianBlur(frame, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, dst=frame)
    return frames


def truncate_kspace(frames: Floats, keep: tuple[float, float], *, roll_off: float = 0.0) -> Floats:
    """Keep the central part of k-space (rows, columns): blur with ringing, hence dark rims.

    roll_off: outer share of what is kept that fades out as a cosine, as scanners filter their raw
    data; 0 rings most.
    """
    height, width = frames.shape[-2:]
    spectrum = np.fft.rfft2(frames)
    rows = _band(np.abs(np.fft.fftfreq(height)) * 2.0, keep[0], roll_off)
    columns = _band(np.fft.rfftfreq(width) * 2.0, keep[1], roll_off)
    spectrum *= rows[:, None] * columns[None, :]
    return np.fft.irfft2(spectrum, s=(height, width)).astype(np.float32)


def _band(frequency: NDArray[Any], keep: float, roll_off: float) -> Floats:
    """Window over frequencies 0-1: 1 inside, a cosine edge, 0 beyond ``keep``."""
    start = keep * (1.0 - roll_off)
    edge = np.clip((frequency - start) / max(keep - start, 1e-6), 0.0, 1.0)
    window = np.where(frequency <= keep, 0.5 * (1.0 + np.cos(np.pi * edge)), 0.0)
    if roll_off == 0.0:
        window = (frequency <= keep).astype(np.float64)
    return np.asarray(window, dtype=np.float32)


def ghosts(
    rng: np.random.Generator, frames: Floats, *, level: float, axis: int, factor: int
) -> Floats:
    """Leftovers of undersampling: faint shifted copies that vary from frame to frame."""
    size = frames.shape[axis]
    out = frames.copy()
    for copy in range(1, factor):
        strength = level * rng.uniform(0.2, 1.0, (frames.shape[0], 1, 1)).astype(np.float32)
        out += strength * np.roll(frames, copy * size // factor, axis=axis)
    return out


def noise_amplification(x: Floats, y: Floats, rng: np.random.Generator, *, peak: float) -> Floats:
    """Noise of a parallel acquisition is larger in the middle of the field of view (g-factor)."""
    cx, cy = rng.uniform(-20.0, 60.0), rng.uniform(-40.0, 20.0)
    width = rng.uniform(40.0, 90.0)
    square = ((x - cx) ** 2 + (y - cy) ** 2) / np.float32(width**2)
    return np.asarray(1.0 + (peak - 1.0) * np.exp(-square), dtype=np.float32)


def add_noise(
    rng: np.random.Generator, frames: Floats, sigma: float | Floats, *, rician: bool = True
) -> Floats:
    """Noise of standard deviation ``sigma`` in each channel; magnitude images are Rician."""
    real = rng.standard_normal(frames.shape, dtype=np.float32)
    real *= sigma
    real += frames
    if not rician:
        return real
    imaginary = rng.standard_normal(frames.shape, dtype=np.float32)
    imaginary *= sigma
    return np.hypot(real, imaginary, out=real)
