"""The working grid: square pixels of 1.5 to 3 mm, whatever the matrix of the images."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from analysis.domain import Doubles, Floats, Point

FINEST_MM, COARSEST_MM = 1.5, 3.0


@dataclass(frozen=True, kw_only=True)
class WorkingSeries:
    """A series made ready for registration.

    frames: (T, h, w), square pixels, scaled so that the 99th percentile is 1.
    scale: (2,) image pixels per working pixel, rows and columns.
    spacing_mm: edge of a working pixel.
    """

    frames: Floats
    scale: Doubles
    spacing_mm: float

    def from_image(self, point: Point) -> Point:
        """A point of the image in working pixels."""
        row, column = ((np.asarray(point) + 0.5) / self.scale - 0.5).tolist()
        return row, column

    def coordinates(self, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        """Working row (H, 1) and column (1, W) of every pixel of the image."""
        rows = (np.arange(shape[0]) + 0.5) / self.scale[0] - 0.5
        columns = (np.arange(shape[1]) + 0.5) / self.scale[1] - 0.5
        return rows[:, None].astype(np.float32), columns[None].astype(np.float32)


def working_series(signal: Floats, pixel_spacing_mm: tuple[float, float]) -> WorkingSeries:
    """Bring (T, H, W) finite frames to the working grid; native pixels are kept where possible."""
    spacing = np.asarray(pixel_spacing_mm, dtype=np.float64)
    wanted = float(np.clip(np.sqrt(spacing.prod()), FINEST_MM, COARSEST_MM))
    height, width = signal.shape[1:]
    h = max(8, round(height * spacing[0] / wanted))
    w = max(8, round(width * spacing[1] / wanted))
    frames = signal
    if (h, w) != (height, width):
        how = cv2.INTER_AREA if h * w < height * width else cv2.INTER_LINEAR
        frames = np.stack([cv2.resize(frame, (w, h), interpolation=how) for frame in signal])
    bright = float(np.percentile(frames[:: max(1, len(frames) // 30)], 99))
    return WorkingSeries(
        frames=(frames / (bright if bright > 0 else 1.0)).astype(np.float32),
        scale=np.array([height / h, width / w]),
        spacing_mm=wanted,
    )


def pixel_grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Row and column index (height, width) of every pixel."""
    rows, columns = np.indices((height, width), dtype=np.float32)
    return rows, columns
