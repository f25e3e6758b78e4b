"""Displacement fields: applying them, their Jacobian.

A field d (2, H, W) says where each output pixel comes from: warped[r, c] is the image at
(r + d[0, r, c], c + d[1, r, c]), interpolated bilinearly, edges held. Displacements are always
from the original frames, so that every pixel is interpolated exactly once.
"""

from __future__ import annotations

import cv2
import numpy as np

from analysis.domain import Bools, Doubles, Floats
from analysis.motion.grid import pixel_grid


def warp(image: Floats, displacement_px: Floats) -> Floats:
    """One image (H, W) through its field (2, H, W); a field of zeros returns it as it is."""
    if not displacement_px.any():
        return image.copy()
    rows, columns = pixel_grid(image.shape[0], image.shape[1])
    moved = cv2.remap(
        image.astype(np.float32, copy=False),
        columns + displacement_px[1],
        rows + displacement_px[0],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, dtype=np.float32)


def warp_frames(signal: Floats, displacement_px: Floats) -> Floats:
    """All frames (T, H, W) through their fields (T, 2, H, W)."""
    return np.stack([warp(f, d) for f, d in zip(signal, displacement_px, strict=True)])


def patches(frames: Floats, corner: tuple[int, int], size: int, moved: Floats | Doubles) -> Floats:
    """Square patches (T, size, size) from corner, moved by (T, 2) or (T, 2, size, size) pixels."""
    rows, columns = pixel_grid(size, size)
    rows, columns = rows + np.float32(corner[0]), columns + np.float32(corner[1])
    return np.stack(
        [
            cv2.remap(
                frame,
                np.asarray(columns + d[1], dtype=np.float32),
                np.asarray(rows + d[0], dtype=np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for frame, d in zip(frames, moved, strict=True)
        ]
    )


def smallest_jacobian(displacement_px: Floats, inside: Bools) -> Floats:
    """Smallest determinant (T,) of the transform x -> x + d(x) inside the (H, W) mask."""
    rows, columns = np.nonzero(inside)
    if not rows.size:
        return np.ones(len(displacement_px), dtype=np.float32)
    r = slice(max(0, int(rows.min()) - 1), int(rows.max()) + 2)
    c = slice(max(0, int(columns.min()) - 1), int(columns.max()) + 2)
    down, across = displacement_px[:, 0, r, c], displacement_px[:, 1, r, c]
    stretch = (1 + _slope(down, 1)) * (1 + _slope(across, 2))
    determinant = stretch - _slope(down, 2) * _slope(across, 1)
    return np.asarray(determinant[:, inside[r, c]].min(axis=1), dtype=np.float32)


def _slope(field: Floats, axis: int) -> Floats:
    return np.asarray(np.gradient(field, axis=axis))
